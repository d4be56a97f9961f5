SELECT session, week, month, quarter, year, session_number, is_early_close
FROM core.session
