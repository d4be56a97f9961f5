WITH regime AS (
    SELECT
        instrument.instrument_id,
        regime.session,
        string_agg(regime.pair_id || ' ' || regime.regime_statement, '; ' ORDER BY regime.pair_id) AS relative_regimes
    FROM core.relative_regime AS regime
    JOIN core.ratio_pair AS pair USING (pair_id)
    JOIN core.instrument AS instrument
        ON instrument.instrument_id IN (pair.numerator_id, pair.denominator_id)
    GROUP BY instrument.instrument_id, regime.session
),
-- Stretches are laid out by session number: far cheaper than comparing dates of every bar and every stretch.
laid_out AS (
    SELECT
        state.*,
        unnest(
            range(
                began.session_number,
                coalesce(ended.session_number, (SELECT max(session_number) FROM core.session)) + 1
            )
        ) AS session_number
    FROM core.level_state AS state
    JOIN core.session AS began ON began.session = state.valid_from
    LEFT JOIN core.session AS ended ON ended.session = state.valid_to
    WHERE state.state NOT IN ('pending', 'expired', 'superseded')
),
standing AS (
    SELECT
        state.instrument_id,
        bar.session,
        bar.close,
        state.level_id,
        state.origin,
        state.role,
        state.state,
        state.evaluated_low,
        state.evaluated_high,
        -- A level that holds the close inside counts on the side it has.
        CASE
            WHEN state.evaluated_low > bar.close THEN 'resistance'
            WHEN state.evaluated_high < bar.close THEN 'support'
            ELSE state.side
        END AS place,
        CASE
            WHEN state.evaluated_low > bar.close THEN state.evaluated_low - bar.close
            WHEN state.evaluated_high < bar.close THEN state.evaluated_high - bar.close
            ELSE 0
        END AS distance
    FROM laid_out AS state
    JOIN core.session AS session ON session.session_number = state.session_number
    JOIN core.bar AS bar ON bar.instrument_id = state.instrument_id AND bar.session = session.session
),
-- Of equally near levels the published one comes first.
nearest AS (
    SELECT unnest(min_by(standing, (abs(distance), origin = 'detected', level_id)))
    FROM standing
    GROUP BY instrument_id, session, place
),
near AS (
    SELECT
        nearest.*,
        CASE nearest.origin WHEN 'published' THEN nearest.role ELSE zone.kinds END AS kinds,
        nearest.distance / nearest.close * 100 AS distance_pct
    FROM nearest
    -- A detected level is the zone as it was known at the close before.
    ASOF LEFT JOIN core.zone AS zone ON zone.zone_id = nearest.level_id AND zone.valid_from < nearest.session
),
of_date AS (
    SELECT index_id, as_of, min(first_known_from) AS known_from
    FROM core.membership
    GROUP BY index_id, as_of
),
-- Holdings of an older date that came later do not take the place of newer ones.
holdings AS (
    SELECT index_id, known_from, max(as_of) OVER (PARTITION BY index_id ORDER BY known_from) AS as_of
    FROM of_date
)
SELECT
    bar.instrument_id,
    bar.session,
    instrument.name,
    bar.close,
    period.day_return_pct,
    period.day_reason,
    period.wtd_return_pct,
    period.wtd_reason,
    period.mtd_return_pct,
    period.mtd_reason,
    period.qtd_return_pct,
    period.qtd_reason,
    period.ytd_return_pct,
    period.ytd_reason,
    period.mtd_rank,
    period.qtd_rank,
    period.ytd_rank,
    average.sma_20,
    average.sma_50,
    average.sma_200,
    average.atr_14,
    average.reason_20,
    average.reason_50,
    average.reason_200,
    average.atr_reason,
    average.slope_50_bp_per_day,
    average.slope_200_bp_per_day,
    average.distance_sma_50_pct,
    average.distance_sma_200_pct,
    state.medium_label,
    state.medium_phase,
    state.medium_since,
    state.medium_age_sessions,
    state.medium_is_supported,
    state.medium_reason,
    state.major_label,
    state.major_phase,
    state.major_since,
    state.major_age_sessions,
    state.major_is_supported,
    state.major_reason,
    state.statement,
    state.is_multi_week_decline,
    record_close.record AS record_close,
    record_close.record_session AS record_close_session,
    record_close.is_new_record AS record_close_is_new,
    record_intraday.record AS record_intraday,
    record_intraday.record_session AS record_intraday_session,
    record_intraday.record_reason AS record_intraday_reason,
    record_intraday.is_new_record AS record_intraday_is_new,
    record_close.drawdown_pct,
    record_intraday.drawdown_pct AS intraday_drawdown_pct,
    record_close.sessions_since AS sessions_since_record_close,
    record_close.history_from,
    record_close.is_all_time,
    regime.relative_regimes,
    support.level_id AS nearest_support_id,
    support.evaluated_low AS nearest_support_low,
    support.evaluated_high AS nearest_support_high,
    support.state AS nearest_support_state,
    support.kinds AS nearest_support_kinds,
    support.distance_pct AS nearest_support_distance_pct,
    resistance.level_id AS nearest_resistance_id,
    resistance.evaluated_low AS nearest_resistance_low,
    resistance.evaluated_high AS nearest_resistance_high,
    resistance.state AS nearest_resistance_state,
    resistance.kinds AS nearest_resistance_kinds,
    resistance.distance_pct AS nearest_resistance_distance_pct,
    holdings.as_of AS holdings_as_of,
    largest.sector AS largest_sector,
    largest.weight_share AS largest_sector_share,
    CASE
        WHEN holdings.as_of IS NULL THEN 'no_holdings'
        WHEN largest.sector IS NULL THEN 'no_sectors'
    END AS largest_sector_reason,
    exposure.domestic_share,
    CASE WHEN exposure.index_id IS NULL THEN 'no_holdings' ELSE exposure.null_reason END AS domestic_share_reason,
    above_50.value AS members_above_50_pct,
    CASE
        WHEN above_50.index_id IS NOT NULL THEN above_50.null_reason
        WHEN bar.instrument_id IN (SELECT index_id FROM core.member_spell) THEN 'no_bars'
        ELSE 'no_membership'
    END AS members_above_50_reason,
    above_200.value AS members_above_200_pct,
    CASE
        WHEN above_200.index_id IS NOT NULL THEN above_200.null_reason
        WHEN bar.instrument_id IN (SELECT index_id FROM core.member_spell) THEN 'no_bars'
        ELSE 'no_membership'
    END AS members_above_200_reason,
    instrument.is_synthetic
