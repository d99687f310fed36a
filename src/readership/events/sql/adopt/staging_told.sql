-- Of the batch's doings those that are stored already.
-- grain: event_id
CREATE TABLE {staging:Identifier}.told
(
    event_id UUID
)
ENGINE = Memory
