-- claim: The spells of a series and horizon follow on one another without gap or overlap, and only the last is open.
-- table: serve.trend_spell
-- severity: error
WITH numbered AS (
    SELECT series_id, session, row_number() OVER (PARTITION BY series_id ORDER BY session) AS position
    FROM core.series_price
),
spell AS (
    SELECT
        spell.*,
        lead(onset_session) OVER (PARTITION BY series_id, horizon ORDER BY spell_number) AS next_onset
    FROM serve.trend_spell AS spell
)
SELECT spell.series_id, spell.horizon, spell.spell_number, spell.end_session, spell.next_onset
FROM spell
LEFT JOIN numbered AS ended ON ended.series_id = spell.series_id AND ended.session = spell.end_session
LEFT JOIN numbered AS following ON following.series_id = spell.series_id AND following.session = spell.next_onset
WHERE (spell.end_session IS NULL) <> (spell.next_onset IS NULL)
    OR (spell.next_onset IS NOT NULL AND following.position IS DISTINCT FROM ended.position + 1)
