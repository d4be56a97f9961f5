-- question: Do levels hold more often than the same ones moved at random?
SELECT
    instrument_id,
    author,
    kind,
    tests,
    round(hold_rate_pct, 1) AS hold_rate_pct,
    round(placebo_hold_rate_pct, 1) AS placebo_pct,
    round(placebo_sd_pct_points, 1) AS placebo_sd,
    round(hold_excess_pct_points, 1) AS excess,
    reason
FROM serve.level_statistics
ORDER BY instrument_id, author, tests DESC
