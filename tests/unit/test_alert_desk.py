"""A desk folds its log in its own time; checkpoints and commits lose nothing of it."""

from __future__ import annotations

from streams.core.alerts import checkpoint
from streams.core.alerts.checkpoint import checkpoint_items, find, handed_on_item
from streams.core.alerts.contact import BUCKET_MS, MaturedContact
from streams.core.alerts.desk import AlertDesk
from streams.core.alerts.feed import Matured, Tick, encode_feed
from streams.core.alerts.outcomes import Dropped
from streams.core.alerts.part import AlertPart
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.ticks import Ticks
from streams.engine.stores import MemorySegments
from tests.builders import Record

SETTINGS = AlertSettings()
FIRST = 6_000_000 * BUCKET_MS
WRITER, OTHER = b"writer-1", b"writer-2"


def contact(number: int, at_ms: int = FIRST) -> MaturedContact:
    return MaturedContact(at_ms, f"c{number}", f"r{number}", "north", sale=False)


def log(*said: Matured | Tick) -> list[Record]:
    return [Record("m", 0, n, 0, None, encode_feed(one)) for n, one in enumerate(said)]


def matured(*contacts: MaturedContact) -> Matured:
    return Matured("lisbon", "Europe/Lisbon", contacts)


def test_a_bucket_waits_until_every_partition_has_ticked_past_it() -> None:
    desk = AlertDesk(2, SETTINGS)
    desk.apply(log(matured(contact(1)), Tick(0, FIRST + 9 * BUCKET_MS)))
    assert (desk.waiting(), desk.ticks.behind()) == (1, [1])
    desk.apply(log(*[Tick(1, FIRST + BUCKET_MS - 1)] * 3))
    assert (desk.waiting(), desk.ticks.behind()) == (1, [1])
    desk.apply(log(*[Tick(1, FIRST + BUCKET_MS)] * 4))
    assert (desk.waiting(), desk.reps(), desk.folded_ms) == (0, 1, FIRST + BUCKET_MS)


