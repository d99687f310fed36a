-- The simulator's hidden state lies apart from what a publisher sees; no feature and no label reads it.
CREATE DATABASE IF NOT EXISTS {truth:Identifier}
