-- Forget the hidden state of a simulated world.
DROP DATABASE {truth:Identifier} SYNC
