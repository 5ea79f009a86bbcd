-- Writes imported values.
INSERT INTO imported_cluster (org_id, cluster_id, display_name, managed, status, sort_name)
SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5
FROM json_each(?1)
WHERE true
ON CONFLICT (org_id, cluster_id) DO UPDATE
SET display_name = excluded.display_name, managed = excluded.managed, status = excluded.status,
    sort_name = excluded.sort_name
