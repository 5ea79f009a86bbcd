-- Deletes namespaces that newer results do not have.
DELETE FROM workload_namespace
WHERE (cluster_id, namespace_key) IN (SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each(?1))
