SELECT company_revenue.*, (SELECT bool_or(is_synthetic) FROM core.instrument) AS is_synthetic
FROM core.company_revenue AS company_revenue
