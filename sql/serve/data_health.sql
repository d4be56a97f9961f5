WITH bar AS (
    SELECT
        instrument_id,
        any_value(source) AS source,
        min(session) AS first_session,
        max(session) AS last_session,
        count(*) AS bars
    FROM core.bar
    GROUP BY instrument_id
),
missing AS (
    SELECT
        instrument_id,
        count(*) AS missing_sessions,
        min(session) AS first_missing_session,
        max(session) AS last_missing_session
    FROM core.missing_session
    GROUP BY instrument_id
),
-- A bar that came too early and was accepted later is no longer a finding.
standing_rejection AS (
    SELECT rejected_row.instrument_id, rejected_row.rule, count(*) AS row_count
    FROM raw.rejected_row AS rejected_row
    LEFT JOIN core.bar AS bar USING (instrument_id, session)
    WHERE rejected_row.rule <> 'session_not_closed' OR bar.session IS NULL
    GROUP BY rejected_row.instrument_id, rejected_row.rule
),
rejected AS (
    SELECT
        instrument_id,
        sum(row_count) AS rejected_rows,
        string_agg(rule || ': ' || row_count, ', ' ORDER BY rule) AS rejected_by_rule
    FROM standing_rejection
    GROUP BY instrument_id
)
SELECT
    instrument.instrument_id,
    coalesce(bar.source, 'none') AS source,
    instrument.is_synthetic,
    bar.first_session,
    bar.last_session,
    coalesce(bar.bars, 0) AS bars,
    coalesce(bar.bars, 0) + coalesce(missing.missing_sessions, 0) AS expected_sessions,
    coalesce(missing.missing_sessions, 0) AS missing_sessions,
    missing.first_missing_session,
    missing.last_missing_session,
    coalesce(rejected.rejected_rows, 0)::BIGINT AS rejected_rows,
    rejected.rejected_by_rule
FROM core.instrument AS instrument
LEFT JOIN bar USING (instrument_id)
LEFT JOIN missing USING (instrument_id)
LEFT JOIN rejected USING (instrument_id)
