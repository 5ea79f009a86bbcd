-- A page of hits, by selector, for each of many clusters; total and details only where they are asked for.
SELECT p.id AS parent, h.selector, h.impacted_since, h.details, t.total
FROM unnest($1::uuid[]) AS p (id)
LEFT JOIN LATERAL (
    SELECT r.selector, rule_hit.impacted_since, CASE WHEN $6::bool THEN rule_hit.details END AS details
    FROM rule_hit
    JOIN recommendation AS r ON r.id = rule_hit.recommendation_id
    WHERE rule_hit.cluster_id = p.id
      AND ($2::bigint IS NULL OR rule_hit.org_id = $2)
      AND r.selector > $3
    ORDER BY r.selector
    LIMIT $4
) AS h ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS total
    FROM rule_hit
    WHERE $5::bool AND rule_hit.cluster_id = p.id AND ($2::bigint IS NULL OR rule_hit.org_id = $2)
) AS t ON true
ORDER BY p.id, h.selector
