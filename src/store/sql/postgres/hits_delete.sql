-- Deletes closed hits. Another statement inserts their intervals into the history.
DELETE FROM {hit}
USING unnest($1::uuid[], $2::int[]) AS n (cluster_id, recommendation_id)
WHERE {hit}.cluster_id = n.cluster_id
  AND {hit}.recommendation_id = n.recommendation_id
