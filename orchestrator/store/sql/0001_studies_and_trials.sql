-- Studies, their trials and attempts, everything that was reported, and a log of events.
-- Times are seconds since 1970 (UTC); durations are seconds.

CREATE TABLE meta (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    term    INTEGER NOT NULL,           -- generation of the orchestrator, +1 at each start
    created REAL NOT NULL
);

CREATE TABLE study (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    spec    TEXT NOT NULL,              -- JSON: objective, space, sampler, pruner, limits
    created REAL NOT NULL
);

CREATE TABLE trial (
    id           INTEGER PRIMARY KEY,
    study        INTEGER NOT NULL REFERENCES study (id) ON DELETE CASCADE,
    number       INTEGER NOT NULL,
    state        TEXT NOT NULL,
    sampled      TEXT NOT NULL,         -- JSON: what the sampler chose, by dotted path
    config       TEXT NOT NULL,         -- JSON: the complete configuration, by dotted path
    attempt      INTEGER NOT NULL,      -- fencing token: +1 whenever a lease is granted
    runner       TEXT,                  -- who holds the lease
    desired      INTEGER NOT NULL,      -- 0 run, 1 prune, 2 stop
    applied      INTEGER NOT NULL,      -- last record of this attempt that is stored
    crashes      INTEGER NOT NULL,
    losses       INTEGER NOT NULL,
    value        REAL,                  -- the metric that the study is sorted by
    metrics      TEXT,                  -- JSON: the final metrics by name
    failure      TEXT,                  -- kind of failure
    reason       TEXT NOT NULL,         -- why it was pruned, failed or cancelled
    reports      INTEGER NOT NULL,      -- how many reports the counted attempt made
    last_step    INTEGER,
    created      REAL NOT NULL,
    started      REAL,
    ended        REAL,
    seconds      REAL NOT NULL,         -- time that the counted attempt took
    UNIQUE (study, number)
);

CREATE TABLE attempt (
    trial     INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    runner    TEXT NOT NULL,
    slot      TEXT,
    device    TEXT,
    granted   REAL NOT NULL,
    started   REAL,
    ended     REAL,
    outcome   TEXT,
    failure   TEXT,
    reason    TEXT,
    traceback TEXT,
    output    TEXT,                     -- the end of what it printed
    seconds   REAL,
    PRIMARY KEY (trial, number)
) WITHOUT ROWID;

CREATE TABLE report (
    trial   INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    reports BLOB NOT NULL,              -- msgpack: [[step, seconds since start, {metric: value}], ...]
    PRIMARY KEY (trial, attempt, seq)
) WITHOUT ROWID;

CREATE TABLE event (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    at    REAL NOT NULL,
    study INTEGER REFERENCES study (id) ON DELETE CASCADE,
    trial INTEGER,                      -- number of the trial in its study
    kind  TEXT NOT NULL,
    text  TEXT NOT NULL
);
