-- question: Which bars did the vendor restate after they were known, by how much, and how many states did it move?
SELECT
    instrument_id,
    session,
    known_from,
    kind,
    earlier_close,
    close,
    close_change_bp,
    is_material,
    states_moved
FROM serve.revision
WHERE asset_class = 'index'
ORDER BY known_from DESC, instrument_id, session
LIMIT 50
