-- answers: Where an index stood at the close of a session, or of the last one before a date: one wide row, as in
-- serve.index_overview.
-- example: FROM overview_as_of('RUT', '2024-12-02')
CREATE MACRO overview_as_of(index_name, asked) AS TABLE
SELECT overview.*
FROM serve.index_overview AS overview
WHERE overview.instrument_id = index_name
    AND overview.session = (
        SELECT max(bar.session)
        FROM core.bar AS bar
        WHERE bar.instrument_id = index_name AND bar.session <= CAST(asked AS DATE)
    )
