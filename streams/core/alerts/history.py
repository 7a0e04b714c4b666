"""A floor's matured contacts in the order in which they were folded, small enough to keep."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from msgspec import Struct

from streams.core.alerts.contact import (
    BUCKET_MS,
    Bucket,
    MaturedContact,
    bucket_of,
    distinct,
)
from streams.core.alerts.desk import AlertDesk
from streams.core.alerts.floor_watch import FloorWatch
from streams.core.alerts.outcomes import Outcome
from streams.core.alerts.settings import AlertSettings
from streams.core.calendar import Zone
from streams.core.ports import LogRecord


class ContactLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A matured contact as a line of a JSONL file; `at_ms` is the end of the call, UTC ms.

    `entity` names the contact: of lines with the same name and rep one counts. `zone` is the site's
    IANA time zone; "" is the zone of the settings.
    """

    at_ms: int
    rep_id: str
    team_id: str
    sale: bool
    site_id: str = ""
    zone: str = ""
    entity: str = ""


class _Span(NamedTuple):
    """A bucket: its contacts are those from `begin` up to the next bucket's."""

    number: int
    begin: int


class SiteHistory:
    """The buckets of one site in ascending order; 17 bytes a contact.

    Names of contacts are not kept, only their order: two with the same name are one already. Nor is
    what is told beside sales: it changes no alert.
    """

    def __init__(self, site_id: str, zone: str) -> None:
        self.site_id = site_id
        self.zone = Zone(zone)
        self._at, self._rep, self._team, self._sale = array("q"), array("I"), array("I"), array("b")
        self._spans: list[_Span] = []
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []

    def __len__(self) -> int:
        return len(self._at)

    def add(self, bucket: Bucket) -> None:
        """Append a bucket."""
        self._spans.append(_Span(bucket.number, len(self)))
        for contact in distinct(bucket.contacts)[0]:
            self._at.append(contact.at_ms)
            self._rep.append(self._number(contact.rep_id))
            self._team.append(self._number(contact.team_id))
            self._sale.append(contact.sale)

    def buckets(self) -> Iterator[Bucket]:
        """All of them, made anew."""
        names, at, rep, team, sale = self._names, self._at, self._rep, self._team, self._sale
        ends = [span.begin for span in self._spans[1:]] + [len(self)]
        for span, end in zip(self._spans, ends, strict=True):
            contacts = tuple(
                MaturedContact(
                    at[i], _name(i - span.begin), names[rep[i]], names[team[i]], sale[i] > 0
                )
                for i in range(span.begin, end)
            )
            yield Bucket(span.number, contacts)

    def day_of(self, bucket: Bucket) -> int:
        """The local day of a bucket, as the detector has it."""
        return self.zone.day_of(bucket.number * BUCKET_MS)

    def _number(self, name: str) -> int:
        number = self._numbers.setdefault(name, len(self._names))
        if number == len(self._names):
            self._names.append(name)
        return number


class LogHistory:
    """What desks have folded of a log of `matured-contacts`, partition by partition.

    `sites` by id. The desks themselves close the buckets, so what they drop is dropped here.
    """

    def __init__(self, senders: int) -> None:
        self.sites: dict[str, SiteHistory] = {}
        self._senders = senders
        self._desks: dict[int, AlertDesk] = {}

    def apply(self, partition: int, records: Sequence[LogRecord]) -> None:
        """Read records of one partition, in the order of their offsets."""
        desk = self._desks.get(partition)
        if desk is None:
            desk = AlertDesk(self._senders, AlertSettings(), self._keep)
            self._desks[partition] = desk
        desk.apply(records)

    def waiting(self) -> int:
        """Contacts that no bucket has taken yet: a partition has not ticked."""
        return sum(desk.waiting() for desk in self._desks.values())

    def bad(self) -> int:
        """Records that nobody understands."""
        return sum(desk.bad for desk in self._desks.values())

    def _keep(
        self, floor: FloorWatch, bucket: Bucket, _: AlertSettings
    ) -> tuple[FloorWatch, list[Outcome]]:
        site = self.sites.get(floor.site_id)
        if site is None:
            site = self.sites[floor.site_id] = SiteHistory(floor.site_id, floor.zone)
        site.add(bucket)
        return floor, []


def history_of_lines(lines: Iterable[ContactLine], zone: str) -> dict[str, SiteHistory]:
    """Sites by id, of contacts in any order; `zone` is for lines that name none."""
    found: dict[str, dict[int, list[MaturedContact]]] = {}
    zones: dict[str, str] = {}
    for at, line in enumerate(lines):
        contact = MaturedContact(
            line.at_ms, line.entity or f"line {at}", line.rep_id, line.team_id, line.sale
        )
        zones.setdefault(line.site_id, line.zone or zone)
        buckets = found.setdefault(line.site_id, {})
        buckets.setdefault(bucket_of(line.at_ms), []).append(contact)
    sites = {}
    for site_id, buckets in found.items():
        site = sites[site_id] = SiteHistory(site_id, zones[site_id])
        for number in sorted(buckets):
            site.add(Bucket(number, tuple(buckets[number])))
    return sites


@cache
def _name(at: int) -> str:
    """The name of the contact at a place of its bucket; names sort as places do."""
    return f"{at:07d}"
