-- question: Which lines of the holdings files were not counted as members, and why?
SELECT fund_id, as_of, exclusion_reason, count(*) AS lines, string_agg(ticker, ', ' ORDER BY line) AS tickers
FROM serve.excluded_holding
GROUP BY fund_id, as_of, exclusion_reason
ORDER BY fund_id, as_of, exclusion_reason
