-- Remembers uploads with a request id. A row that says the same stays unchanged.
INSERT INTO gathering_request (cluster_id, org_id, request_key, request_id, received_at, selectors, processed_at)
SELECT unhex(value ->> 0), value ->> 1, unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5, ?2
FROM json_each(?1)
WHERE true
ON CONFLICT (cluster_id, org_id, request_key) DO UPDATE
SET received_at = excluded.received_at, selectors = excluded.selectors, processed_at = excluded.processed_at
WHERE gathering_request.received_at IS NOT excluded.received_at OR gathering_request.selectors <> excluded.selectors
