-- What must not be there, a query a rule: study, number of the trial, what was found instead.
-- `trialmq verify` runs them in one read transaction, beside a running orchestrator.

-- name: a trial is in a state that exists
SELECT s.name, t.number, 'state ' || t.state
FROM trial t JOIN study s ON s.id = t.study
WHERE t.state NOT IN
      ('waiting', 'leased', 'running', 'complete', 'pruned', 'failed', 'cancelled')

-- name: trials are numbered from 0 without a gap
SELECT s.name, NULL, count(*) || ' trials, numbered ' || min(t.number) || ' to ' || max(t.number)
FROM trial t JOIN study s ON s.id = t.study
GROUP BY s.id HAVING min(t.number) <> 0 OR max(t.number) <> count(*) - 1

-- name: a trial has the time of its end exactly when it has ended
SELECT s.name, t.number, t.state || CASE WHEN t.ended IS NULL THEN ' without' ELSE ' with' END
       || ' the time of an end'
FROM trial t JOIN study s ON s.id = t.study
WHERE (t.state IN ('complete', 'pruned', 'failed', 'cancelled')) <> (t.ended IS NOT NULL)

-- name: a complete trial has its metrics and its value, and no failure
SELECT s.name, t.number, 'value ' || coalesce(t.value, 'none') || ', metrics '
       || coalesce(t.metrics, 'none') || ', failure ' || coalesce(t.failure, 'none')
FROM trial t JOIN study s ON s.id = t.study
WHERE t.state = 'complete'
  AND (t.value IS NULL OR t.metrics IS NULL OR t.failure IS NOT NULL)

-- name: a failed trial says how it failed
SELECT s.name, t.number, 'no kind of failure'
FROM trial t JOIN study s ON s.id = t.study
WHERE t.state = 'failed' AND t.failure IS NULL

