-- name: insert_score
INSERT INTO score (trial, attempt, seq, part, parts, data) VALUES (?, ?, ?, ?, ?, ?)

-- name: scores_of_attempt
SELECT part, parts, data FROM score WHERE trial = ? AND attempt = ? ORDER BY seq

-- name: has_scores
SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'score'
