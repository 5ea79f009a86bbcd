-- A page of clusters, by UUID, for each of many organizations; the total only where it is asked for.
WITH p (org_id) AS MATERIALIZED (SELECT value ->> 0 FROM json_each(?1))
SELECT p.org_id AS parent, c.id, c.org_id, c.version, c.last_checked_at, c.report_checked_at, c.gathered_at, c.stored_at,
       c.request_id, (SELECT count(*) FROM cluster WHERE ?5 AND cluster.org_id = p.org_id) AS total
FROM p
LEFT JOIN cluster AS c ON c.id IN (
    SELECT id
    FROM cluster
    WHERE cluster.org_id = p.org_id AND (?3 IS NULL OR cluster.id > ?3)
    ORDER BY cluster.id
    LIMIT ?4
)
WHERE ?2 IS NULL OR p.org_id = ?2
ORDER BY p.org_id, c.id
