-- name: take_term
UPDATE meta SET term = term + 1 WHERE id = 1 RETURNING term

-- name: hold_term
UPDATE meta SET term = term WHERE id = 1 AND term = ?

-- name: insert_meta
INSERT INTO meta (id, term, created) VALUES (1, 0, ?)

-- name: insert_study
INSERT INTO study (id, name, spec, created) VALUES (?, ?, ?, ?)

-- name: close_study
UPDATE study SET closed_because = ?, closed = ? WHERE id = ?

-- name: delete_study
DELETE FROM study WHERE id = ?

-- name: remember_last_trial
UPDATE meta SET last_trial = max(last_trial, (SELECT coalesce(max(id), 0) FROM trial))

-- name: next_study_id
SELECT coalesce(max(id), 0) + 1 FROM study

-- name: insert_settings
INSERT INTO study_settings (study, version, settings, author, at, because)
VALUES (?, ?, ?, ?, ?, ?)

-- name: settings_of_study
SELECT version, settings, author, at, because FROM study_settings
WHERE study = ? AND version >= ? ORDER BY version LIMIT ?

-- name: insert_quarantine
INSERT INTO quarantine (at, source, why, raw) VALUES (?, ?, ?, ?)

-- name: bound_quarantine
DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - 1000

-- name: insert_stale
INSERT OR IGNORE INTO stale (at, trial, attempt, runner, outcome, metrics, reason)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: bound_stale
DELETE FROM stale WHERE id <= (SELECT max(id) FROM stale) - 1000

-- name: insert_answered
INSERT INTO answered (at, client, request, answer) VALUES (?, ?, ?, ?)

-- name: bound_answered
DELETE FROM answered WHERE id <= (SELECT max(id) FROM answered) - 1000

-- name: answer_to
SELECT answer FROM answered WHERE client = ? AND request = ?

-- name: steer
INSERT INTO steered (runner, steer) VALUES (?, ?)
ON CONFLICT (runner) DO UPDATE SET steer = excluded.steer

-- name: steered
SELECT runner, steer FROM steered

-- name: update_study
UPDATE study SET spec = ? WHERE id = ?

