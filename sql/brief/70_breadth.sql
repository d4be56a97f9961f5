-- title: Breadth
-- key: measure
-- evidence: serve.breadth
SELECT measure, value, eligible, members, null_reason
FROM serve.breadth
WHERE index_id = $index AND session = $session AND sector = 'ALL'
ORDER BY measure
