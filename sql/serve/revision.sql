WITH change AS (
    SELECT
        *,
        CASE WHEN subject_kind = 'stock_trend' THEN 'stock' ELSE 'index' END AS asset_class,
        -- A pair stands on both of its instruments; the symbol of a stock may have a stroke in it.
        unnest(
            CASE WHEN subject_kind = 'stock_trend' THEN [series_id] ELSE string_split(series_id, '/') END
        ) AS instrument_id
    FROM core.state_change
    WHERE cause = 'vendor_revision'
),
-- A change lies between two builds, and so does each version that can have made it: of a session up to the change's.
moved AS (
    SELECT
        revision.asset_class,
        revision.instrument_id,
        revision.session,
        revision.bar_version,
        count(*) AS states_moved,
        string_agg(
            change.subject_id || ' ' || change.aspect || ' ' || change.first_session
            || CASE WHEN change.last_session > change.first_session THEN ' to ' || change.last_session ELSE '' END
            || CASE
                WHEN change.stretches > 1
                THEN ' (' || change.changed_sessions || ' sessions in ' || change.stretches || ' stretches, at last)'
                ELSE ''
            END
            || ': ' || coalesce(change.from_state, 'none') || ' -> ' || coalesce(change.to_state, 'none'),
            '; '
            ORDER BY change.comparison_number, change.subject_kind, change.subject_id, change.aspect, change.first_session
        ) AS states
    FROM core.bar_revision AS revision
    JOIN change
        ON change.asset_class = revision.asset_class
        AND change.instrument_id = revision.instrument_id
        AND change.first_session >= revision.session
        AND change.previous_known_at < revision.known_from
        AND change.known_at >= revision.known_from
    WHERE revision.kind <> 'volume'
    GROUP BY revision.asset_class, revision.instrument_id, revision.session, revision.bar_version
)
SELECT
    revision.*,
    coalesce(moved.states_moved, 0) AS states_moved,
    moved.states,
    (SELECT bool_or(is_synthetic) FROM core.instrument) AS is_synthetic
FROM core.bar_revision AS revision
LEFT JOIN moved
    ON moved.asset_class = revision.asset_class
    AND moved.instrument_id = revision.instrument_id
    AND moved.session = revision.session
    AND moved.bar_version = revision.bar_version
