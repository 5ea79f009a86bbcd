-- The numbers of those selectors that the dictionary has.
SELECT id, selector
FROM recommendation
WHERE selector = ANY ($1::text[])
