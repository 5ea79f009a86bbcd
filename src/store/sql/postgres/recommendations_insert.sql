-- Inserts new selectors, in their order and after all clusters are locked, so that two batches with the same new
-- selectors, or a batch and the facts of content, may wait for each other but never deadlock.
INSERT INTO recommendation (selector, rule_fqdn, error_key)
SELECT n.selector, n.rule_fqdn, n.error_key
FROM unnest($1::text[], $2::text[], $3::text[]) AS n (selector, rule_fqdn, error_key)
ON CONFLICT (selector) DO NOTHING
