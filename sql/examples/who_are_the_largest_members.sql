-- question: Who were the ten largest members of the S&P 500 by the holdings known at the end of 2024?
SELECT symbol, company_name, sector, round(weight_share * 100, 2) AS weight_pct, as_of, fund_id
FROM members_as_of('SPX', DATE '2024-12-31')
LIMIT 10
