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
-- A stock may stop trading: only sessions between its own first and last bar are missed. Most stocks miss none.
gap AS (
    SELECT bar.instrument_id, bar.first_session, bar.last_session
    FROM bar
    JOIN core.session AS began ON began.session = bar.first_session
    JOIN core.session AS ended ON ended.session = bar.last_session
    WHERE bar.asset_class = 'stock' AND bar.bars <= ended.session_number - began.session_number
),
every_missing AS (
    SELECT 'index' AS asset_class, instrument_id, session FROM core.missing_session
    UNION ALL
    SELECT 'stock' AS asset_class, gap.instrument_id, session.session
    FROM gap
    JOIN core.session AS session ON session.session BETWEEN gap.first_session AND gap.last_session
    ANTI JOIN (SELECT instrument_id, session FROM core.stock_bar SEMI JOIN gap USING (instrument_id)) AS present
        ON present.instrument_id = gap.instrument_id AND present.session = session.session
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
-- The newest session that any instrument has, or that a live source should have given.
newest AS (
    SELECT max(session_number) AS session_number
    FROM core.session
    WHERE session <= greatest((SELECT max(session) FROM every_bar), (SELECT max(session) FROM core.missing_session))
),
found AS (
    SELECT
        asset_class,
        instrument_id,
        sum(row_count) FILTER (severity = 'reject') AS rejected_rows,
        string_agg(rule || ': ' || row_count, ', ' ORDER BY rule) FILTER (severity = 'reject') AS rejected_by_rule,
        string_agg(rule || ': ' || row_count, ', ' ORDER BY rule) FILTER (severity = 'quarantine')
            AS quarantined_by_rule,
        string_agg(rule || ': ' || row_count, ', ' ORDER BY rule) FILTER (
            severity = 'warn' AND rule <> 'missing_session'
        ) AS warned_by_rule
    FROM serve.quality_finding
    GROUP BY asset_class, instrument_id
),
held AS (
    SELECT asset_class, instrument_id, count(*) AS quarantined_bars
    FROM core.quarantined_bar
    GROUP BY asset_class, instrument_id
),
every_warning AS (
    SELECT 'index' AS asset_class, instrument_id, session FROM core.bar_warning
    UNION
    SELECT 'index' AS asset_class, instrument_id, session FROM core.source_gap WHERE is_beyond
    UNION
    SELECT 'stock' AS asset_class, instrument_id, session FROM core.stock_bar_warning
),
warned AS (
    SELECT asset_class, instrument_id, count(*) AS warned_bars
    FROM every_warning
    GROUP BY asset_class, instrument_id
),
compared AS (
    SELECT 'index' AS asset_class, instrument_id, count(*) AS compared_sessions, count_if(is_beyond) AS gap_sessions
    FROM core.source_gap
    GROUP BY instrument_id
),
instrument AS (
    SELECT 'index' AS asset_class, instrument_id FROM core.instrument
    UNION
    SELECT asset_class, instrument_id FROM bar
    UNION
    SELECT asset_class, instrument_id FROM found WHERE asset_class = 'stock'
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
    (SELECT session_number FROM newest) - ended.session_number AS sessions_behind,
    coalesce(found.rejected_rows, 0)::BIGINT AS rejected_rows,
    found.rejected_by_rule,
    coalesce(held.quarantined_bars, 0) AS quarantined_bars,
    found.quarantined_by_rule,
    coalesce(warned.warned_bars, 0) AS warned_bars,
    found.warned_by_rule,
    compared.compared_sessions,
    compared.gap_sessions::BIGINT AS gap_sessions
FROM instrument
LEFT JOIN bar USING (asset_class, instrument_id)
LEFT JOIN core.session AS ended ON ended.session = bar.last_session
LEFT JOIN missing USING (asset_class, instrument_id)
LEFT JOIN found USING (asset_class, instrument_id)
LEFT JOIN held USING (asset_class, instrument_id)
LEFT JOIN warned USING (asset_class, instrument_id)
LEFT JOIN compared USING (asset_class, instrument_id)
