-- The stored state of the batch's clusters, read and locked at once: whether a report is stale is decided
-- from this and nothing else. In key order, as they were inserted.
SELECT id, org_id, last_checked_at, report_checked_at, version, hits_digest
FROM cluster
WHERE id = ANY ($1::uuid[])
ORDER BY id
FOR UPDATE
