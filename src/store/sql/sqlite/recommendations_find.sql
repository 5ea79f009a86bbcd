-- Finds the numbers of selectors that the table has.
SELECT id, selector
FROM recommendation
WHERE selector IN (SELECT value ->> 0 FROM json_each(?1))
