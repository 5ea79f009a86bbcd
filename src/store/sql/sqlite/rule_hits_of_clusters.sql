-- A page of hits, by selector, for each of many clusters; total and details only where they are asked for.
WITH p (id) AS MATERIALIZED (SELECT unhex(value ->> 0) FROM json_each(?1))
SELECT p.id AS parent, r.selector, h.impacted_since, CASE WHEN ?6 THEN h.details END AS details,
       (SELECT count(*) FROM rule_hit WHERE ?5 AND rule_hit.cluster_id = p.id AND (?2 IS NULL OR rule_hit.org_id = ?2)) AS total
FROM p
LEFT JOIN rule_hit AS h ON h.cluster_id = p.id AND h.recommendation_id IN (
    SELECT rule_hit.recommendation_id
    FROM rule_hit
    JOIN recommendation ON recommendation.id = rule_hit.recommendation_id
    WHERE rule_hit.cluster_id = p.id
      AND (?2 IS NULL OR rule_hit.org_id = ?2)
      AND recommendation.selector > ?3
    ORDER BY recommendation.selector
    LIMIT ?4
)
LEFT JOIN recommendation AS r ON r.id = h.recommendation_id
ORDER BY p.id, r.selector
