-- description: Levels that stand within a tenth of the close on the last session, and all published ones.
-- table: serve.level_state
SELECT *
FROM serve.level_state
WHERE session = (SELECT max(session) FROM serve.index_overview)
    AND (abs(distance_pct) <= 10 OR origin = 'published')
