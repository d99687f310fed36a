-- Which article a row is a version of, and what it says, as numbers: the same file twice adds nothing.
-- grain: none
ALTER TABLE articles
    ADD COLUMN version_of UInt64 MATERIALIZED sipHash64(article_id),
    ADD COLUMN content UInt64 MATERIALIZED sipHash64(
        brand, category, author, title, body, topics, article_type, paywalled, published_at,
        ifNull(toString(withdrawn_at), ''), valid_from)