-- name: a held trial names its runner, which has the open attempt
SELECT s.name, t.number, t.state || ' by ' || coalesce(t.runner, 'nobody') || ', attempt '
       || t.attempt || CASE WHEN a.trial IS NULL THEN ' is not stored'
                            WHEN a.ended IS NOT NULL THEN ' has ended'
                            ELSE ' is ' || a.runner || '''s' END
FROM trial t JOIN study s ON s.id = t.study
LEFT JOIN attempt a ON a.trial = t.id AND a.number = t.attempt
WHERE t.state IN ('leased', 'running')
  AND (t.runner IS NULL OR a.trial IS NULL OR a.ended IS NOT NULL OR a.runner <> t.runner)

-- name: an attempt is open only while somebody may come back for it
SELECT s.name, t.number, 'attempt ' || a.number || ' of ' || t.attempt || ' is open, the trial is '
       || t.state
FROM attempt a JOIN trial t ON t.id = a.trial JOIN study s ON s.id = t.study
WHERE a.ended IS NULL
  AND (a.number < t.attempt OR t.runner IS NULL
       OR t.state IN ('complete', 'pruned', 'failed', 'cancelled'))

-- name: an attempt that has ended says how
SELECT s.name, t.number, 'attempt ' || a.number || ' ended without an outcome'
FROM attempt a JOIN trial t ON t.id = a.trial JOIN study s ON s.id = t.study
WHERE (a.ended IS NULL) <> (a.outcome IS NULL)

-- name: attempts are numbered from 1 without a gap, up to the trial's
SELECT s.name, t.number, count(a.number) || ' attempts, the last is number '
       || coalesce(max(a.number), 0) || ', the trial''s is ' || t.attempt
FROM trial t JOIN study s ON s.id = t.study LEFT JOIN attempt a ON a.trial = t.id
GROUP BY t.id
HAVING count(a.number) <> t.attempt OR coalesce(max(a.number), 0) <> t.attempt
       OR coalesce(min(a.number), 1) <> 1

-- name: a trial is complete by its last attempt and by no other
SELECT s.name, t.number, t.state || ', complete attempts: '
       || coalesce(group_concat(a.number), 'none') || ' of ' || t.attempt
FROM trial t JOIN study s ON s.id = t.study
LEFT JOIN attempt a ON a.trial = t.id AND a.outcome = 'complete'
GROUP BY t.id
HAVING count(a.number) <> (t.state = 'complete') OR coalesce(max(a.number), t.attempt) <> t.attempt

-- name: the reports of an attempt are its records from 2 on without a gap
-- needs: score
SELECT s.name, t.number, 'attempt ' || r.attempt || ' has ' || count(*) || ' records of reports, '
       || 'numbered ' || min(r.seq) || ' to ' || max(r.seq)
FROM (SELECT trial, attempt, seq FROM report
      UNION ALL SELECT trial, attempt, seq FROM revised
      UNION ALL SELECT trial, attempt, seq FROM score) r
JOIN trial t ON t.id = r.trial JOIN study s ON s.id = t.study
GROUP BY r.trial, r.attempt HAVING min(r.seq) <> 2 OR max(r.seq) <> count(*) + 1

-- name: every record that counts as applied is stored
-- needs: score
-- The first record says that it started, the last how it ended; in between are the reports, what
-- became of revisions, and scores.
SELECT s.name, t.number, t.state || ' with ' || t.applied || ' applied records, of which '
       || (a.started IS NOT NULL) || ' start and ' || count(r.seq) || ' of reports are stored'
FROM trial t JOIN study s ON s.id = t.study
JOIN attempt a ON a.trial = t.id AND a.number = t.attempt
LEFT JOIN (SELECT trial, attempt, seq FROM report
           UNION ALL SELECT trial, attempt, seq FROM revised
           UNION ALL SELECT trial, attempt, seq FROM score) r
       ON r.trial = t.id AND r.attempt = t.attempt
GROUP BY t.id
HAVING t.applied - (a.started IS NOT NULL) - count(r.seq) NOT IN
       (t.state = 'complete', a.ended IS NOT NULL)

-- name: reports belong to an attempt
SELECT DISTINCT s.name, t.number, 'reports of attempt ' || r.attempt || ', which was never granted'
FROM report r JOIN trial t ON t.id = r.trial JOIN study s ON s.id = t.study
LEFT JOIN attempt a ON a.trial = r.trial AND a.number = r.attempt
WHERE a.trial IS NULL

-- name: events belong to a trial
SELECT s.name, e.trial, 'event ' || e.id || ' (' || e.kind || ') of a trial that is not there'
FROM event e JOIN study s ON s.id = e.study
LEFT JOIN trial t ON t.study = e.study AND t.number = e.trial
WHERE e.trial IS NOT NULL AND t.id IS NULL

-- name: the versions of a study's settings are numbered from 1 without a gap
-- needs: study_settings
SELECT s.name, NULL, count(*) || ' versions, numbered ' || min(v.version) || ' to '
       || max(v.version)
FROM study_settings v JOIN study s ON s.id = v.study
GROUP BY s.id HAVING min(v.version) <> 1 OR max(v.version) <> count(*)

-- name: the revisions of a trial are numbered from 1 without a gap
-- needs: revision
SELECT s.name, t.number, count(*) || ' revisions, numbered ' || min(r.number) || ' to '
       || max(r.number)
FROM revision r JOIN trial t ON t.id = r.trial JOIN study s ON s.id = t.study
GROUP BY r.trial HAVING min(r.number) <> 1 OR max(r.number) <> count(*)

-- name: a trial's revision is the last of its revisions that took effect
-- needs: revision
SELECT s.name, t.number, 'revision ' || t.revision || ', applied: '
       || coalesce(max(CASE WHEN r.state = 'applied' THEN r.number END), 0)
FROM trial t JOIN study s ON s.id = t.study LEFT JOIN revision r ON r.trial = t.id
GROUP BY t.id
HAVING t.revision <> coalesce(max(CASE WHEN r.state = 'applied' THEN r.number END), 0)

-- name: a revision takes effect once
-- needs: revised
SELECT s.name, t.number, 'revision ' || r.number || ' was answered ' || count(*) || ' times'
FROM revised r JOIN trial t ON t.id = r.trial JOIN study s ON s.id = t.study
GROUP BY r.trial, r.attempt, r.number HAVING count(*) > 1

-- name: the versions of a profile are numbered from 1 without a gap
-- needs: profile
SELECT '', NULL, count(*) || ' versions of ' || name || ', numbered ' || min(version) || ' to '
       || max(version)
FROM profile GROUP BY name HAVING min(version) <> 1 OR max(version) <> count(*)
