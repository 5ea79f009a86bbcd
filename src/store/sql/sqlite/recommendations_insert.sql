-- Inserts new selectors.
INSERT INTO recommendation (selector, rule_fqdn, error_key)
SELECT value ->> 0, value ->> 1, value ->> 2
FROM json_each(?1)
WHERE true
ON CONFLICT (selector) DO NOTHING
