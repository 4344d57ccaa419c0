-- Edits of running trials: every configuration by number, and what trainings said of them.
-- Times are seconds since 1970 (UTC).

ALTER TABLE trial ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;   -- the last that took effect
ALTER TABLE trial ADD COLUMN restarting INTEGER NOT NULL DEFAULT 0; -- its attempt ends for the next

CREATE TABLE revision (
    trial   INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,           -- from 1 without a gap; 0 is what the trial began with
    base    INTEGER NOT NULL,
    config  TEXT NOT NULL,              -- JSON: the complete configuration
    changes TEXT NOT NULL,              -- JSON: [{path, old, new}], against the base
    author  TEXT NOT NULL,              -- the client
    at      REAL NOT NULL,
    because TEXT NOT NULL,
    state   TEXT NOT NULL,              -- sent, applied, refused, pending restart
    pending TEXT NOT NULL,              -- JSON: variables that wait for the next attempt
    attempt INTEGER NOT NULL,
    step    INTEGER,
    applied REAL,
    reason  TEXT NOT NULL,
    PRIMARY KEY (trial, number)
) WITHOUT ROWID;

-- The records of attempts about revisions, as they came.
CREATE TABLE revised (
    trial   INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    step    INTEGER,
    seconds REAL NOT NULL,              -- since the attempt started
    applied TEXT NOT NULL,              -- JSON: variables that changed
    unbound TEXT NOT NULL,              -- JSON: those of them that are bound to nothing
    refused TEXT NOT NULL,
    PRIMARY KEY (trial, attempt, seq)
) WITHOUT ROWID;
