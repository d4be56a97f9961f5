"""Levels through the main job: from an own level book and bars in files to the views, tables and macros of DuckDB.

What is expected is worked out here in polars and plain Python from the core tables, not by the SQL under test.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contracts import serve
from pipelines.defs.workspace import Workspace
from tests.defs.test_main_job import EVENING, FIRST, LAST, ask, failure, run, workspace, write_bars
from tests.seeds.level_books import book_text

PUBLISHED, REVISED, GAP = dt.date(2023, 9, 7), dt.date(2023, 11, 10), dt.date(2023, 10, 17)
ENDED, GAVE_WAY = ("expired", "superseded"), ("broken", "cleared", "expired", "superseded")
EVENT_COLUMNS = (
    "level_id, instrument_id, session, role, low, high, from_state, to_state, cause, origin, side, close, bar_high, "
    "bar_low, atr_before, tolerance, threshold"
)


def at_seven(day: dt.date) -> str:
    """Return a time of publication before the session of a day."""
    return f"{day}T07:00:00-05:00"


SET = {"set_id": "spx", "instrument_id": "SPX", "published_at": at_seven(PUBLISHED)}
KEY = {**SET, "level_id": "key", "role": "key_support", "low": "4840"}
"""The S&P falls from 4,855 to 4,801 in the six weeks after the publication, and rises to 5,220 from there."""
QUOTED = {"instrument_id": "RUT", "quote_instrument": "SPX", "role": "key_support"}
"""In index points of the Russell 2,180 to 2,220, which it closes inside of."""
BOOK = [
    KEY,
    {**SET, "level_id": "down-1", "role": "next_support", "low": "4825", "order_in_chain": "1"},
    {**SET, "level_id": "down-2", "role": "next_support", "low": "4780", "high": "4790", "order_in_chain": "2"},
    {**SET, "level_id": "middle", "role": "intermediate_resistance", "low": "4862"},
    {**SET, "level_id": "up-1", "role": "next_resistance", "low": "4890", "high": "4900", "order_in_chain": "1"},
    {**SET, "set_id": "brief", "level_id": "brief", "low": "4800", "valid_to": "2023-12-29"},
    {**SET, "set_id": "quoted", "level_id": "quoted", "low": "4860", "high": "4900", **QUOTED},
    {**SET, "set_id": "tomorrow", "level_id": "tomorrow", "published_at": at_seven(LAST + dt.timedelta(days=1))},
]
NEW_KEY = {**KEY, "level_id": "key-2", "low": "4815", "published_at": at_seven(REVISED), "supersedes": "key"}
ROLES = ["up-1", "middle", "key", "down-1", "down-2"]


def place_of(folder: Path, *levels: dict[str, str]) -> Workspace:
    """Write a book, and return a workspace that uses it."""
    book = folder / "own.csv"
    book.write_text(book_text(*levels))
    return workspace(folder, level_book=book)


def table(place: Workspace, sql: str) -> pl.DataFrame:
    with duckdb.connect(str(place.settings.database_path), read_only=True) as connection:
        return connection.sql(sql).pl()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A warehouse with own levels, in which the Dow has no bar on one session."""
    folder = tmp_path_factory.mktemp("levels")
    write_bars(folder / "files")
    dow = folder / "files" / "dji.csv"
    dow.write_text("".join(line for line in dow.read_text().splitlines(keepends=True) if not line.startswith(str(GAP))))
    place = place_of(folder, *BOOK)
    assert run(place).success
    return place


@pytest.fixture(scope="module")
def states(built: Workspace) -> pl.DataFrame:
    """Every level on every session of its rows in ``core.level_state``, with the bar of that session."""
    return (
        table(built, "FROM core.level_state")
        .join(table(built, "SELECT instrument_id, session, close FROM core.bar"), on="instrument_id")
        .filter(pl.col("session").is_between("valid_from", pl.coalesce("valid_to", "session")))
        .with_columns(
            distance=pl.when(pl.col("evaluated_low") > pl.col("close"))
            .then(pl.col("evaluated_low") - pl.col("close"))
            .when(pl.col("evaluated_high") < pl.col("close"))
            .then(pl.col("evaluated_high") - pl.col("close"))
            .otherwise(0.0)
        )
        .sort("level_id", "session")
    )


