-- Takes the lock that batches share, before all others. Then inserts a row to lock for each cluster of the batch; existing
-- rows stay unchanged. The rows are inserted in key order, so that two batches never deadlock.
WITH batch AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared($4))
INSERT INTO cluster (id, org_id, last_checked_at)
SELECT n.id, n.org_id, n.last_checked_at
FROM batch, unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) AS n (id, org_id, last_checked_at)
ON CONFLICT (id) DO NOTHING
