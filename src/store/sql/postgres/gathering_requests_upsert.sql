-- Remembers uploads with a request id. The rows are in key order, so that two batches never deadlock. A row that says the
-- same stays unchanged.
INSERT INTO gathering_request (cluster_id, org_id, request_key, request_id, received_at, selectors, processed_at)
SELECT n.cluster_id, n.org_id, n.request_key, n.request_id, nullif(n.received_at, '')::timestamptz, n.selectors, $7
FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[], $5::text[], $6::text[])
    AS n (cluster_id, org_id, request_key, request_id, received_at, selectors)
ON CONFLICT (cluster_id, org_id, request_key) DO UPDATE
SET received_at = excluded.received_at, selectors = excluded.selectors, processed_at = excluded.processed_at
WHERE (gathering_request.received_at, gathering_request.selectors)
    IS DISTINCT FROM (excluded.received_at, excluded.selectors)
