-- Reads the namespaces of the clusters whose workloads may have changed. The digest identifies the objects.
SELECT cluster_id, namespace_key, reported_at, digest
FROM workload_namespace
WHERE cluster_id = ANY ($1::uuid[])
