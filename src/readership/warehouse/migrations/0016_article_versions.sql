-- Since when each version of an article is true.
-- grain: none
ALTER TABLE articles
    ADD COLUMN valid_from DateTime64(3, 'UTC') DEFAULT published_at
