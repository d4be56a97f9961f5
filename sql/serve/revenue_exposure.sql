WITH known AS (
    SELECT index_id, as_of, max(known_from) AS known_from
    FROM core.membership
    GROUP BY index_id, as_of
)
SELECT revenue_exposure.*, known.known_from, (SELECT bool_or(is_synthetic) FROM core.instrument) AS is_synthetic
FROM core.revenue_exposure AS revenue_exposure
JOIN known USING (index_id, as_of)
