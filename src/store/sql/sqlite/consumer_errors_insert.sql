-- Inserts messages that could not be ingested. The row of a message that is read again stays unchanged. The row of a
-- message that was replayed and rejected again receives the last rejection, and is no longer marked as replayed.
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
