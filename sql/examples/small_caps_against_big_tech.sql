-- question: What did the Russell 2000 do against the Nasdaq-100 in the last spells of their ratio?
SELECT
    phase,
    onset_session,
    end_session,
    age_sessions,
    round(entry_close, 6) AS entry_ratio,
    round(run_up_pct, 2) AS run_up_pct,
    round(drawdown_pct, 2) AS drawdown_pct
FROM serve.trend_spell
WHERE series_id = 'RUT/NDX' AND horizon = 'medium'
ORDER BY spell_number DESC
LIMIT 5
