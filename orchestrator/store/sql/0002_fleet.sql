-- What a service for a fleet remembers: settings by version, whose boot holds a trial, what was
-- put aside, and what clients were answered.
-- Times are seconds since 1970 (UTC).

-- What can change while trials run stands together, as `settings`.
UPDATE study SET spec = json_remove(
    json_set(spec, '$.settings', json_object(
        'pruner', coalesce(json_extract(spec, '$.pruner'), json('{}')),
        'limits', coalesce(json_extract(spec, '$.limits'), json('{}')))),
    '$.pruner', '$.limits')
WHERE json_type(spec, '$.settings') IS NULL;

ALTER TABLE study ADD COLUMN closed REAL;      -- since when it starts no more trials
ALTER TABLE study ADD COLUMN closed_because TEXT NOT NULL DEFAULT '';

ALTER TABLE trial ADD COLUMN boot TEXT NOT NULL DEFAULT '';        -- of the runner that has it
ALTER TABLE trial ADD COLUMN avoid TEXT;                           -- the runner that it crashed on
ALTER TABLE trial ADD COLUMN deaths TEXT NOT NULL DEFAULT '[]';    -- JSON: boots that died with it

ALTER TABLE meta ADD COLUMN last_trial INTEGER NOT NULL DEFAULT 0; -- highest id that was deleted

CREATE TABLE study_settings (
    study    INTEGER NOT NULL REFERENCES study (id) ON DELETE CASCADE,
    version  INTEGER NOT NULL,          -- from 1; the highest is in force
    settings TEXT NOT NULL,             -- JSON
    author   TEXT NOT NULL,             -- the client; empty for this machine's own user
    at       REAL NOT NULL,
    because  TEXT NOT NULL,
    PRIMARY KEY (study, version)
) WITHOUT ROWID;

INSERT INTO study_settings
SELECT id, 1, json_extract(spec, '$.settings'), '', created, '' FROM study;

-- Messages that were not understood or not believed; a ring, see `bound_quarantine`.
CREATE TABLE quarantine (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     REAL NOT NULL,
    source TEXT NOT NULL,
    why    TEXT NOT NULL,
    raw    BLOB NOT NULL                -- its first 4 KiB
);

-- Ends of attempts that had lost their trial, for people to look at; never counted. A ring.
CREATE TABLE stale (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      REAL NOT NULL,
    trial   INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    runner  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    metrics TEXT NOT NULL,              -- JSON
    reason  TEXT NOT NULL,
    UNIQUE (trial, attempt)
);

-- What changed something, and the answer to it, so that a repeated request changes nothing. A ring.
CREATE TABLE answered (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      REAL NOT NULL,
    client  TEXT NOT NULL,
    request TEXT NOT NULL,
    answer  BLOB NOT NULL,
    UNIQUE (client, request)
);

-- What people want of runners.
CREATE TABLE steered (
    runner TEXT PRIMARY KEY,
    steer  TEXT NOT NULL
) WITHOUT ROWID;
