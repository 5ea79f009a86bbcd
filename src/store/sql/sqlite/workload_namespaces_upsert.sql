-- Writes new namespaces, and those whose name or objects changed.
INSERT INTO workload_namespace (cluster_id, namespace_key, org_id, uid, name, reported_at, digest)
SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5, unhex(value ->> 6)
FROM json_each(?1)
WHERE true
ON CONFLICT (cluster_id, namespace_key) DO UPDATE
SET name = excluded.name, reported_at = excluded.reported_at, digest = excluded.digest
