-- What objectives want kept with their trials.

CREATE TABLE attributes (
    trial    INTEGER PRIMARY KEY REFERENCES trial (id) ON DELETE CASCADE,
    document TEXT NOT NULL              -- JSON: values by name
);
