-- name: insert_profile
INSERT INTO profile (name, version, objective, space, document, author, at)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: insert_profile_step
INSERT INTO profile_step (name, version, kind, text, author, at) VALUES (?, ?, ?, ?, ?, ?)

-- name: rename_profile
UPDATE profile SET name = ? WHERE name = ?

-- name: rename_profile_steps
UPDATE profile_step SET name = ? WHERE name = ?

-- name: profiles
SELECT name, version, space, document, author, at FROM profile p
WHERE version = (SELECT max(version) FROM profile WHERE name = p.name)
  AND NOT EXISTS (SELECT 1 FROM profile_step s
                  WHERE s.name = p.name AND s.version = p.version AND s.kind = 'deleted')
ORDER BY name

-- name: versions_of_profile
SELECT name, version, space, document, author, at FROM profile WHERE name = ? ORDER BY version

-- name: steps_of_profile
SELECT at, author, kind, version, text FROM profile_step WHERE name = ? ORDER BY id

-- name: has_profiles
SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'profile'

-- name: insert_queued
INSERT INTO queued_trial (id, study, config, text, author, at) VALUES (?, ?, ?, ?, ?, ?)

-- name: delete_queued
DELETE FROM queued_trial WHERE id = ?

-- name: queued_trials
SELECT id, config, text FROM queued_trial WHERE study = ? ORDER BY id

-- name: next_queued_id
SELECT coalesce(max(id), 0) + 1 FROM queued_trial
