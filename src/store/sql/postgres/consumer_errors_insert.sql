-- Messages that could not be ingested. One that is read again is the same row.
INSERT INTO consumer_error (topic, partition, topic_offset, message_timestamp, value_digest, value_bytes, message_key,
                            reason, detail, consumed_at)
SELECT n.topic, n.partition, n.topic_offset, n.message_timestamp, n.value_digest, n.value_bytes,
       nullif(n.message_key, '')::bytea, n.reason, n.detail, $10
FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[], $7::text[], $8::text[], $9::text[])
    AS n (topic, partition, topic_offset, message_timestamp, value_digest, value_bytes, message_key, reason, detail)
ON CONFLICT (topic, partition, topic_offset, message_timestamp, value_digest) DO NOTHING
