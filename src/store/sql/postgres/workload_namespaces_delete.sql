-- Deletes namespaces that newer results do not have.
DELETE FROM workload_namespace
USING unnest($1::uuid[], $2::bytea[]) AS n (cluster_id, namespace_key)
WHERE workload_namespace.cluster_id = n.cluster_id
  AND workload_namespace.namespace_key = n.namespace_key
