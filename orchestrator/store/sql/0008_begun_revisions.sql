-- Which variables of a revision took effect later than the rest of it.

ALTER TABLE revision ADD COLUMN begun TEXT NOT NULL DEFAULT 'null';  -- JSON: paths, attempt, at