def known_before(states: pl.DataFrame, zones: pl.DataFrame) -> pl.DataFrame:
    """Add what each detected level was made of as known at the close before."""
    return states.sort("session").join_asof(
        zones.select("zone_id", "valid_from", "kinds", "n_pivots").sort("valid_from"),
        left_on="session",
        right_on="valid_from",
        by_left="level_id",
        by_right="zone_id",
        allow_exact_matches=False,
        check_sortedness=False,
        suffix="_of_zone",
    )


def next_ones(states: pl.DataFrame, chain: dict[str, int]) -> list[str | None]:
    """Return what is next when each level gives way: first those of the chain in its order, turned ones before them."""
    groups: dict[tuple[object, ...], list[tuple[int, float, str]]] = {}
    keys = []
    for row in states.iter_rows(named=True):
        is_turned = not row["role"].endswith(row["side"])
        outwards = row["evaluated_low"] if row["side"] == "resistance" else -row["evaluated_high"]
        group = tuple(row[name] for name in ("instrument_id", "session", "origin", "set_id", "side"))
        key = (0 if is_turned else chain.get(row["level_id"], 0), outwards, row["level_id"])
        keys.append((group, key))
        if row["state"] not in GAVE_WAY:
            groups.setdefault(group, []).append(key)
    return [
        min((other for other in groups.get(group, []) if other > key), default=(0,))[-1] or None for group, key in keys
    ]


def test_levels_of_the_book_arrive_but_for_one_published_after_the_clock(built: Workspace) -> None:
    found = ask(built, "SELECT level_id, book, valid_from, basis_flag FROM serve.level ORDER BY level_id")
    expected = [level["level_id"] for level in BOOK if level["level_id"] != "tomorrow"]
    flags = {"quoted": "adjusted"}
    assert found == [(name, "own", PUBLISHED, flags.get(name, "cash")) for name in sorted(expected)]
    assert ask(built, "SELECT count(*) FROM core.level_state WHERE level_id = 'tomorrow'") == [(0,)]
    assert built.settings.clock() == EVENING


def test_the_view_has_one_row_per_level_and_session(built: Workspace, states: pl.DataFrame) -> None:
    key = ["level_id", "session"]
    found = table(built, "FROM serve.level_state ORDER BY level_id, session")
    assert found.columns == serve.LevelState.column_names()
    assert found.select(key).is_unique().all()
    bars = table(built, "SELECT series_id AS instrument_id, session, atr_14 FROM core.moving_average")
    books = table(built, "SELECT level_id, author, basis_flag, order_in_chain FROM core.level")
    expected = (
        known_before(states, table(built, "FROM core.zone"))
        .join(books, on="level_id", how="left")
        .join(bars, on=["instrument_id", "session"])
        .sort(key)
        .with_columns(
            distance_pct=pl.col("distance") / pl.col("close") * 100,
            distance_atr=pl.col("distance") / pl.col("atr_14"),
            is_synthetic=False,
        )
    )
    chain = dict(books.drop_nulls("order_in_chain").select("level_id", "order_in_chain").rows())
    expected = expected.with_columns(next_exposed=pl.Series(next_ones(expected, chain), dtype=pl.String))
    assert_frame_equal(found, expected.select(found.columns), rel_tol=1e-12)
    assert {"published", "detected"} == set(found["origin"])
    assert found.null_count().row(0, named=True)["distance_atr"] == 0
    assert found.filter(pl.col("low") != pl.col("evaluated_low"))["level_id"].unique().to_list() == ["quoted"]


def test_a_level_that_ended_has_one_last_row(built: Workspace) -> None:
    rows = ask(
        built, "SELECT session, state FROM serve.level_state WHERE level_id = 'brief' ORDER BY session DESC LIMIT 2"
    )
    assert rows[0] == (dt.date(2024, 1, 2), "expired")
    assert rows[1][0] == dt.date(2023, 12, 29)
    assert rows[1][1] != "expired"


