-- What detectors scored on validation, in parts, as they came.

CREATE TABLE score (
    trial   INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    part    INTEGER NOT NULL,           -- from 1; a first part begins anew
    parts   INTEGER NOT NULL,
    data    BLOB NOT NULL,              -- of the msgpack of schema.scores.Scores
    PRIMARY KEY (trial, attempt, seq)
);
