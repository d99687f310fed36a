-- Whether any reader's consent is known.
-- grain: one row
SELECT count() FROM readers WHERE isNotNull(consent)