def test_nearest_levels_of_every_session_are_those_worked_out_by_hand(built: Workspace, states: pl.DataFrame) -> None:
    best: dict[tuple[object, ...], tuple[object, ...]] = {}
    for row in known_before(states, table(built, "FROM core.zone")).iter_rows(named=True):
        if row["state"] in ("pending", *ENDED):
            continue
        is_published = row["origin"] == "published"
        place = row["side"] if row["distance"] == 0 else "resistance" if row["distance"] > 0 else "support"
        at = (row["instrument_id"], row["session"], place)
        rank = (abs(row["distance"]), not is_published, row["level_id"])
        shown = (
            row["level_id"],
            row["evaluated_low"],
            row["evaluated_high"],
            row["state"],
            row["role"] if is_published else row["kinds"],
            pytest.approx(row["distance"] / row["close"] * 100, rel=1e-12, abs=0),
        )
        if at not in best or rank < best[at][0]:
            best[at] = (rank, shown)
    sides = {side: [f"nearest_{side}_{name}" for name in NEAREST] for side in ("support", "resistance")}
    overview = table(built, "FROM serve.index_overview")
    for row in overview.iter_rows(named=True):
        for side, columns in sides.items():
            _, expected = best.get((row["instrument_id"], row["session"], side), (None, (None,) * len(NEAREST)))
            assert tuple(row[column] for column in columns) == expected, (row["instrument_id"], row["session"], side)
    assert len(best) > len(overview)


NEAREST = ("id", "low", "high", "state", "kinds", "distance_pct")


def test_published_and_detected_levels_both_come_nearest(built: Workspace) -> None:
    shown = {
        kinds
        for column in ("nearest_support_kinds", "nearest_resistance_kinds")
        for (kinds,) in ask(built, f"SELECT DISTINCT {column} FROM serve.index_overview")
    }
    assert {"key_support", "next_resistance", "round_number", "swing_low"} <= shown


def test_no_distance_is_a_negative_zero(built: Workspace) -> None:
    columns = ("serve.level_state", "distance_pct"), ("serve.index_overview", "nearest_support_distance_pct")
    for name, column in columns:
        zeros = ask(built, f"SELECT count(*), count_if(signbit({column})) FROM {name} WHERE {column} = 0")
        assert zeros[0][0] > 0
        assert zeros[0][1] == 0


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (PUBLISHED, [("up-1", None), ("middle", "up-1"), ("key", "down-1"), ("down-1", "down-2"), ("down-2", None)]),
        # The key support is a resistance since 2 October and the next support since the 10th.
        (
            dt.date(2023, 10, 11),
            [("up-1", None), ("middle", "up-1"), ("key", "middle"), ("down-1", "key"), ("down-2", None)],
        ),
    ],
)
def test_a_level_that_was_turned_leads_on_to_those_of_its_new_side(
    built: Workspace, session: dt.date, expected: list[tuple[str, str | None]]
) -> None:
    sql = "SELECT level_id, next_exposed FROM levels_as_of('SPX', '{}') WHERE set_id = 'spx'"
    assert ask(built, sql.format(session)) == expected


def test_events_have_their_columns_and_lead_from_state_to_state(built: Workspace) -> None:
    events = table(built, f"SELECT {EVENT_COLUMNS} FROM serve.level_event ORDER BY level_id, session, cause")
    changes = table(built, "FROM core.level_state").sort("level_id", "valid_from")
    of_machine = changes.filter(pl.col("last_event_session") == pl.col("valid_from"))
    by_rule = events.filter(~pl.col("cause").is_in(["exposed", "negated"]))
    assert by_rule.select("level_id", "session", "cause", "role", "low", "high", "to_state").rows() == (
        of_machine.select("level_id", "valid_from", "last_event", "role", "low", "high", "state").rows()
    )
    before = changes.with_columns(before=pl.col("state").shift(1).over("level_id")).select(
        "level_id", "before", session="valid_from"
    )
    goes_on = by_rule.join(before, on=["level_id", "session"]).filter(
        pl.col("before").is_not_null() & ~pl.col("before").is_in(["pending", *ENDED])
    )
    assert goes_on["from_state"].to_list() == goes_on["before"].to_list()
    assert len(goes_on) > 100


