-- Writes the newest accepted workload result of each cluster. Where it moved the cluster, the report ends with the hits;
-- the time of the report stays, since an older one is stale.
-- What is kept for filters and orders is counted where the cluster is new or moved; a trigger counts where the revision is
-- not increased by two. Reports count closed hits; here they are counted where the cluster is new or moved.
UPDATE cluster
SET org_id = n.org_id,
    last_checked_at = n.last_checked_at,
    workload_checked_at = n.workload_checked_at,
    workloads_digest = n.workloads_digest,
    gathered_at = CASE n.moved WHEN 1 THEN NULL ELSE cluster.gathered_at END,
    stored_at = CASE n.moved WHEN 1 THEN NULL ELSE cluster.stored_at END,
    request_id = CASE n.moved WHEN 1 THEN NULL ELSE cluster.request_id END,
    version = CASE n.moved WHEN 1 THEN NULL ELSE cluster.version END,
    version_key = CASE n.moved WHEN 1 THEN NULL ELSE cluster.version_key END,
    hits_digest = CASE n.moved WHEN 1 THEN NULL ELSE cluster.hits_digest END,
    hit_count = CASE n.moved WHEN 1 THEN 0 ELSE cluster.hit_count END,
    details_bytes = CASE n.moved WHEN 1 THEN 0 ELSE cluster.details_bytes END,
    external_counts = CASE n.counted WHEN 1 THEN n.external_counts ELSE cluster.external_counts END,
    internal_counts = CASE n.counted WHEN 1 THEN n.internal_counts ELSE cluster.internal_counts END,
    sort_name = CASE n.counted WHEN 1 THEN n.sort_name ELSE cluster.sort_name END,
    managed = CASE n.counted WHEN 1 THEN n.managed = 1 ELSE cluster.managed END,
    count_revision = cluster.count_revision + 2 * n.counted,
    closed_hit_count = CASE n.counted
        WHEN 1 THEN (SELECT count(*) FROM rule_hit_history AS h WHERE h.cluster_id = n.id AND h.org_id = n.org_id)
        ELSE cluster.closed_hit_count
    END
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::bytea[], $6::int[], $7::bigint[],
    $8::bigint[], $9::text[], $10::int[], $11::int[])
    AS n (id, org_id, last_checked_at, workload_checked_at, workloads_digest, moved, external_counts, internal_counts,
          sort_name, managed, counted)
WHERE cluster.id = n.id
