-- Organizations of which a report is accepted for the first time.
INSERT INTO organization (id)
SELECT value ->> 0
FROM json_each(?1)
WHERE true
ON CONFLICT (id) DO NOTHING