def test_the_break_of_the_key_support_exposes_the_next_and_negates_the_thesis(built: Workspace) -> None:
    events = ask(
        built,
        "SELECT level_id, session, role, from_state, to_state, cause FROM serve.level_event "
        "WHERE level_id IN ('key', 'down-1', 'down-2') AND session = '2023-09-28' ORDER BY level_id, cause",
    )
    day = dt.date(2023, 9, 28)
    assert events == [
        ("down-1", day, "next_support", "intact", "intact", "exposed"),
        ("down-2", day, "next_support", "intact", "intact", "exposed"),
        ("key", day, "key_support", "broken", "broken", "negated"),
        ("key", day, "key_support", "broken_provisional", "broken", "two_closes"),
    ]
    shown = ask(
        built, f"SELECT level_id, is_exposed, thesis_state FROM levels_as_of('SPX', '{day}') WHERE set_id = 'spx'"
    )
    assert [level for level, *_ in shown] == ROLES
    assert [exposed for _, exposed, _ in shown] == [False, None, None, True, True]
    assert {thesis for *_, thesis in shown} == {"negated"}


@pytest.mark.parametrize(
    ("instrument", "as_of", "session"),
    [
        ("SPX", "2023-10-11", dt.date(2023, 10, 11)),
        ("SPX", "2023-10-14", dt.date(2023, 10, 13)),
        ("SPX", "2023-12-25", dt.date(2023, 12, 22)),
        ("SPX", "2099-01-01", LAST),
        ("DJI", str(GAP), GAP - dt.timedelta(days=1)),
        ("SPX", str(FIRST), None),
        ("SPX", "1999-12-31", None),
        ("FTSE", "2023-10-11", None),
    ],
)
def test_levels_as_of_a_date_are_those_of_the_last_session_up_to_it(
    built: Workspace, states: pl.DataFrame, instrument: str, as_of: str, session: dt.date | None
) -> None:
    found = table(built, f"FROM levels_as_of('{instrument}', '{as_of}')")
    expected = states.filter(pl.col("instrument_id") == instrument, pl.col("session") == pl.lit(session, pl.Date))
    assert found.is_empty() == (session is None)
    assert sorted(found.columns) == sorted(serve.LevelState.column_names())
    downwards = expected.sort("evaluated_high", "evaluated_low", "level_id", descending=[True, True, False])
    shared = ["level_id", "session", "state", "close"]
    assert found.select(shared).rows() == downwards.select(shared).rows()
    view = table(
        built, f"FROM serve.level_state WHERE instrument_id = '{instrument}' AND session = '{session or FIRST}'"
    )
    assert_frame_equal(found.select(view.columns), view, check_row_order=False)


def test_levels_as_of_takes_a_date_as_well_as_a_text(built: Workspace) -> None:
    as_text, as_date = (
        ask(built, f"FROM levels_as_of('SPX', {as_of})") for as_of in ("'2023-10-14'", "DATE '2023-10-14'")
    )
    assert as_text == as_date
    assert as_text


def test_the_history_of_a_level_has_every_change_and_what_caused_it(built: Workspace) -> None:
    history = ask(built, "SELECT session, holds_to, state, side, cause, thesis_state FROM level_history('key')")
    changes = ask(
        built,
        "SELECT valid_from, valid_to, state, side FROM core.level_state WHERE level_id = 'key' ORDER BY valid_from",
    )
    assert [row[:4] for row in history] == changes
    caused = {session: (state, cause) for session, _, state, _, cause, _ in history if cause}
    assert caused[dt.date(2023, 9, 27)] == ("broken_provisional", "first_close")
    assert caused[dt.date(2023, 9, 28)] == ("broken", "two_closes, negated")
    assert caused[dt.date(2023, 10, 2)] == ("role_reversed", "role_reversed")
    assert (history[0][-1], history[-1][-1]) == ("standing", "negated")
    assert history[-1][1] is None
    (exposed,) = ask(built, "SELECT session, state FROM level_history('down-2') WHERE cause = 'exposed'")
    assert exposed == (dt.date(2023, 9, 28), "intact")


def test_a_level_that_is_not_there_has_no_history(built: Workspace) -> None:
    assert ask(built, "FROM level_history('tomorrow')") == []


