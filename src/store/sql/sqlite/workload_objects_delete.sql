-- Deletes objects to which recommendations no longer apply.
DELETE FROM workload_object
WHERE (cluster_id, namespace_key, recommendation_id, object_key) IN (
    SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, unhex(value ->> 3) FROM json_each(?1))
