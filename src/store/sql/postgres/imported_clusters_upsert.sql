-- Writes imported values, in the order of their keys, so that two imports never deadlock. Arrays must not contain nulls:
-- the empty text represents null.
INSERT INTO imported_cluster (org_id, cluster_id, display_name, managed, status, sort_name)
SELECT n.org_id, n.cluster_id, nullif(n.display_name, ''), n.managed::boolean, nullif(n.status, ''),
       nullif(n.sort_name, '')
FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[])
    AS n (org_id, cluster_id, display_name, managed, status, sort_name)
ON CONFLICT (org_id, cluster_id) DO UPDATE
SET display_name = excluded.display_name, managed = excluded.managed, status = excluded.status,
    sort_name = excluded.sort_name
