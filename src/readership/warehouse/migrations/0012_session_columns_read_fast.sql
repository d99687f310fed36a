-- Columns that features read at every cut-off are stored for fast reading (LZ4), not for size: an engine that packs
-- large parts with ZSTD reads them at a third of the speed. Parts written before keep theirs until they are merged.
-- grain: none
ALTER TABLE session_versions
    MODIFY COLUMN row_id CODEC(LZ4),
    MODIFY COLUMN known_at CODEC(LZ4),
    MODIFY COLUMN loaded_at CODEC(LZ4),
    MODIFY COLUMN user_id CODEC(LZ4),
    MODIFY COLUMN utc_offset_minutes CODEC(LZ4),
    MODIFY COLUMN local_day CODEC(LZ4),
    MODIFY COLUMN session_start CODEC(LZ4),
    MODIFY COLUMN session_end CODEC(LZ4),
    MODIFY COLUMN total_events CODEC(LZ4),
    MODIFY COLUMN article_views CODEC(LZ4),
    MODIFY COLUMN article_clicks CODEC(LZ4),
    MODIFY COLUMN article_completes CODEC(LZ4),
    MODIFY COLUMN engaged_ms CODEC(LZ4),
    MODIFY COLUMN engaged_events CODEC(LZ4)
