WITH every_bar AS (
    SELECT 'index' AS asset_class, instrument_id, session, source FROM core.bar
    UNION ALL
    SELECT 'stock' AS asset_class, instrument_id, session, source FROM core.stock_bar
),
bar AS (
    SELECT
        asset_class,
        instrument_id,
        any_value(source) AS source,
        min(session) AS first_session,
        max(session) AS last_session,
        count(*) AS bars
    FROM every_bar
    GROUP BY asset_class, instrument_id
),
-- A stock may stop trading: only sessions between its own first and last bar are missed.
every_missing AS (
    SELECT 'index' AS asset_class, instrument_id, session FROM core.missing_session
    UNION ALL
    SELECT 'stock' AS asset_class, bar.instrument_id, session.session
    FROM bar
    JOIN core.session AS session ON session.session BETWEEN bar.first_session AND bar.last_session
    ANTI JOIN core.stock_bar AS present
        ON present.instrument_id = bar.instrument_id AND present.session = session.session
    WHERE bar.asset_class = 'stock'
),
missing AS (
    SELECT
        asset_class,
        instrument_id,
        count(*) AS missing_sessions,
        min(session) AS first_missing_session,
        max(session) AS last_missing_session
    FROM every_missing
    GROUP BY asset_class, instrument_id
),
-- A bar that came too early and was accepted later is no longer a finding.
standing_rejection AS (
    SELECT
        CASE rejected_row.raw_table WHEN 'stock_bar' THEN 'stock' ELSE 'index' END AS asset_class,
        rejected_row.instrument_id,
        rejected_row.rule,
        count(*) AS row_count
    FROM raw.rejected_row AS rejected_row
    LEFT JOIN every_bar AS bar
        ON bar.instrument_id = rejected_row.instrument_id
        AND bar.session = rejected_row.session
        AND bar.asset_class = CASE rejected_row.raw_table WHEN 'stock_bar' THEN 'stock' ELSE 'index' END
    WHERE coalesce(rejected_row.raw_table, 'bar') IN ('bar', 'stock_bar')
        AND (rejected_row.rule <> 'session_not_closed' OR bar.session IS NULL)
    GROUP BY ALL
),
rejected AS (
    SELECT
        asset_class,
        instrument_id,
        sum(row_count) AS rejected_rows,
        string_agg(rule || ': ' || row_count, ', ' ORDER BY rule) AS rejected_by_rule
    FROM standing_rejection
    GROUP BY asset_class, instrument_id
),
counted_warning AS (
    SELECT instrument_id, warning, count(*) AS bar_count
    FROM core.stock_bar_warning
    GROUP BY instrument_id, warning
),
warned AS (
    SELECT
        'stock' AS asset_class,
        instrument_id,
        string_agg(warning || ': ' || bar_count, ', ' ORDER BY warning) AS warned_by_rule
    FROM counted_warning
    GROUP BY instrument_id
),
warned_bar AS (
    SELECT 'stock' AS asset_class, instrument_id, count(DISTINCT session) AS warned_bars
    FROM core.stock_bar_warning
    GROUP BY instrument_id
),
instrument AS (
    SELECT 'index' AS asset_class, instrument_id FROM core.instrument
    UNION
    SELECT asset_class, instrument_id FROM bar
    UNION
    SELECT asset_class, instrument_id FROM rejected WHERE asset_class = 'stock'
)
SELECT
    instrument.instrument_id,
    instrument.asset_class,
    coalesce(bar.source, 'none') AS source,
    (SELECT bool_or(is_synthetic) FROM core.instrument) AS is_synthetic,
    bar.first_session,
    bar.last_session,
    coalesce(bar.bars, 0) AS bars,
    coalesce(bar.bars, 0) + coalesce(missing.missing_sessions, 0) AS expected_sessions,
    coalesce(missing.missing_sessions, 0) AS missing_sessions,
    missing.first_missing_session,
    missing.last_missing_session,
    coalesce(rejected.rejected_rows, 0)::BIGINT AS rejected_rows,
    rejected.rejected_by_rule,
    coalesce(warned_bar.warned_bars, 0) AS warned_bars,
    warned.warned_by_rule
FROM instrument
LEFT JOIN bar USING (asset_class, instrument_id)
LEFT JOIN missing USING (asset_class, instrument_id)
LEFT JOIN rejected USING (asset_class, instrument_id)
LEFT JOIN warned USING (asset_class, instrument_id)
LEFT JOIN warned_bar USING (asset_class, instrument_id)
