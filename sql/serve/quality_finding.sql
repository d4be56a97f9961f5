WITH every_bar AS (
    SELECT 'index' AS asset_class, instrument_id, session FROM core.bar
    UNION ALL
    SELECT 'stock' AS asset_class, instrument_id, session FROM core.stock_bar
),
rejected AS (
    SELECT
        CASE raw_table WHEN 'stock_bar' THEN 'stock' ELSE 'index' END AS asset_class,
        instrument_id,
        session,
        rule
    FROM raw.rejected_row
    WHERE coalesce(raw_table, 'bar') IN ('bar', 'stock_bar')
),
finding AS (
    -- A bar that came too early and was accepted later is no longer a finding.
    SELECT rejected.asset_class, rejected.instrument_id, rejected.rule
    FROM rejected
    LEFT JOIN every_bar AS bar
        ON bar.instrument_id = rejected.instrument_id
        AND bar.session = rejected.session
        AND bar.asset_class = rejected.asset_class
    WHERE rejected.rule <> 'session_not_closed' OR bar.session IS NULL
    UNION ALL
    SELECT asset_class, instrument_id, rule FROM core.quarantined_bar
    UNION ALL
    SELECT 'stock', instrument_id, left_out_reason FROM core.stock_action
    UNION ALL
    SELECT 'index', instrument_id, warning FROM core.bar_warning
    UNION ALL
    SELECT 'stock', instrument_id, warning FROM core.stock_bar_warning
    UNION ALL
    SELECT 'index', instrument_id, 'source_gap' FROM core.source_gap WHERE is_beyond
    UNION ALL
    SELECT 'index', instrument_id, 'missing_session' FROM core.missing_session
)
SELECT finding.asset_class, finding.instrument_id, rule.rule, rule.severity, count(*) AS row_count
FROM finding
JOIN core.quality_rule AS rule USING (rule)
GROUP BY ALL
