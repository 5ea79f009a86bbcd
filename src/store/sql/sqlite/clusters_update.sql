-- Writes the newest accepted report of each cluster.
-- The closed hits of a cluster that is new or has another owner are counted; the last value are those just inserted.
UPDATE cluster
SET org_id = n.value ->> 1,
    last_checked_at = n.value ->> 2,
    report_checked_at = n.value ->> 3,
    gathered_at = n.value ->> 4,
    stored_at = ?2,
    request_id = n.value ->> 5,
    version = n.value ->> 6,
    version_key = n.value ->> 7,
    hits_digest = unhex(n.value ->> 8),
    hit_count = n.value ->> 9,
    details_bytes = n.value ->> 10,
    closed_hit_count = CASE
        WHEN cluster.org_id = n.value ->> 1 AND cluster.report_checked_at IS NOT NULL
        THEN cluster.closed_hit_count + (n.value ->> 11)
        ELSE (SELECT count(*) FROM rule_hit_history AS h WHERE h.cluster_id = cluster.id AND h.org_id = n.value ->> 1)
    END
FROM json_each(?1) AS n
WHERE cluster.id = unhex(n.value ->> 0)
