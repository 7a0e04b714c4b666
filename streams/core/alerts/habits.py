"""How a rep works, apart from selling: short calls, talk time and campaigns, day by day.

An alert says from this what else changed; it never brings one about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field, msgpack

from streams.core.alerts.contact import MaturedContact

MOST_CAMPAIGNS = 200
"""Campaigns of a site that are told apart at a time; others count as none."""
MOST_A_DAY = 12
"""Campaigns of a rep's day that are kept, the largest; others count as none."""
NO_CAMPAIGN = 0


class Habits(Struct, array_like=True, gc=False):
    """Sums over contacts; the array's order is the stored form.

    `answered` are calls that a person answered, `short` those of them that were over at once.
    `talk_s` is over the `unsold` contacts only: a sale takes its time, so with fewer sales talk
    would always be shorter. `campaigns` is number to contacts, see `Campaigns`.
    """

    answered: int = 0
    short: int = 0
    unsold: int = 0
    talk_s: int = 0
    campaigns: dict[int, int] = field(default_factory=dict)

    def add(self, contact: MaturedContact, campaign: int) -> None:
        """Take in a contact of the campaign of this number."""
        if not contact.answered:
            return  # nobody told
        self.answered += contact.answered
        self.short += contact.short
        if not contact.sale:
            self.unsold += 1
            self.talk_s += contact.talk_s
        held = self.campaigns
        held[campaign] = held.get(campaign, 0) + 1

    @property
    def contacts(self) -> int:
        """Contacts that were taken in."""
        return sum(self.campaigns.values())


def append_day(past: bytes, day: Habits, most: int) -> bytes:
    """Days with one more behind them, of which the newest `most` are kept.

    Each is its length u8 and the habits as msgpack: twelve campaigns make no more than 160 bytes.
    """
    largest = sorted(day.campaigns.items(), key=lambda one: (one[0] == NO_CAMPAIGN, -one[1], one))
    kept = dict(largest[:MOST_A_DAY])
    if rest := sum(contacts for _, contacts in largest[MOST_A_DAY:]):
        kept[NO_CAMPAIGN] = kept.get(NO_CAMPAIGN, 0) + rest
    raw = _encode(Habits(day.answered, day.short, day.unsold, day.talk_s, kept))
    past += bytes((len(raw),)) + raw
    starts = list(_starts(past))
    return past[starts[-most] :] if 0 < most < len(starts) else past


def read_days(past: bytes) -> list[Habits]:
    """What `append_day` made, oldest first."""
    return [_decode(past[at + 1 : at + 1 + past[at]]) for at in _starts(past)]


def added(days: Iterable[Habits]) -> Habits:
    """The sum of some days."""
    out = Habits()
    for day in days:
        out.answered += day.answered
        out.short += day.short
        out.unsold += day.unsold
        out.talk_s += day.talk_s
        for number, contacts in day.campaigns.items():
            out.campaigns[number] = out.campaigns.get(number, 0) + contacts
    return out


def _starts(past: bytes) -> Iterator[int]:
    at = 0
    while at < len(past):
        yield at
        at += 1 + past[at]


class Campaign(Struct, array_like=True, gc=False):
    """A campaign's number, and the local day of its last contact."""

    number: int
    last_day: int


class Campaigns(Struct, array_like=True):
    """The names of a site's campaigns; the array's order is the stored form.

    A number is never used for a second name: days may still hold the number of one that is
    forgotten.
    """

    known: dict[str, Campaign] = field(default_factory=dict)
    newest: int = NO_CAMPAIGN

    def number(self, name: str, day: int) -> int:
        """The number of a campaign that has a contact on this day."""
        if not name:
            return NO_CAMPAIGN
        found = self.known.get(name)
        if found is None:
            if len(self.known) >= MOST_CAMPAIGNS:
                return NO_CAMPAIGN
            self.newest += 1
            found = self.known[name] = Campaign(self.newest, day)
        found.last_day = day
        return found.number

    def forget(self, before_day: int) -> None:
        """Let go of those without a contact since."""
        self.known = {n: one for n, one in self.known.items() if one.last_day >= before_day}

    def names(self) -> dict[int, str]:
        """Number to name."""
        return {one.number: name for name, one in self.known.items()}


_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(Habits).decode
