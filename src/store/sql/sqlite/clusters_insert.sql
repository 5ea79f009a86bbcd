-- Inserts a row to lock for each cluster of the batch; existing rows stay unchanged.
INSERT INTO cluster (id, org_id, last_checked_at)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2
FROM json_each(?1)
WHERE true
ON CONFLICT (id) DO NOTHING
