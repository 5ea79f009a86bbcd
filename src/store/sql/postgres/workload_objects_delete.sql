-- Deletes objects to which recommendations no longer apply.
DELETE FROM workload_object
USING unnest($1::uuid[], $2::bytea[], $3::int[], $4::bytea[]) AS n (cluster_id, namespace_key, recommendation_id, object_key)
WHERE workload_object.cluster_id = n.cluster_id
  AND workload_object.namespace_key = n.namespace_key
  AND workload_object.recommendation_id = n.recommendation_id
  AND workload_object.object_key = n.object_key
