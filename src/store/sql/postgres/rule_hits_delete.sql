-- Hits that went. Their intervals are written to the history by a statement of their own.
DELETE FROM rule_hit
USING unnest($1::uuid[], $2::int[]) AS n (cluster_id, recommendation_id)
WHERE rule_hit.cluster_id = n.cluster_id
  AND rule_hit.recommendation_id = n.recommendation_id
