-- Writes new objects, and those whose kind or name changed.
INSERT INTO workload_object (cluster_id, namespace_key, recommendation_id, object_key, org_id, kind, name, uid)
SELECT n.cluster_id, n.namespace_key, n.recommendation_id, n.object_key, n.org_id, n.kind, n.name, n.uid
FROM unnest($1::uuid[], $2::bytea[], $3::int[], $4::bytea[], $5::bigint[], $6::text[], $7::text[], $8::text[])
    AS n (cluster_id, namespace_key, recommendation_id, object_key, org_id, kind, name, uid)
ON CONFLICT (cluster_id, namespace_key, recommendation_id, object_key) DO UPDATE
SET kind = excluded.kind, name = excluded.name
