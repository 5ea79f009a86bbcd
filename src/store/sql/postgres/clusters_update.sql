-- Writes the newest accepted report of each cluster. Arrays must not contain nulls: the empty text represents null.
-- What is kept for filters and orders is counted where hits changed or the cluster moved; a trigger counts where the
-- revision is not increased by two. The closed hits of a cluster that is new or has another owner are counted; `closed_hits` are those just inserted.
UPDATE cluster
SET org_id = n.org_id,
    last_checked_at = n.last_checked_at,
    report_checked_at = n.report_checked_at,
    gathered_at = nullif(n.gathered_at, '')::timestamptz,
    stored_at = $19,
    request_id = nullif(n.request_id, ''),
    version = nullif(n.version, ''),
    version_key = nullif(n.version_key, ''),
    hits_digest = n.hits_digest,
    hit_count = n.hit_count,
    details_bytes = n.details_bytes,
    external_counts = CASE n.counted WHEN 1 THEN n.external_counts ELSE cluster.external_counts END,
    internal_counts = CASE n.counted WHEN 1 THEN n.internal_counts ELSE cluster.internal_counts END,
    sort_name = CASE n.counted WHEN 1 THEN n.sort_name ELSE cluster.sort_name END,
    managed = CASE n.counted WHEN 1 THEN n.managed = 1 ELSE cluster.managed END,
    count_revision = cluster.count_revision + 2 * n.counted,
    workloads_digest = CASE n.moved WHEN 1 THEN NULL ELSE cluster.workloads_digest END,
    closed_hit_count = CASE
        WHEN cluster.org_id = n.org_id AND cluster.report_checked_at IS NOT NULL
        THEN cluster.closed_hit_count + n.closed_hits
        ELSE (SELECT count(*) FROM rule_hit_history AS h WHERE h.cluster_id = n.id AND h.org_id = n.org_id)
    END
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::int[], $11::bigint[],
    $12::int[], $13::bigint[], $14::bigint[], $15::text[], $16::int[], $17::int[], $18::int[])
    AS n (id, org_id, last_checked_at, report_checked_at, gathered_at, request_id, version, version_key, hits_digest, hit_count, details_bytes, closed_hits,
          external_counts, internal_counts, sort_name, managed, counted, moved)
WHERE cluster.id = n.id
