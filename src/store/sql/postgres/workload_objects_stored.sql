-- Reads the objects of the namespaces that changed.
SELECT o.cluster_id, o.namespace_key, o.recommendation_id, o.object_key, o.kind, o.name
FROM unnest($1::uuid[], $2::bytea[]) AS n (cluster_id, namespace_key)
JOIN workload_object AS o ON o.cluster_id = n.cluster_id AND o.namespace_key = n.namespace_key
