-- Writes the newest accepted report of each cluster. Arrays must not contain nulls: the empty text represents null.
UPDATE cluster
SET org_id = n.org_id,
    last_checked_at = n.last_checked_at,
    report_checked_at = n.report_checked_at,
    gathered_at = nullif(n.gathered_at, '')::timestamptz,
    stored_at = $12,
    request_id = nullif(n.request_id, ''),
    version = nullif(n.version, ''),
    version_key = nullif(n.version_key, ''),
    hits_digest = n.hits_digest,
    hit_count = n.hit_count,
    details_bytes = n.details_bytes
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::int[],
    $11::bigint[])
    AS n (id, org_id, last_checked_at, report_checked_at, gathered_at, request_id, version, version_key, hits_digest, hit_count, details_bytes)
WHERE cluster.id = n.id
