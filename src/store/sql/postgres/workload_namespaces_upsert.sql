-- Writes new namespaces, and those whose name or objects changed.
INSERT INTO workload_namespace (cluster_id, namespace_key, org_id, uid, name, reported_at, digest)
SELECT n.cluster_id, n.namespace_key, n.org_id, n.uid, n.name, n.reported_at, n.digest
FROM unnest($1::uuid[], $2::bytea[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[], $7::bytea[])
    AS n (cluster_id, namespace_key, org_id, uid, name, reported_at, digest)
ON CONFLICT (cluster_id, namespace_key) DO UPDATE
SET name = excluded.name, reported_at = excluded.reported_at, digest = excluded.digest
