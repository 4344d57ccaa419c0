-- What people make of results: hidden, corrected, noted, labelled; forks and who learns from them.

ALTER TABLE trial ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;  -- it counts in nothing
ALTER TABLE trial ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE trial ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';    -- JSON
ALTER TABLE trial ADD COLUMN measured TEXT;                      -- JSON: metrics before a correction
ALTER TABLE trial ADD COLUMN fork TEXT;                          -- JSON: edited while it ran
ALTER TABLE trial ADD COLUMN learn INTEGER NOT NULL DEFAULT 0;   -- a fork that counts as a result

ALTER TABLE revision ADD COLUMN dropped TEXT NOT NULL DEFAULT '[]';  -- JSON: could not take effect

-- The trials of searches that were edited before this was kept.
UPDATE trial SET fork = json_object(
    'parent', number,
    'step', (SELECT step FROM revision WHERE trial = trial.id AND state = 'applied'
             ORDER BY number LIMIT 1),
    'patch', (SELECT json_group_array(json(c.value)) FROM revision r, json_each(r.changes) c
              WHERE r.trial = trial.id AND r.state = 'applied'))
WHERE revision > 0
  AND (SELECT coalesce(json_extract(spec, '$.kind'), 'search') FROM study WHERE id = trial.study)
      = 'search';
