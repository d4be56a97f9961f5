-- question: Which were the longest waits of an index from one record close to the next?
SELECT
    record.instrument_id,
    record.previous_session AS waited_from,
    record.session AS waited_to,
    ended.session_number - began.session_number AS sessions,
    record.previous_value,
    record.value
FROM serve.record_high AS record
JOIN serve.instrument USING (instrument_id)
JOIN serve.session AS began ON began.session = record.previous_session
JOIN serve.session AS ended ON ended.session = record.session
WHERE record.basis = 'close' AND record.event = 'fresh'
ORDER BY sessions DESC
LIMIT 10
