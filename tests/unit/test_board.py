"""What a board shows of snapshots, how it is sorted and what its banner says."""

from datetime import UTC, datetime

import pytest

from streams.core.board import Board, board_rows, decode_board, encode_board
from streams.core.board_row import Row, Sum
from streams.core.errors import SettingsError
from streams.core.snapshot import PartitionStatus, RepSnapshot, SourceFreshness, WindowName
from streams.core.tally import Tally

NOW = int(datetime(2026, 6, 1, 9, 0, tzinfo=UTC).timestamp() * 1000)
MINUTE = 60_000


def rep(
    rep_id: str,
    tally: Tally | None = None,
    *,
    team: str = "north",
    version: int = 1,
    date: str = "2026-06-01",
    window: WindowName = "today",
    name: str | None = None,
) -> RepSnapshot:
    return RepSnapshot(
        rep_id=rep_id,
        partition=0,
        version=(version, NOW),
        date=date,
        zone="Asia/Shanghai",
        team_id=team,
        site="shanghai",
        name=name,
        windows={window: tally or Tally()},
    )


def order(board: Board) -> list[str]:
    return [row.rep_id for row in board.rows]


REPS = [
    rep("r-1", Tally(contacts=10, deals_gross_bp=20_000, talk_ms=900, human_answered=3)),
    rep("r-2", Tally(contacts=4, deals_gross_bp=20_000, talk_ms=100, human_answered=1), name="Al"),
    rep("r-3"),
    rep("r-4", Tally(contacts=9, deals_gross_bp=5_000, talk_ms=200, human_answered=1), team="s"),
]


@pytest.mark.parametrize(
    ("sort", "ascending", "expected"),
    [
        ("deals_net", None, ["r-1", "r-2", "r-4", "r-3"]),
        ("deals_net", True, ["r-3", "r-4", "r-1", "r-2"]),
        ("conversion", None, ["r-2", "r-1", "r-4", "r-3"]),
        ("conversion", True, ["r-4", "r-1", "r-2", "r-3"]),
        ("short_call_share", None, ["r-1", "r-2", "r-4", "r-3"]),
        ("aht_ms", None, ["r-1", "r-4", "r-2", "r-3"]),
        ("csat", None, ["r-1", "r-2", "r-3", "r-4"]),
        ("rep_id", False, ["r-4", "r-3", "r-2", "r-1"]),
        ("name", None, ["r-2", "r-1", "r-3", "r-4"]),
        ("team_id", False, ["r-4", "r-1", "r-2", "r-3"]),
    ],
)
def test_rows_are_sorted_best_first_with_ties_by_rep_and_no_value_last(
    sort: str, ascending: bool | None, expected: list[str]
) -> None:
    board = board_rows(reversed(REPS), "today", NOW, sort=sort, ascending=ascending)
    assert order(board) == expected


def test_money_is_sorted_in_the_currency_most_rows_have_unless_one_is_named() -> None:
    reps = [
        rep("r-1", Tally(money={"CNY": {"a": (5, 0)}})),
        rep("r-2", Tally(money={"CNY": {"a": (9, 0)}, "USD": {"a": (1, 0)}})),
        rep("r-3", Tally(money={"USD": {"a": (7, 0)}})),
        rep("r-4", Tally(money={"CNY": {"a": (7, 0)}})),
    ]
    board = board_rows(reps, "today", NOW, sort="revenue_net")
    assert order(board) == ["r-2", "r-4", "r-1", "r-3"]
    board = board_rows(reps, "today", NOW, sort="revenue_net", currency="USD")
    assert order(board) == ["r-3", "r-2", "r-1", "r-4"]


def test_an_unknown_sort_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match=r"'convertion': .* did you mean conversion\?"):
        board_rows([], "today", NOW, sort="convertion")


def test_only_the_wanted_kpis_and_the_one_sorted_by_are_computed() -> None:
    reps = [rep("r-1", Tally(dials=1, money={"CNY": {"a": (5, 0)}}))]
    board = board_rows(reps, "today", NOW, kpis=["dials", "revenue_net"], sort="conversion")
    assert board.floor is not None
    lines: list[Row | Sum] = [*board.rows, *board.teams, board.floor]
    for line in lines:
        assert list(line.kpis) == ["dials", "conversion"]
        assert list(line.money["CNY"]) == ["revenue_net"]
    with pytest.raises(SettingsError, match=r"kpis = 'dial': .* did you mean dials\?"):
        board_rows(reps, "today", NOW, kpis=["dial"])


def test_a_team_filter_keeps_the_teams_rows_and_total_and_the_whole_floor() -> None:
    board = board_rows(REPS, "today", NOW, team="s", team_names={"s": "South"})
    assert order(board) == ["r-4"]
    assert [(team.id, team.name, team.reps) for team in board.teams] == [("s", "South", 1)]
    assert board.floor is not None
    assert (board.floor.reps, board.floor.kpis["contacts"].value) == (4, 23)


def test_team_and_floor_are_ratios_of_sums() -> None:
    board = board_rows(REPS, "today", NOW)
    north, south = board.teams
    assert (north.id, north.reps, south.id) == ("north", 3, "s")
    conversion = north.kpis["conversion"]
    assert (conversion.num, conversion.den, conversion.value) == (4, 14, 4 / 14)
    assert board.floor is not None
    assert (board.floor.kpis["conversion"].num, board.floor.kpis["conversion"].den) == (4.5, 23)
    assert board.floor.kpis["conversion_per_lead"].value is None


