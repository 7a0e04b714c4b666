"""What is handed on, cut so that no tick has too much of it folded at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from streams.core.alerts.contact import BUCKET_MS
from streams.core.alerts.maturing import Site

One = TypeVar("One")
"""A contact, or a row of activity."""
CONTACTS_A_RECORD = 500
CONTACTS_A_TICK = 1_000
"""Contacts of one sender, or rows of activity, that a tick stands for: the last sender's tick has
those of all folded at once, and a day of history of a large floor would hold the worker up."""


def in_ticks(
    found: Mapping[Site, Sequence[One]], until_ms: int, bucket: Callable[[One], int]
) -> Iterator[tuple[int, list[tuple[Site, tuple[One, ...]]]]]:
    """(up to when a tick says that this was all, what is said before it), in the order of time.

    Every bucket is whole: a tick stands behind the last one of at least `CONTACTS_A_TICK`, and the
    last tick is `until_ms`. What is said goes in records of `CONTACTS_A_RECORD` at most.
    """
    buckets: dict[int, dict[Site, list[One]]] = {}
    for site, ones in found.items():
        for one in ones:
            buckets.setdefault(bucket(one), {}).setdefault(site, []).append(one)
    waiting: dict[Site, list[One]] = {}
    for number, by_site in sorted(buckets.items()):
        for site, ones in by_site.items():
            waiting.setdefault(site, []).extend(ones)
        if sum(map(len, waiting.values())) >= CONTACTS_A_TICK:
            yield (number + 1) * BUCKET_MS, _in_records(waiting)
            waiting = {}
    yield until_ms, _in_records(waiting)


def _in_records(said: Mapping[Site, Sequence[One]]) -> list[tuple[Site, tuple[One, ...]]]:
    return [
        (site, tuple(ones[at : at + CONTACTS_A_RECORD]))
        for site, ones in said.items()
        for at in range(0, len(ones), CONTACTS_A_RECORD)
    ]
