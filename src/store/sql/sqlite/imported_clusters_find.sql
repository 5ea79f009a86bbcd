-- Reads what was imported for some clusters.
SELECT i.org_id, i.cluster_id, i.display_name, i.managed, i.status
FROM json_each(?1) AS n
JOIN imported_cluster AS i ON i.org_id = n.value ->> 0 AND i.cluster_id = unhex(n.value ->> 1)
