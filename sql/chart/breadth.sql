-- title: Members above their averages
SELECT session, measure, value
FROM serve.breadth
WHERE index_id = $index
    AND sector = 'ALL'
    AND measure IN ('pct_above_50', 'pct_above_200')
    AND value IS NOT NULL
    AND session <= $session
QUALIFY dense_rank() OVER (ORDER BY session DESC) <= 320
ORDER BY measure DESC, session
