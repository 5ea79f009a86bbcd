-- Writes facts of recommendations. Arrays must not contain nulls: 0, -1 and the empty text represent null, and a
-- recommendation without a total risk has no facts.
UPDATE recommendation
SET total_risk = nullif(n.total_risk, 0),
    likelihood = nullif(n.likelihood, 0),
    impact = nullif(n.impact, 0),
    resolution_risk = nullif(n.resolution_risk, 0),
    for_managed = nullif(n.for_managed, -1)::boolean,
    published_at = nullif(n.published_at, '')::timestamptz,
    description = CASE WHEN n.total_risk <> 0 THEN n.description END
FROM unnest($1::int[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::text[], $8::text[])
    AS n (id, total_risk, likelihood, impact, resolution_risk, for_managed, published_at, description)
WHERE recommendation.id = n.id
