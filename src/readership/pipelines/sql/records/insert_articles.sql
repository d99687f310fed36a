-- Into the load's versions, the columns of rows_articles.sql in their order.
-- grain: n, part
INSERT INTO {staging:Identifier}.rows
    (n, part, stated, named, external_id, article_id, brand, category, author, title, body, topics, article_type, paywalled, published_at, withdrawn_at, valid_from, received_at)
