-- Messages that could not be ingested. One that is read again is the same row.
INSERT INTO consumer_error (topic, partition, topic_offset, message_timestamp, value_digest, value_bytes, message_key,
                            reason, detail, consumed_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, unhex(value ->> 4), value ->> 5,
       unhex(substr(value ->> 6, 3)), value ->> 7, value ->> 8, ?2
FROM json_each(?1)
WHERE true
ON CONFLICT (topic, partition, topic_offset, message_timestamp, value_digest) DO NOTHING
