-- Events before the limit that stay, as their visit goes on across it.
-- grain: event_id
CREATE TABLE {staging:Identifier}.spared (event_id UUID) ENGINE = Memory
