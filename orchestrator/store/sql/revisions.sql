-- name: put_revision
INSERT OR REPLACE INTO revision (trial, number, base, config, changes, author, at, because, state,
                                 pending, attempt, step, applied, reason, dropped, begun)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_revised
INSERT INTO revised (trial, attempt, seq, number, step, seconds, applied, unbound, refused)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: revisions_of_study
SELECT r.trial, r.number, r.base, r.config, r.changes, r.author, r.at, r.because, r.state,
       r.pending, r.attempt, r.step, r.applied, r.reason, r.dropped, r.begun
FROM revision r JOIN trial t ON t.id = r.trial WHERE t.study = ? ORDER BY r.trial, r.number

-- name: revisions_of_trial
SELECT trial, number, base, config, changes, author, at, because, state, pending, attempt, step,
       applied, reason, dropped, begun
FROM revision WHERE trial = ? AND number >= ? ORDER BY number LIMIT ?

-- name: has_revisions
SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'revision'
