-- Reads the open hits of the clusters whose hits may have changed. The digest identifies the details.
SELECT cluster_id, recommendation_id, impacted_since, digest
FROM {hit}
WHERE cluster_id = ANY ($1::uuid[])
