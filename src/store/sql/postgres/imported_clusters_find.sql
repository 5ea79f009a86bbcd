-- Reads what was imported for some clusters.
SELECT i.org_id, i.cluster_id, i.display_name, i.managed, i.status
FROM unnest($1::bigint[], $2::uuid[]) AS n (org_id, cluster_id)
JOIN imported_cluster AS i ON i.org_id = n.org_id AND i.cluster_id = n.cluster_id
