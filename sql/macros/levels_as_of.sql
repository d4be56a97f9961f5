-- answers: Every level of an instrument and its state at the close of a session, or of the last one before a date,
-- from the highest to the lowest: the columns of serve.level_state, those that one looks for first in front.
-- example: FROM levels_as_of('RUT', '2024-12-02')
CREATE MACRO levels_as_of(instrument, as_of) AS TABLE
SELECT
    state.level_id,
    state.evaluated_low,
    state.evaluated_high,
    state.distance_pct,
    state.side,
    state.state,
    state.state_since,
    state.next_exposed,
    state.session,
    state.close,
    state.* EXCLUDE (
        level_id, evaluated_low, evaluated_high, distance_pct, side, state, state_since, next_exposed, session, close
    )
FROM serve.level_state AS state
WHERE state.instrument_id = instrument
    AND state.session = (
        SELECT max(bar.session)
        FROM core.bar AS bar
        WHERE bar.instrument_id = instrument AND bar.session <= CAST(as_of AS DATE)
    )
ORDER BY state.evaluated_high DESC, state.evaluated_low DESC, state.level_id
