-- Messages that could not be ingested. One that is read again is the same row and stays as it is; one that was sent again
-- and refused again is the same row, tells the last refusal, and was not sent again since.
INSERT INTO consumer_error (topic, partition, topic_offset, message_timestamp, value_digest, value_bytes, message_key,
                            reason, detail, attempts, consumed_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, unhex(value ->> 4), value ->> 5,
       unhex(substr(value ->> 6, 3)), value ->> 7, value ->> 8, value ->> 9, ?2
FROM json_each(?1)
WHERE true
ON CONFLICT (topic, partition, topic_offset, message_timestamp, value_digest) DO UPDATE
SET reason = excluded.reason, detail = excluded.detail, attempts = excluded.attempts, consumed_at = excluded.consumed_at,
    replayed_at = NULL
WHERE excluded.attempts > consumer_error.attempts
