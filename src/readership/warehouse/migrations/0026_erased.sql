-- Whose erasure was carried out in this warehouse, by their marks. A backup that is restored lacks the newest: what is
-- marked as erased and does not stand here is erased again.
-- grain: mark
CREATE TABLE erased
(
    mark String COMMENT 'keyed hash of the reader; see docs/privacy.md',
    applied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY mark
