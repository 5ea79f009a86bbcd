-- Deletes closed hits. Another statement inserts their intervals into the history.
DELETE FROM rule_hit
USING unnest($1::uuid[], $2::int[]) AS n (cluster_id, recommendation_id)
WHERE rule_hit.cluster_id = n.cluster_id
  AND rule_hit.recommendation_id = n.recommendation_id
