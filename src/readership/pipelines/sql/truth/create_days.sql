-- How big each day's news was.
-- grain: day
CREATE TABLE IF NOT EXISTS {truth:Identifier}.days
(
    day Date,
    news_level Float64 COMMENT 'multiplies everybody''s rate'
)
ENGINE = MergeTree
ORDER BY day
