-- Writes opened hits, and hits whose details or owner changed.
INSERT INTO {hit} (cluster_id, recommendation_id, org_id, impacted_since, digest, details)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, unhex(value ->> 4), value ->> 5
FROM json_each(?1)
WHERE true
ON CONFLICT (cluster_id, recommendation_id) DO UPDATE
SET org_id = excluded.org_id,
    impacted_since = excluded.impacted_since,
    digest = excluded.digest,
    details = excluded.details
