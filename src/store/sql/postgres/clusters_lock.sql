-- Reads and locks the stored state of the batch's clusters. Whether a result is stale is decided from these rows only.
-- In key order, as they are inserted.
SELECT id, org_id, last_checked_at, report_checked_at, hits_digest, workload_checked_at,
       workloads_digest, version
FROM cluster
WHERE id = ANY ($1::uuid[])
ORDER BY id
FOR UPDATE
