-- The publisher's own database.
-- grain: none
CREATE DATABASE publisher