FROM core.bar AS bar
JOIN core.instrument AS instrument USING (instrument_id)
JOIN core.moving_average AS average ON average.series_id = bar.instrument_id AND average.session = bar.session
JOIN core.trend_state AS state ON state.series_id = bar.instrument_id AND state.session = bar.session
JOIN core.record_state AS record_close
    ON record_close.series_id = bar.instrument_id
    AND record_close.session = bar.session
    AND record_close.basis = 'close'
JOIN core.record_state AS record_intraday
    ON record_intraday.series_id = bar.instrument_id
    AND record_intraday.session = bar.session
    AND record_intraday.basis = 'intraday'
LEFT JOIN core.period_to_date AS period
    ON period.instrument_id = bar.instrument_id AND period.session = bar.session AND period.universe_id = 'us_index_4'
LEFT JOIN regime ON regime.instrument_id = bar.instrument_id AND regime.session = bar.session
LEFT JOIN near AS support
    ON support.instrument_id = bar.instrument_id
    AND support.session = bar.session
    AND support.place = 'support'
LEFT JOIN near AS resistance
    ON resistance.instrument_id = bar.instrument_id
    AND resistance.session = bar.session
    AND resistance.place = 'resistance'
-- The newest holdings that were known once the session had settled, as corrected since.
JOIN core.session AS session ON session.session = bar.session
ASOF LEFT JOIN holdings
    ON holdings.index_id = bar.instrument_id AND holdings.known_from <= session.settles_at
LEFT JOIN core.sector_weight AS largest
    ON largest.index_id = holdings.index_id AND largest.as_of = holdings.as_of AND largest.rank = 1
LEFT JOIN core.revenue_exposure AS exposure
    ON exposure.index_id = holdings.index_id
    AND exposure.as_of = holdings.as_of
    AND exposure.sector = 'ALL'
    AND exposure.aggregation = 'cap_weighted'
    AND exposure.basis = 'reported'
LEFT JOIN core.breadth AS above_50
    ON above_50.index_id = bar.instrument_id
    AND above_50.sector = 'ALL'
    AND above_50.session = bar.session
    AND above_50.measure = 'pct_above_50'
LEFT JOIN core.breadth AS above_200
    ON above_200.index_id = bar.instrument_id
    AND above_200.sector = 'ALL'
    AND above_200.session = bar.session
    AND above_200.measure = 'pct_above_200'
