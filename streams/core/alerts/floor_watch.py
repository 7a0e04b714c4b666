"""All that the detector keeps of a floor, as one value that can be stored."""

from __future__ import annotations

from msgspec import Struct, field, msgpack

from streams.core.alerts.group import Group
from streams.core.alerts.habits import Campaigns
from streams.core.alerts.outcomes import Standing
from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings
from streams.core.errors import StateVersionMismatch

VERSION = 2
FLOOR = ""
"""The group of all teams; no team has this id."""


class FloorWatch(Struct, array_like=True):
    """The state of the detector of one site; the array's order is the stored form.

    `zone` is the site's IANA time zone. `newest` is the bucket folded last, `day` its local day.
    `groups` are teams by id and the floor under "". `sizes` are reps of a team that were at work
    lately. `pull` is how strongly reps are drawn to their group, in expected sales. `teams` are
    teams as a whole, held against the floor. `dry` are expected sales, and `dry_contacts` contacts,
    since the last sale on the floor; `silent` is the id of the word that its deals have stopped, ""
    while they come. `campaigns` are the names that days of reps hold by number.
    """

    site_id: str
    zone: str
    newest: int = -1
    day: int = -1
    pull: float = 0.0
    groups: dict[str, Group] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    reps: dict[str, RepWatch] = field(default_factory=dict)
    teams: dict[str, RepWatch] = field(default_factory=dict)
    dry: float = 0.0
    dry_contacts: int = 0
    dry_since_ms: int = 0
    silent: str = ""
    campaigns: Campaigns = field(default_factory=Campaigns)


def standing(floor: FloorWatch, rep_id: str, settings: AlertSettings) -> Standing:
    """What the detector can say of a rep now, and what is missing."""
    rep = floor.reps.get(rep_id)
    if rep is None:
        return Standing("unknown")
    if rep.moved_left:
        need = settings.moved_days
        return Standing("moved", 0.0, max(need - rep.moved_left, 0), need, "days")
    if rep.base_days < settings.minimum_days:
        return Standing("learning", 0.0, rep.base_days, settings.minimum_days, "days")
    if rep.base_contacts < settings.minimum_contacts:
        have, need = rep.base_contacts, settings.minimum_contacts
        return Standing("learning", 0.0, have, need, "contacts")
    return Standing("amber" if rep.amber else "watched", rep.evidence)


def encode_floor(floor: FloorWatch) -> bytes:
    """The state as bytes."""
    return bytes([VERSION]) + _ENCODER.encode(floor)


def decode_floor(raw: bytes) -> FloorWatch:
    """What `encode_floor` made; raises StateVersionMismatch for that of another release."""
    if raw[0] != VERSION:
        raise StateVersionMismatch(raw[0], VERSION)
    return _DECODER.decode(memoryview(raw)[1:])


_ENCODER = msgpack.Encoder()
_DECODER = msgpack.Decoder(FloorWatch)
