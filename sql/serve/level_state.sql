-- kind: view
WITH
-- Stretches of sessions are laid out by ordinal: far cheaper than comparing dates of every bar and every stretch.
numbered AS (
    SELECT instrument_id, session, close, row_number() OVER (PARTITION BY instrument_id ORDER BY session) AS number
    FROM core.bar
),
extent AS (
    SELECT instrument_id, max(number) AS last_number
    FROM numbered
    GROUP BY instrument_id
),
laid_out AS (
    SELECT state.*, unnest(range(began.number, coalesce(ended.number, extent.last_number) + 1)) AS number
    FROM core.level_state AS state
    JOIN extent ON extent.instrument_id = state.instrument_id
    JOIN numbered AS began ON began.instrument_id = state.instrument_id AND began.session = state.valid_from
    LEFT JOIN numbered AS ended ON ended.instrument_id = state.instrument_id AND ended.session = state.valid_to
),
standing AS (
    SELECT
        state.*,
        bar.session,
        bar.close,
        average.atr_14,
        instrument.is_synthetic,
        CASE
            WHEN state.evaluated_low > bar.close THEN state.evaluated_low - bar.close
            WHEN state.evaluated_high < bar.close THEN state.evaluated_high - bar.close
            ELSE 0
        END AS distance
    FROM laid_out AS state
    JOIN numbered AS bar ON bar.instrument_id = state.instrument_id AND bar.number = state.number
    JOIN core.instrument AS instrument ON instrument.instrument_id = state.instrument_id
    JOIN core.moving_average AS average ON average.series_id = bar.instrument_id AND average.session = bar.session
)
SELECT
    standing.level_id,
    standing.session,
    standing.instrument_id,
    standing.origin,
    standing.set_id,
    level.author,
    standing.role,
    standing.side,
    standing.low,
    standing.high,
    standing.evaluated_low,
    standing.evaluated_high,
    level.basis_flag,
    zone.kinds,
    zone.n_pivots,
    standing.close,
    standing.distance / standing.close * 100 AS distance_pct,
    standing.distance / standing.atr_14 AS distance_atr,
    standing.state,
    standing.state_since,
    standing.test_count,
    standing.last_event,
    standing.last_event_session,
    -- Down the chain of a published set, else outwards by price, the first that has not given way.
    first_value(
        CASE WHEN standing.state NOT IN ('broken', 'cleared', 'expired', 'superseded') THEN standing.level_id END
        IGNORE NULLS
    ) OVER (
        PARTITION BY standing.instrument_id, standing.session, standing.origin, standing.set_id, standing.side
        ORDER BY
            coalesce(level.order_in_chain, 0),
            CASE standing.side WHEN 'support' THEN -standing.evaluated_high ELSE standing.evaluated_low END,
            standing.level_id
        ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS next_exposed,
    standing.is_exposed,
    standing.thesis_state,
    standing.first_intraday,
    standing.first_close,
    standing.confirmed_two_closes,
    standing.confirmed_atr,
    standing.is_synthetic
FROM standing
LEFT JOIN core.level AS level ON level.level_id = standing.level_id
-- A detected level is the zone as it was known at the close before.
ASOF LEFT JOIN core.zone AS zone ON zone.zone_id = standing.level_id AND zone.valid_from < standing.session
