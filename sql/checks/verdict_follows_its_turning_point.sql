-- claim: A relative verdict starts at a turning point of the ratio and is confirmed later, never from the future.
-- table: serve.relative_regime
-- severity: error
SELECT pair_id, session, verdict, since, confirmed_session
FROM serve.relative_regime
WHERE since > confirmed_session OR confirmed_session > session OR since IS DISTINCT FROM
    CASE WHEN verdict <> 'none' THEN turning_extreme_session END
