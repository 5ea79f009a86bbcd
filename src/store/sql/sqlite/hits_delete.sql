-- Deletes closed hits. Another statement inserts their intervals into the history.
DELETE FROM {hit}
WHERE (cluster_id, recommendation_id) IN (SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1))