-- name: insert_trial
INSERT INTO trial (study, number, sampled, config, created,
                   state, attempt, runner, desired, applied, crashes, losses, value, metrics,
                   failure, reason, reports, last_step, started, ended, seconds, boot, avoid,
                   deaths, revision, restarting, id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: update_trial
UPDATE trial SET state = ?, attempt = ?, runner = ?, desired = ?, applied = ?, crashes = ?,
                 losses = ?, value = ?, metrics = ?, failure = ?, reason = ?, reports = ?,
                 last_step = ?, started = ?, ended = ?, seconds = ?, boot = ?, avoid = ?,
                 deaths = ?, revision = ?, restarting = ?
WHERE id = ?

-- name: annotate_trial
UPDATE trial SET value = ?, metrics = ?, hidden = ?, note = ?, tags = ?, measured = ?, fork = ?,
                 learn = ?
WHERE id = ?

-- name: update_config
UPDATE trial SET sampled = ?, config = ? WHERE id = ?

-- name: keep_attributes
INSERT INTO attributes (trial, document) VALUES (?, ?)
ON CONFLICT (trial) DO UPDATE SET document = excluded.document

-- name: attributes_of_study
SELECT t.number, a.document FROM attributes a JOIN trial t ON t.id = a.trial WHERE t.study = ?

-- name: insert_attempt
INSERT INTO attempt (trial, number, runner, granted) VALUES (?, ?, ?, ?)

-- name: start_attempt
UPDATE attempt SET slot = ?, device = ?, started = ? WHERE trial = ? AND number = ?

-- name: end_attempt
UPDATE attempt SET ended = ?, outcome = ?, failure = ?, reason = ?, traceback = ?, output = ?,
                   seconds = ?
WHERE trial = ? AND number = ?

-- name: insert_report
INSERT INTO report (trial, attempt, seq, reports) VALUES (?, ?, ?, ?)

-- name: insert_event
INSERT INTO event (at, study, trial, kind, text) VALUES (?, ?, ?, ?, ?)

-- name: studies
SELECT s.id, s.name, s.spec, s.created, s.closed_because,
       (SELECT max(v.version) FROM study_settings v WHERE v.study = s.id),
       (SELECT max(coalesce(t.ended, t.started, t.created)) FROM trial t WHERE t.study = s.id)
FROM study s ORDER BY s.created, s.id

-- name: study_by_name
SELECT s.id, s.name, s.spec, s.created, s.closed_because,
       (SELECT max(v.version) FROM study_settings v WHERE v.study = s.id)
FROM study s WHERE s.name = ?

-- name: state_counts
SELECT study, state, count(*) FROM trial GROUP BY study, state

-- name: next_trial_id
SELECT max(meta.last_trial, (SELECT coalesce(max(id), 0) FROM trial)) + 1 FROM meta

-- name: ended_trials
SELECT study, id, attempt, applied FROM trial
WHERE state IN ('complete', 'pruned', 'failed', 'cancelled') ORDER BY id DESC LIMIT ?

-- name: trials_of_study
SELECT id, study, number, state, sampled, config, attempt, runner, desired, applied, crashes,
       losses, value, metrics, failure, reason, reports, last_step, created, started, ended, seconds,
       boot, avoid, deaths,
       (SELECT slot FROM attempt WHERE trial = id AND number = trial.attempt AND state = 'running'),
       revision, restarting, hidden, note, tags, measured, fork, learn,
       (SELECT count(*) FROM revision r WHERE r.trial = trial.id)
FROM trial WHERE study = ? ORDER BY number

-- name: page_of_trials
SELECT id, study, number, state, sampled, config, attempt, runner, desired, applied, crashes,
       losses, value, metrics, failure, reason, reports, last_step, created, started, ended, seconds,
       boot, avoid, deaths,
       (SELECT slot FROM attempt WHERE trial = id AND number = trial.attempt AND state = 'running'),
       revision, restarting, hidden, note, tags, measured, fork, learn,
       (SELECT count(*) FROM revision r WHERE r.trial = trial.id)
FROM trial WHERE study = ? AND number >= ? ORDER BY number LIMIT ?

-- name: trial_by_number
SELECT id, study, number, state, sampled, config, attempt, runner, desired, applied, crashes,
       losses, value, metrics, failure, reason, reports, last_step, created, started, ended, seconds,
       boot, avoid, deaths,
       (SELECT slot FROM attempt WHERE trial = id AND number = trial.attempt AND state = 'running'),
       revision, restarting, hidden, note, tags, measured, fork, learn,
       (SELECT count(*) FROM revision r WHERE r.trial = trial.id)
FROM trial WHERE study = ? AND number = ?

-- name: attempts_of_trial
SELECT trial, number, runner, slot, device, granted, started, ended, outcome, failure, reason,
       traceback, output, seconds
FROM attempt WHERE trial = ? ORDER BY number

-- name: attempts_of_trials
SELECT t.number, a.number, a.runner, coalesce(a.slot, ''), coalesce(a.started, a.granted), a.ended,
       a.outcome
FROM trial t JOIN attempt a ON a.trial = t.id
WHERE t.study = ? AND t.number IN (SELECT value FROM json_each(?)) ORDER BY t.number, a.number

-- name: reports_of_attempt
SELECT reports FROM report WHERE trial = ? AND attempt = ? ORDER BY seq

-- name: reports_of_study
SELECT t.number, r.reports
FROM trial t JOIN report r ON r.trial = t.id AND r.attempt = t.attempt
WHERE t.study = ? ORDER BY t.number, r.seq

-- name: last_reports_of_study
SELECT t.number, r.reports
FROM trial t JOIN report r ON r.trial = t.id AND r.attempt = t.attempt
WHERE t.study = ? AND r.seq = (SELECT max(last.seq) FROM report last
                               WHERE last.trial = t.id AND last.attempt = t.attempt)

-- name: events_of_study
SELECT id, at, trial, kind, text FROM event WHERE study = ? ORDER BY id

-- name: events_of_trial
SELECT id, at, trial, kind, text FROM event WHERE study = ? AND trial = ? ORDER BY id

-- name: recent_events_of_trial
SELECT id, at, trial, kind, text FROM
    (SELECT * FROM event WHERE study = ? AND trial = ? ORDER BY id DESC LIMIT ?) ORDER BY id

-- name: study_in_force
SELECT s.id, s.created, v.version, v.settings
FROM study s JOIN study_settings v ON v.study = s.id
WHERE s.name = ? ORDER BY v.version DESC LIMIT 1

-- name: last_event
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)

-- name: events_after
SELECT id, at, trial, kind, text FROM event WHERE study = ? AND id > ? ORDER BY id LIMIT ?

-- name: log_after
SELECT s.name, e.id, e.at, e.trial, e.kind, e.text FROM event e LEFT JOIN study s ON s.id = e.study
WHERE e.id > ?1 AND (?2 = '[]' OR s.name IN (SELECT value FROM json_each(?2)))
ORDER BY e.id LIMIT ?3

-- name: log_before
SELECT s.name, e.id, e.at, e.trial, e.kind, e.text FROM event e LEFT JOIN study s ON s.id = e.study
WHERE e.id < ?1 AND (?2 = '[]' OR s.name IN (SELECT value FROM json_each(?2)))
ORDER BY e.id DESC LIMIT ?3

-- name: counted_attempt
SELECT t.id, t.attempt FROM trial t JOIN study s ON s.id = t.study WHERE s.name = ? AND t.number = ?

-- name: reports_after
SELECT seq, reports FROM report WHERE trial = ? AND attempt = ? AND seq > ? ORDER BY seq
