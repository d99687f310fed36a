-- How long article views were read, in steps of doubling seconds.
-- grain: at_least_seconds
-- Readers who do not agree to analytics are left out.
SELECT if(engaged_ms < 1000, 0, toUInt32(pow(2, floor(log2(engaged_ms / 1000))))) AS at_least_seconds, count() AS events
FROM events
WHERE received_at <= {as_of:DateTime64(3,'UTC')}
  AND engaged_ms IS NOT NULL
  AND event_type IN ('article_view', 'article_complete', 'scroll', 'video_play', 'video_complete')
  AND user_id NOT IN (
      SELECT user_id FROM session_versions
      WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
      GROUP BY user_id
      HAVING bitAnd(coalesce(
          argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)
GROUP BY at_least_seconds
ORDER BY at_least_seconds
