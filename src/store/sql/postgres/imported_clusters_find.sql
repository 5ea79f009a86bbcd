-- Reads what was imported for some clusters. The limit keeps a plan that is made while the table is empty from reading the
-- whole table.
SELECT i.org_id, i.cluster_id, i.display_name, i.managed, i.status
FROM unnest($1::bigint[], $2::uuid[]) AS n (org_id, cluster_id)
CROSS JOIN LATERAL (
    SELECT * FROM imported_cluster AS i WHERE i.org_id = n.org_id AND i.cluster_id = n.cluster_id LIMIT 1
) AS i
