-- Finds the numbers of selectors that the table has.
SELECT id, selector
FROM recommendation
WHERE selector = ANY ($1::text[])
