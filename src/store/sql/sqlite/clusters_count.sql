-- Writes what is kept of clusters for filters and orders, after facts or imported values changed.
UPDATE cluster
SET external_counts = n.value ->> 1,
    internal_counts = n.value ->> 2,
    sort_name = n.value ->> 3,
    managed = n.value ->> 4
FROM json_each(?1) AS n
WHERE cluster.id = unhex(n.value ->> 0)
