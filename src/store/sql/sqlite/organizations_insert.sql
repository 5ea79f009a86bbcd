-- Inserts organizations whose first report is accepted.
INSERT INTO organization (id)
SELECT value ->> 0
FROM json_each(?1)
WHERE true
ON CONFLICT (id) DO NOTHING
