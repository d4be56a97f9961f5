-- question: Which companies of the S&P 500 earn the most abroad, and how do their reports say so?
SELECT
    company.symbol,
    company.company_name,
    company.period_end,
    round(company.total_revenue / 1e9, 2) AS revenue_bn,
    company.unit_of_measure AS currency,
    round((1 - company.domestic_share) * 100, 1) AS abroad_pct,
    company.method,
    company.flags
FROM serve.company_revenue AS company
JOIN members_as_of('SPX', DATE '2024-12-06') AS member
    ON member.company_id = company.company_id AND member.as_of = company.as_of
WHERE company.domestic_share IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY company.company_id ORDER BY member.weight_share DESC) = 1
ORDER BY abroad_pct DESC, company.symbol
LIMIT 20
