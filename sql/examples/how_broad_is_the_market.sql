-- question: How broad was each index on its last session with members: averages, advances, highs and lows?
SELECT
    index_id,
    session,
    measure,
    round(value, 1) AS value,
    eligible,
    members,
    null_reason,
    membership_quality
FROM serve.breadth
WHERE sector = 'ALL'
    AND measure IN ('pct_above_50', 'pct_above_200', 'advances', 'declines', 'new_highs_252', 'new_lows_252')
QUALIFY session = max(session) OVER (PARTITION BY index_id)
ORDER BY index_id, measure
