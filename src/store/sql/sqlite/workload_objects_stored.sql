-- Reads the objects of the namespaces that changed.
SELECT o.cluster_id, o.namespace_key, o.recommendation_id, o.object_key, o.kind, o.name
FROM json_each(?1) AS n
JOIN workload_object AS o ON o.cluster_id = unhex(n.value ->> 0) AND o.namespace_key = unhex(n.value ->> 1)