def test_what_comes_for_a_folded_bucket_is_dropped_and_counted() -> None:
    desk = AlertDesk(1, SETTINGS)
    said = desk.apply(log(matured(contact(1)), Tick(0, FIRST + BUCKET_MS), matured(contact(2))))
    assert [(one.offset, one.outcome) for one in said] == [
        (2, Dropped(bucket=FIRST // BUCKET_MS, contacts=1, reason="folded"))
    ]
    assert desk.reps() == 1


def test_a_contact_that_two_owners_handed_on_counts_once() -> None:
    desk = AlertDesk(1, SETTINGS)
    said = desk.apply(log(matured(contact(1)), matured(contact(1)), Tick(0, FIRST + BUCKET_MS)))
    assert [one.outcome for one in said] == [
        Dropped(bucket=FIRST // BUCKET_MS, contacts=1, reason="repeat")
    ]


def test_records_read_again_change_nothing() -> None:
    records = log(matured(contact(1)), Tick(0, FIRST + BUCKET_MS), matured(contact(2)))
    desk = AlertDesk(1, SETTINGS)
    desk.apply(records)
    before = desk.encode()
    assert desk.apply(records[1:]) == []
    assert desk.encode() == before


def test_a_record_that_nobody_understands_is_counted_and_passed() -> None:
    desk = AlertDesk(1, SETTINGS)
    desk.apply([Record("m", 0, 0, 0, None, b"\xc1"), Record("m", 0, 1, 0, None, None)])
    assert (desk.bad, desk.position) == (2, 2)


def test_a_state_taken_up_anywhere_comes_to_the_same() -> None:
    records = log(
        matured(contact(1), contact(2, FIRST + BUCKET_MS)),
        Tick(0, FIRST + BUCKET_MS),
        Tick(1, FIRST + BUCKET_MS),
        matured(contact(3, FIRST + BUCKET_MS + 1)),
        Tick(1, FIRST + 3 * BUCKET_MS),
        Tick(0, FIRST + 2 * BUCKET_MS),
    )
    whole = AlertDesk(2, SETTINGS)
    whole.apply(records)
    for at in range(len(records) + 1):
        first, second = AlertDesk(2, SETTINGS), AlertDesk(2, SETTINGS)
        first.apply(records[:at])
        second.load(first.encode())
        assert second.encode() == first.encode()
        second.apply(records)
        assert second.encode() == whole.encode()


def test_ticks_only_grow() -> None:
    ticks = Ticks(1)
    ticks.hear(0, 10)
    ticks.hear(0, 5)
    ticks.hear(9, 1)
    assert (ticks.lowest_ms(), dict(ticks.held())) == (10, {0: 10})


def test_a_checkpoint_left_half_way_leaves_the_one_before() -> None:
    small = checkpoint.PART_BYTES // 2 * 3  # two parts
    first = checkpoint_items(WRITER, 1, 100, b"a" * small)
    second = checkpoint_items(WRITER, 2, 200, b"b" * small)
    held = {key: value or b"" for key, value in [*first, second[0]]}
    assert find(held.items(), OTHER).position == 100
    held |= {second[1][0]: second[1][1] or b""}
    found = find(held.items(), OTHER)
    assert (found.position, found.state) == (200, b"b" * small)
    third = checkpoint_items(WRITER, 3, 300, b"c")  # over the first, of which a part stays behind
    held |= {key: value or b"" for key, value in third}
    assert (find(held.items(), OTHER).position, find(held.items(), OTHER).state) == (300, b"c")


def test_of_several_writers_the_highest_position_holds() -> None:
    items = [
        *checkpoint_items(WRITER, 1, 100, b"old"),
        *checkpoint_items(OTHER, 1, 200, b"new"),
        handed_on_item(b"m", WRITER, 7),
        handed_on_item(b"m", OTHER, 5),
    ]
    found = find([(key, value or b"") for key, value in items], b"writer-3")
    assert (found.position, found.state, found.handed_on_ms) == (200, b"new", {b"m": 7})
    assert len(found.left) == 4
    assert find([], WRITER) == (-1, b"", {}, [])


def part() -> AlertPart:
    made = AlertPart(1, SETTINGS, MemorySegments())
    made.new_writer(WRITER)
    return made


def test_what_was_handed_on_is_written_when_it_is_acknowledged() -> None:
    one = part()
    one.contacts.sent(FIRST)
    assert one.take() == ([], [])  # this commit sends it
    assert one.has_news()
    assert one.take() == ([handed_on_item(b"m", WRITER, FIRST)], [])
    assert not one.has_news()
    assert one.take() == ([], [])


def test_an_owner_goes_on_where_the_one_before_was() -> None:
    records = log(*[matured(contact(n, FIRST + n)) for n in range(6_000)])
    before, after = part(), part()
    before.apply(records)
    before.contacts.sent(FIRST)
    before.activity.sent(FIRST + 9)
    items = before.take()[0] + before.take()[0]
    after.recover(items, 9)
    for _ in after.recovery_steps():
        pass
    assert (after.desk.position, after.contacts.at_ms) == (6_000, FIRST)
    assert after.activity.at_ms == FIRST + 9
    assert after.desk.encode() == before.desk.encode()
    assert after.store.offset() == 9


def test_what_earlier_writers_left_is_removed_when_ours_is_acknowledged() -> None:
    one = part()
    left = [
        *checkpoint_items(OTHER, 1, 5, b""),
        handed_on_item(b"m", OTHER, 3),
        handed_on_item(b"a", OTHER, 3),
    ]
    state = AlertDesk(1, SETTINGS)
    left[:1] = checkpoint_items(OTHER, 1, 0, state.encode())
    one.recover(left, 1)
    for _ in one.recovery_steps():
        pass
    gone = [(key, None) for key, _ in left]
    for turn in range(3):
        one.apply(log(*[Tick(0, turn)] * ((turn + 1) * 5_000)))
        one.contacts.sent(FIRST + turn)
        one.activity.sent(FIRST + turn)
        removed = [item for item in one.take()[0] if item[1] is None]
        # First ours is sent, then it is acknowledged, then theirs goes.
        assert removed == (gone if turn == 2 else [])
