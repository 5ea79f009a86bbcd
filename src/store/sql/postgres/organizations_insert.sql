-- Organizations of which a report is accepted for the first time.
INSERT INTO organization (id)
SELECT n.id
FROM unnest($1::bigint[]) AS n (id)
ON CONFLICT (id) DO NOTHING
