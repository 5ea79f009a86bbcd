-- A page of clusters, by UUID, for each of many organizations; the total only where it is asked for.
SELECT p.org_id AS parent, c.id, c.org_id, c.version, c.last_checked_at, c.report_checked_at, c.gathered_at, c.stored_at,
       c.request_id, t.total
FROM unnest($1::bigint[]) AS p (org_id)
LEFT JOIN LATERAL (
    SELECT *
    FROM cluster
    WHERE cluster.org_id = p.org_id AND ($3::uuid IS NULL OR cluster.id > $3)
    ORDER BY cluster.id
    LIMIT $4
) AS c ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS total FROM cluster WHERE $5::bool AND cluster.org_id = p.org_id
) AS t ON true
WHERE $2::bigint IS NULL OR p.org_id = $2
ORDER BY p.org_id, c.id
