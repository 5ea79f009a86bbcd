-- Selectors that are new to the dictionary, in their order, after all clusters are locked: so two batches with
-- the same new selectors wait for each other and never in a circle.
INSERT INTO recommendation (selector, rule_fqdn, error_key)
SELECT n.selector, n.rule_fqdn, n.error_key
FROM unnest($1::text[], $2::text[], $3::text[]) AS n (selector, rule_fqdn, error_key)
ON CONFLICT (selector) DO NOTHING
