-- Writes the newest accepted report of each cluster.
-- What is kept for filters and orders is counted where hits changed or the cluster moved; a trigger counts where the
-- revision is not increased by two. The closed hits of a cluster that is new or has another owner are counted; the last value are those just inserted.
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
    external_counts = CASE n.value ->> 16 WHEN 1 THEN n.value ->> 12 ELSE cluster.external_counts END,
    internal_counts = CASE n.value ->> 16 WHEN 1 THEN n.value ->> 13 ELSE cluster.internal_counts END,
    sort_name = CASE n.value ->> 16 WHEN 1 THEN n.value ->> 14 ELSE cluster.sort_name END,
    managed = CASE n.value ->> 16 WHEN 1 THEN n.value ->> 15 ELSE cluster.managed END,
    count_revision = cluster.count_revision + 2 * (n.value ->> 16),
    workloads_digest = CASE n.value ->> 17 WHEN 1 THEN NULL ELSE cluster.workloads_digest END,
    closed_hit_count = CASE
        WHEN cluster.org_id = n.value ->> 1 AND cluster.report_checked_at IS NOT NULL
        THEN cluster.closed_hit_count + (n.value ->> 11)
        ELSE (SELECT count(*) FROM rule_hit_history AS h WHERE h.cluster_id = cluster.id AND h.org_id = n.value ->> 1)
    END
FROM json_each(?1) AS n
WHERE cluster.id = unhex(n.value ->> 0)
