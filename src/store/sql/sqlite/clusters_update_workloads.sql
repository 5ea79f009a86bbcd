-- Writes the newest accepted workload result of each cluster. Where it moved the cluster, the report ends with the hits;
-- the time of the report stays, since an older one is stale.
-- What is kept for filters and orders is counted where the cluster is new or moved; a trigger counts where the revision is
-- not increased by two. Reports count closed hits; here they are counted where the cluster is new or moved.
UPDATE cluster
SET org_id = n.value ->> 1,
    last_checked_at = n.value ->> 2,
    workload_checked_at = n.value ->> 3,
    workloads_digest = unhex(n.value ->> 4),
    gathered_at = CASE n.value ->> 5 WHEN 1 THEN NULL ELSE cluster.gathered_at END,
    stored_at = CASE n.value ->> 5 WHEN 1 THEN NULL ELSE cluster.stored_at END,
    request_id = CASE n.value ->> 5 WHEN 1 THEN NULL ELSE cluster.request_id END,
    version = CASE n.value ->> 5 WHEN 1 THEN NULL ELSE cluster.version END,
    version_key = CASE n.value ->> 5 WHEN 1 THEN NULL ELSE cluster.version_key END,
    hits_digest = CASE n.value ->> 5 WHEN 1 THEN NULL ELSE cluster.hits_digest END,
    hit_count = CASE n.value ->> 5 WHEN 1 THEN 0 ELSE cluster.hit_count END,
    details_bytes = CASE n.value ->> 5 WHEN 1 THEN 0 ELSE cluster.details_bytes END,
    external_counts = CASE n.value ->> 10 WHEN 1 THEN n.value ->> 6 ELSE cluster.external_counts END,
    internal_counts = CASE n.value ->> 10 WHEN 1 THEN n.value ->> 7 ELSE cluster.internal_counts END,
    sort_name = CASE n.value ->> 10 WHEN 1 THEN n.value ->> 8 ELSE cluster.sort_name END,
    managed = CASE n.value ->> 10 WHEN 1 THEN n.value ->> 9 ELSE cluster.managed END,
    count_revision = cluster.count_revision + 2 * (n.value ->> 10),
    closed_hit_count = CASE n.value ->> 10
        WHEN 1 THEN (SELECT count(*) FROM rule_hit_history AS h WHERE h.cluster_id = cluster.id AND h.org_id = n.value ->> 1)
        ELSE cluster.closed_hit_count
    END
FROM json_each(?1) AS n
WHERE cluster.id = unhex(n.value ->> 0)
