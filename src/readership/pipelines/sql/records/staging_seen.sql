-- When the first event of an article happened, where the mapping asks for it; empty else.
-- grain: key
CREATE TABLE {staging:Identifier}.seen
(
    key String,
    at String
)
ENGINE = Memory
