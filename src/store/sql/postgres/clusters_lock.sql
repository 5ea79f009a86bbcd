-- Reads and locks the stored state of the batch's clusters. Whether a report is stale is decided from these rows only.
-- In key order, as they are inserted.
SELECT id, org_id, last_checked_at, report_checked_at, version, hits_digest
FROM cluster
WHERE id = ANY ($1::uuid[])
ORDER BY id
FOR UPDATE
