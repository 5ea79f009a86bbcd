-- Inserts messages that could not be ingested. The row of a message that is read again stays unchanged. The row of a
-- message that was replayed and rejected again receives the last rejection, and is no longer marked as replayed.
INSERT INTO consumer_error (topic, partition, topic_offset, message_timestamp, value_digest, value_bytes, message_key,
                            reason, detail, attempts, consumed_at)
SELECT n.topic, n.partition, n.topic_offset, n.message_timestamp, n.value_digest, n.value_bytes,
       nullif(n.message_key, '')::bytea, n.reason, n.detail, n.attempts, $11
FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[], $7::text[], $8::text[], $9::text[],
            $10::int[])
    AS n (topic, partition, topic_offset, message_timestamp, value_digest, value_bytes, message_key, reason, detail,
          attempts)
ON CONFLICT (topic, partition, topic_offset, message_timestamp, value_digest) DO UPDATE
SET reason = excluded.reason, detail = excluded.detail, attempts = excluded.attempts, consumed_at = excluded.consumed_at,
    replayed_at = NULL
WHERE excluded.attempts > consumer_error.attempts
