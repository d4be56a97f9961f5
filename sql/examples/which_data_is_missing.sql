-- question: How complete are the bars of each index, and which rows were rejected?
SELECT
    instrument_id,
    source,
    first_session,
    last_session,
    bars,
    missing_sessions,
    first_missing_session,
    last_missing_session,
    rejected_by_rule
FROM serve.data_health
WHERE asset_class = 'index'
ORDER BY instrument_id
