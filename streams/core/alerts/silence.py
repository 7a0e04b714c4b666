"""No sale on a whole floor for too long: the feed of deals is silent, not every rep at once.

What comes then is not scored, and no rate learns from it: a contact whose sale nobody has told of
is no miss. The contacts before it was noticed were: reps lose up to `SALES` sales together, which
the rate of their team has lost too.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.core.alerts.contact import MaturedContact
from streams.core.alerts.floor_watch import FLOOR, FloorWatch
from streams.core.alerts.outcomes import FeedHeard, FeedSilent, silence_id

SALES = 12.0
"""Expected sales without one: by chance once in e^12 = 160,000 stretches; 480 sales a day begin 480
stretches, so a floor of 100 reps is called silent once a year."""


def listen(
    floor: FloorWatch, contacts: Sequence[MaturedContact], hour: int
) -> FeedSilent | FeedHeard | None:
    """Take in a bucket's contacts, in order; what there is to say. `floor.silent` is set."""
    if any(one.sale for one in contacts):
        ends, floor.silent = floor.silent, ""
        floor.dry, floor.dry_contacts = 0.0, 0
        if ends:
            return FeedHeard(ends=ends, at_ms=contacts[0].at_ms)
        return None
    whole = floor.groups.get(FLOOR)
    if whole is None or not whole.average:
        return None
    if not floor.dry_contacts:
        floor.dry_since_ms = contacts[0].at_ms
    # Not the level, which falls with the silence.
    floor.dry += len(contacts) * whole.average * whole.profile[hour]
    floor.dry_contacts += len(contacts)
    if floor.dry < SALES or floor.silent:
        return None
    at_ms = contacts[-1].at_ms
    floor.silent = silence_id(floor.site_id, floor.dry_since_ms, at_ms)
    return FeedSilent(
        id=floor.silent,
        at_ms=at_ms,
        since_ms=floor.dry_since_ms,
        contacts=floor.dry_contacts,
        expected=floor.dry,
    )
