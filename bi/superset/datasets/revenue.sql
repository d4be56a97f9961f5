-- description: Revenue from the United States by weight, with what is covered: one row per index, sector and
-- basis (companies that report, or also those that report no split, taken as domestic).
-- table: serve.revenue_exposure
-- domestic_pct: Share of revenue from the United States. [per cent]
-- international_pct: Hundred less the domestic share. [per cent]
-- domestic_low_pct: Least domestic share that the reports allow. [per cent]
-- domestic_high_pct: Largest domestic share that the reports allow. [per cent]
-- coverage_pct: Weight of the companies covered in that of all. [per cent]
-- instrument_id: Index whose members are meant, such as SPX.
SELECT
    index_id AS instrument_id,
    as_of,
    sector,
    basis,
    domestic_share * 100 AS domestic_pct,
    international_share * 100 AS international_pct,
    domestic_share_low * 100 AS domestic_low_pct,
    domestic_share_high * 100 AS domestic_high_pct,
    coverage_weight_share * 100 AS coverage_pct,
    companies_covered,
    companies_total,
    null_reason,
    is_synthetic
FROM serve.revenue_exposure
WHERE aggregation = 'cap_weighted'
QUALIFY as_of = max(as_of) OVER (PARTITION BY index_id)
