-- Inserts closed intervals. An existing row is the same interval, closed again after rows were deleted.
-- Returns a row for each inserted one.
INSERT INTO {hit}_history (cluster_id, recommendation_id, opened_at, closed_at, org_id)
SELECT n.cluster_id, n.recommendation_id, n.opened_at, n.closed_at, n.org_id
FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::bigint[])
    AS n (cluster_id, recommendation_id, opened_at, closed_at, org_id)
ON CONFLICT (cluster_id, recommendation_id, opened_at) DO NOTHING
RETURNING cluster_id, org_id
