-- Inserts organizations whose first report is accepted.
INSERT INTO organization (id)
SELECT n.id
FROM unnest($1::bigint[]) AS n (id)
ON CONFLICT (id) DO NOTHING
