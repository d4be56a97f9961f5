-- question: Which bars did the vendor restate after they were known, by how much, and how many states did it move?
SELECT
    asset_class,
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
WHERE is_material OR states_moved > 0
ORDER BY known_from DESC, asset_class, instrument_id, session
LIMIT 50
