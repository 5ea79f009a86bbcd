-- Writes opened hits, and hits whose details or owner changed.
INSERT INTO {hit} (cluster_id, recommendation_id, org_id, impacted_since, digest, details)
SELECT n.cluster_id, n.recommendation_id, n.org_id, n.impacted_since, n.digest, nullif(n.details, '')
FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::text[])
    AS n (cluster_id, recommendation_id, org_id, impacted_since, digest, details)
ON CONFLICT (cluster_id, recommendation_id) DO UPDATE
SET org_id = excluded.org_id,
    impacted_since = excluded.impacted_since,
    digest = excluded.digest,
    details = excluded.details
