-- Inserts closed intervals. An existing row is the same interval, closed again after rows were deleted.
-- Returns a row for each inserted one.
INSERT INTO {hit}_history (cluster_id, recommendation_id, opened_at, closed_at, org_id)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4
FROM json_each(?1)
WHERE true
ON CONFLICT (cluster_id, recommendation_id, opened_at) DO NOTHING
RETURNING cluster_id, org_id
