-- Profiles by version, what happened to their names, and configurations that wait for their trial.
-- Times are seconds since 1970 (UTC).

-- Rows are only ever inserted; renaming changes their name. The highest version is the profile.
CREATE TABLE profile (
    name      TEXT NOT NULL,
    version   INTEGER NOT NULL,         -- from 1, also after a deletion
    objective TEXT NOT NULL,
    space     TEXT NOT NULL,            -- JSON: the space that the values are complete in
    document  BLOB NOT NULL,            -- msgpack: values and provenance
    author    TEXT NOT NULL,            -- the client that saved it
    at        REAL NOT NULL,
    PRIMARY KEY (name, version)
);

CREATE TABLE profile_step (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,           -- the last one by then; deleted until there is a higher one
    kind    TEXT NOT NULL,              -- renamed or deleted
    text    TEXT NOT NULL,
    author  TEXT NOT NULL,
    at      REAL NOT NULL
);

CREATE INDEX profile_step_by_name ON profile_step (name);

CREATE TABLE queued_trial (
    id      INTEGER PRIMARY KEY,        -- in the order in which they become trials
    study   INTEGER NOT NULL REFERENCES study (id) ON DELETE CASCADE,
    config  TEXT NOT NULL,              -- JSON: the complete configuration
    text    TEXT NOT NULL,              -- what it is and why
    author  TEXT NOT NULL,
    at      REAL NOT NULL
);
