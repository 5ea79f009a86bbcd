-- Writes new objects, and those whose kind or name changed.
INSERT INTO workload_object (cluster_id, namespace_key, recommendation_id, object_key, org_id, kind, name, uid)
SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, unhex(value ->> 3), value ->> 4, value ->> 5, value ->> 6,
       value ->> 7
FROM json_each(?1)
WHERE true
ON CONFLICT (cluster_id, namespace_key, recommendation_id, object_key) DO UPDATE
SET kind = excluded.kind, name = excluded.name
