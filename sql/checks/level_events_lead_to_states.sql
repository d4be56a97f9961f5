-- claim: What an event says a level became is the state it has at that close.
-- table: serve.level_event
-- severity: error
SELECT event.level_id, event.session, event.cause, event.to_state, state.state
FROM core.level_event AS event
LEFT JOIN core.level_state AS state ON state.level_id = event.level_id AND state.valid_from = event.session
WHERE event.to_state IS DISTINCT FROM state.state
