-- The numbers of those selectors that the dictionary has.
SELECT id, selector
FROM recommendation
WHERE selector IN (SELECT value ->> 0 FROM json_each(?1))