def test_windows_of_the_last_contacts_belong_to_reps_only() -> None:
    board = board_rows([rep("r-1", Tally(contacts=20), window="last20")], "last20", NOW)
    assert (order(board), board.teams, board.floor) == (["r-1"], [], None)


def test_a_rep_without_the_window_is_left_out() -> None:
    board = board_rows([rep("r-1"), rep("r-2", window="shift")], "shift", NOW)
    assert order(board) == ["r-2"]


def test_of_two_snapshots_of_a_rep_the_larger_version_is_shown() -> None:
    old, new = rep("r-1", Tally(dials=1), version=1), rep("r-1", Tally(dials=2), version=2)
    for snapshots in ([old, new], [new, old]):
        (row,) = board_rows(snapshots, "today", NOW).rows
        assert row.kpis["dials"].value == 2


def test_a_snapshot_of_an_earlier_day_is_marked_and_out_of_todays_sums() -> None:
    reps = [rep("r-1", Tally(dials=1)), rep("r-2", Tally(dials=5), date="2026-05-31")]
    board = board_rows(reps, "today", NOW)
    assert [(row.rep_id, row.stale) for row in board.rows] == [("r-1", False), ("r-2", True)]
    assert board.floor is not None
    assert (board.floor.reps, board.floor.kpis["dials"].value) == (1, 1)
    assert [(n.kind, n.count) for n in board.notices] == [("stale", 1)]

    year = board_rows([rep("r-2", date="2026-05-31", window="year")], "year", NOW)
    assert year.floor is not None
    assert year.floor.reps == 1


def test_a_snapshot_of_the_day_that_has_just_begun_in_its_zone_is_not_stale() -> None:
    evening = int(datetime(2026, 5, 31, 16, 0, tzinfo=UTC).timestamp() * 1000)
    assert not board_rows([rep("r-1")], "today", evening).rows[0].stale
    assert not board_rows([rep("r-1")], "today", evening - 1).rows[0].stale


def test_freshness_is_the_newest_event_of_a_source_over_partitions() -> None:
    def seen(source: str, partition: int, newest_ms: int) -> SourceFreshness:
        return SourceFreshness(
            topic="call-ended",
            source=source,
            partition=partition,
            newest_ms=newest_ms,
            seen_ms=newest_ms + 5,
        )

    board = board_rows(
        [],
        "today",
        NOW,
        freshness=[
            seen("pbx-2", 0, NOW - 16 * MINUTE),
            seen("pbx-1", 0, NOW - 30 * MINUTE),
            seen("pbx-1", 1, NOW - 15 * MINUTE),
        ],
    )
    assert [(f.source, f.newest_ms, f.seen_ms) for f in board.freshness] == [
        ("pbx-1", NOW - 15 * MINUTE, NOW - 15 * MINUTE + 5),
        ("pbx-2", NOW - 16 * MINUTE, NOW - 16 * MINUTE + 5),
    ]
    assert [(n.kind, n.source, n.text) for n in board.notices] == [
        ("silent", "pbx-2", "pbx-2 is silent: newest call-ended event 16 min ago")
    ]


def test_a_source_of_deals_may_be_silent_for_a_day_or_for_as_long_as_it_is_told() -> None:
    crm = SourceFreshness(
        topic="deal-closed", source="crm", partition=0, newest_ms=NOW - 3 * 60 * MINUTE, seen_ms=0
    )
    assert board_rows([], "today", NOW, freshness=[crm]).notices == []
    (notice,) = board_rows(
        [], "today", NOW, freshness=[crm], silent_after_ms={"deal-closed": MINUTE}
    ).notices
    assert notice.text == "crm is silent: newest deal-closed event 3 h ago"


def test_the_banner_names_each_partition_that_is_not_live_by_its_latest_status() -> None:
    status = [
        PartitionStatus(partition=0, version=(2, 0), state="live"),
        PartitionStatus(partition=0, version=(1, 0), state="recovering"),
        PartitionStatus(partition=1, version=(1, 0), state="catching_up", lag=1200),
        PartitionStatus(
            partition=2, version=(1, 0), state="live", stopped={"deal-closed": "50 in a row"}
        ),
        PartitionStatus(partition=4, version=(1, 0), state="recovering"),
    ]
    board = board_rows([], "today", NOW, status=status, partitions=5)
    assert [state.partition for state in board.partitions] == [0, 1, 2, 4]
    assert [notice.text for notice in board.notices] == [
        "partition 1 is catching up: 1200 events behind",
        "partition 2 reads deal-closed no more: 50 in a row",
        "partition 3 has no worker: its reps are not shown or stand still",
        "partition 4 is recovering: its reps stand still",
    ]
    assert board_rows([], "today", NOW, status=status[:2], partitions=1).notices == []


def test_the_json_of_a_board_is_compact_and_keeps_everything() -> None:
    board = board_rows(REPS, "today", NOW)
    text = encode_board(board)
    assert decode_board(text) == board
    assert b'"conversion":{"value":0.5,"num":2,"den":4}' in text
    assert b'"dials":{"value":0}' in text
    assert b'"csat":{"value":null,"num":0,"den":0}' in text
    assert b'"name":"Al"' in text
    assert text.count(b'"name"') == 1
