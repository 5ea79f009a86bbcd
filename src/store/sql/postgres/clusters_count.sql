-- Writes what is kept of clusters for filters and orders, after facts or imported values changed.
UPDATE cluster
SET external_counts = n.external_counts,
    internal_counts = n.internal_counts,
    sort_name = n.sort_name,
    managed = n.managed = 1
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::int[])
    AS n (id, external_counts, internal_counts, sort_name, managed)
WHERE cluster.id = n.id
