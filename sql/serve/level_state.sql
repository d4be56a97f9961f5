-- kind: view
WITH
stretch AS (
    SELECT
        state.*,
        began.session_number AS first_number,
        coalesce(ended.session_number, (SELECT max(session_number) FROM core.session)) AS last_number
    FROM core.level_state AS state
    JOIN core.session AS began ON began.session = state.valid_from
    LEFT JOIN core.session AS ended ON ended.session = state.valid_to
),
-- A detected level is the zone as it was known at the close before, until the session on which that was known anew.
known AS (
    SELECT
        zone.instrument_id,
        zone.zone_id,
        zone.kinds,
        zone.n_pivots,
        session.session_number AS known_number,
        coalesce(
            lead(session.session_number) OVER (PARTITION BY zone.instrument_id, zone.zone_id ORDER BY zone.valid_from),
            (SELECT max(session_number) FROM core.session)
        ) AS last_number
    FROM core.zone AS zone
    JOIN core.session AS session ON session.session = zone.valid_from
),
-- Stretches are laid out by session number: far cheaper than comparing dates of every bar and every stretch.
laid_out AS (
    SELECT
        stretch.*,
        known.kinds,
        known.n_pivots,
        unnest(
            range(
                greatest(stretch.first_number, known.known_number + 1),
                least(stretch.last_number, known.last_number) + 1
            )
        ) AS session_number
    FROM stretch
    LEFT JOIN known
        ON known.instrument_id = stretch.instrument_id
        AND known.zone_id = stretch.level_id
        AND known.known_number < stretch.last_number
        AND known.last_number >= stretch.first_number
),
standing AS (
    SELECT
        state.*,
        bar.session,
        bar.close,
        average.atr_14,
        instrument.is_synthetic,
        level.author,
        level.basis_flag,
        CASE
            WHEN state.evaluated_low > bar.close THEN state.evaluated_low - bar.close
            WHEN state.evaluated_high < bar.close THEN state.evaluated_high - bar.close
            ELSE 0
        END AS distance,
        -- A level that was turned stands with the key and intermediate ones of its new side.
        CASE WHEN ends_with(state.role, state.side) THEN coalesce(level.order_in_chain, 0) ELSE 0 END AS place_in_chain,
        CASE state.side WHEN 'support' THEN -state.evaluated_high ELSE state.evaluated_low END AS outwards,
        state.state IN ('broken', 'cleared', 'expired', 'superseded') AS gave_way
    FROM laid_out AS state
    JOIN core.session AS session ON session.session_number = state.session_number
    JOIN core.bar AS bar ON bar.instrument_id = state.instrument_id AND bar.session = session.session
    JOIN core.instrument AS instrument ON instrument.instrument_id = state.instrument_id
    JOIN core.moving_average AS average ON average.series_id = bar.instrument_id AND average.session = bar.session
    LEFT JOIN core.level AS level ON level.level_id = state.level_id
)
SELECT
    level_id,
    session,
    instrument_id,
    origin,
    set_id,
    author,
    role,
    side,
    low,
    high,
    evaluated_low,
    evaluated_high,
    basis_flag,
    kinds,
    n_pivots,
    close,
    distance / close * 100 AS distance_pct,
    distance / atr_14 AS distance_atr,
    state,
    state_since,
    test_count,
    last_event,
    last_event_session,
    -- Down the chain of a published set, else outwards by price, the first that has not given way.
    first_value(CASE WHEN NOT gave_way THEN level_id END IGNORE NULLS) OVER (
        PARTITION BY instrument_id, session, origin, set_id, side
        ORDER BY place_in_chain, outwards, level_id
        ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS next_exposed,
    is_exposed,
    thesis_state,
    first_intraday,
    first_close,
    confirmed_two_closes,
    confirmed_atr,
    is_synthetic
FROM standing