def test_macros_work_in_a_file_attached_under_another_name_after_use(built: Workspace) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{built.settings.database_path}' AS other (READ_ONLY)")
        connection.execute("USE other")
        assert connection.sql("FROM levels_as_of('SPX', '2023-10-11')").pl().height > len(ROLES)
        assert connection.sql("FROM level_history('key')").pl().height > 1


def test_a_revised_book_supersedes_from_its_session_on_and_leaves_what_was(built: Workspace, tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    place = place_of(tmp_path, *BOOK, NEW_KEY)
    assert run(place).success
    revision = "SELECT level_id, superseded_from, supersedes, revision_kind FROM serve.level WHERE level_id LIKE 'key%'"
    assert ask(place, f"{revision} ORDER BY level_id") == [
        ("key", REVISED, None, None),
        ("key-2", None, "key", "widened"),
    ]
    until = "FROM serve.level_state WHERE instrument_id = 'SPX' AND session < '{}' ORDER BY level_id, session"
    before = ask(place, until.format(REVISED))
    assert before == ask(built, until.format(REVISED))
    after = ask(
        place,
        "SELECT level_id, min(session), max(session), min(state), count(*) FROM serve.level_state "
        f"WHERE level_id LIKE 'key%' AND session >= '{REVISED}' GROUP BY level_id ORDER BY level_id",
    )
    sessions = ask(place, f"SELECT count(*) FROM core.bar WHERE instrument_id = 'SPX' AND session >= '{REVISED}'")
    assert after[0] == ("key", REVISED, REVISED, "superseded", 1)
    assert (after[1][1], after[1][2], after[1][4]) == (REVISED, LAST, sessions[0][0])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A warehouse of few sessions, made with a good book."""
    folder = tmp_path_factory.mktemp("small")
    write_bars(folder / "files", last=dt.date(2023, 3, 3))
    place = place_of(folder, EARLY)
    assert run(place).success
    return place


EARLY = {**KEY, "published_at": at_seven(dt.date(2023, 2, 1)), "low": "4100"}
BAD_BOOKS = {
    "a field": (
        book_text(EARLY, {**BOOK[1], "low": "4.825,00"}),
        "3: low: expected a number above 0 such as 2288 or 2441.72, was '4.825,00'",
    ),
    "two fields": (book_text({**EARLY, "high": "4000"}), "2: high: expected no less than low, 4100.0, was 4000.0"),
    "two rows": (
        book_text(EARLY, {**NEW_KEY, "supersedes": "kye"}),
        "3: supersedes: expected the level_id of another row, was 'kye'",
    ),
}


def refused(place: Workspace, book: str) -> str:
    """Run with a bad book, make sure that nothing was published, and return what follows the name of the file."""
    path, database = place.settings.level_book, place.settings.database_path
    assert path is not None
    published = database.read_bytes()
    path.write_text(book)
    message = failure(run(place))
    assert database.read_bytes() == published
    assert not list(database.parent.glob(".market*"))
    first, *_ = message.splitlines()
    assert first.startswith(f"{path}:")
    return first.removeprefix(f"{path}:")


@pytest.mark.parametrize(("book", "reason"), BAD_BOOKS.values(), ids=BAD_BOOKS.keys())
def test_a_bad_book_fails_the_run_with_its_place_and_nothing_is_published(
    small: Workspace, book: str, reason: str
) -> None:
    assert refused(small, book) == reason


def test_a_book_that_was_mended_builds(small: Workspace) -> None:
    good = book_text({**EARLY, "low": "4090"})
    assert refused(small, good.replace("role", "rôle", 1)) == (
        "1: expected the columns of a level book, was missing 'role'; unknown 'rôle'"
    )
    before = ask(small, "SELECT max(generation) FROM serve.warehouse_build")[0][0]
    path = small.settings.level_book
    assert path is not None
    path.write_text(good)
    assert run(small).success
    assert ask(small, "SELECT level_id, low FROM serve.level") == [("key", 4090.0)]
    assert ask(small, "SELECT max(generation) FROM serve.warehouse_build") == [(before + 1,)]
