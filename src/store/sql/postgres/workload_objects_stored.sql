-- Reads the objects of the namespaces that changed. The offset keeps a plan that is made while the table is empty from
-- reading the whole table.
SELECT o.cluster_id, o.namespace_key, o.recommendation_id, o.object_key, o.kind, o.name
FROM unnest($1::uuid[], $2::bytea[]) AS n (cluster_id, namespace_key)
CROSS JOIN LATERAL (
    SELECT *
    FROM workload_object AS o
    WHERE o.cluster_id = n.cluster_id AND o.namespace_key = n.namespace_key
    OFFSET 0
) AS o
