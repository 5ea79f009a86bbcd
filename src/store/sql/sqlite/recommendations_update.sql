-- Writes facts of recommendations: 0 and -1 represent null, and a recommendation without a total risk has no facts.
UPDATE recommendation
SET total_risk = nullif(n.value ->> 1, 0),
    likelihood = nullif(n.value ->> 2, 0),
    impact = nullif(n.value ->> 3, 0),
    resolution_risk = nullif(n.value ->> 4, 0),
    for_managed = nullif(n.value ->> 5, -1),
    published_at = n.value ->> 6,
    description = CASE WHEN n.value ->> 1 <> 0 THEN n.value ->> 7 END
FROM json_each(?1) AS n
WHERE recommendation.id = n.value ->> 0
