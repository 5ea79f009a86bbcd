-- Reads the stored state of the batch's clusters. The transaction began IMMEDIATE and holds the database's write lock.
SELECT id, org_id, last_checked_at, report_checked_at, hits_digest, workload_checked_at,
       workloads_digest, version
FROM cluster
WHERE id IN (SELECT unhex(value ->> 0) FROM json_each(?1))
ORDER BY id
