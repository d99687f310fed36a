-- When the first event of each article happened, as a text that every mapping reads.
-- grain: key
INSERT INTO {staging:Identifier}.seen
SELECT article_id, concat(replaceOne(toString(min(timestamp)), ' ', 'T'), 'Z')
FROM events
WHERE article_id != ''
GROUP BY article_id
