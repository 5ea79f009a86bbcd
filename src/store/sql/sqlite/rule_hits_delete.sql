-- Hits that went. Their intervals are written to the history by a statement of their own.
DELETE FROM rule_hit
WHERE (cluster_id, recommendation_id) IN (SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1))
