-- Where each version comes from; `part` is 1 before and 2 after a row's end was known, 0 where it is one version.
-- grain: n, part
ALTER TABLE {staging:Identifier}.rows
    ADD COLUMN n UInt64,
    ADD COLUMN part UInt8,
    ADD COLUMN stated UInt8 COMMENT '1: the source says since when this version is true or known',
    ADD COLUMN named String COMMENT 'the key in words',
    ADD COLUMN external_id String
