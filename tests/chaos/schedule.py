"""When which fault comes: drawn from the seed before anything happens."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

WEIGHTS = {
    "kill": 4,  # kill -9 of a worker
    "pause": 3,  # SIGSTOP, around the session timeout
    "stop A": 3,  # it pauses itself at a point of its commit: see hooks
    "stop B": 2,
    "stop C": 2,
    "die A": 1,  # it is killed there
    "die B": 2,
    "die S": 1,
    "die C": 2,
    "die D": 1,
    "slow outbox": 1,  # postings, misrouted events, dead letters reach Kafka a second late
    "lost fetch": 1,  # what a fetch returned is dropped, as happens around a rebalance
    "join": 1,  # one more worker, or one that left is back at once
    "leave": 2,  # SIGTERM, for a while
    "storm": 1,  # everybody leaves and comes back, one close behind the other
    "clock": 1,  # a worker's clock is wrong by hours, for a while
    "disk full": 1,
    "store corrupt": 1,  # kill -9, and some bytes of a store's file are others at the restart
    "store cut": 1,  # ... or the file has lost its end
    "store gone": 1,  # ... or a store's folder
    "store old": 1,  # ... or a folder is as it was earlier
    "kill leader": 2,  # kill -9 of the broker that leads some input
    "kill coordinator": 1,
    "freeze broker": 1,  # SIGSTOP
    "redis flush": 1,
    "redis restart": 1,
    "poison": 1,  # some dozens of unreadable records in a row, perhaps enough to stop the input
}
"""Kind of fault to how often it is drawn."""


class Fault(NamedTuple):
    """`pick` in [0, 1) chooses whom it hits, `length_s` is how long what lasts shall last."""

    at_s: float
    kind: str
    pick: float
    length_s: float


def schedule(
    dice: Random, seconds: float, gap_s: float, session_s: float, only: tuple[str, ...] = ()
) -> list[Fault]:
    """The faults of a round; `gap_s` from one to the next on average, `only` these kinds."""
    kinds = {kind: weight for kind, weight in WEIGHTS.items() if not only or kind in only}
    out = []
    at_s = dice.uniform(0.2, gap_s)
    while at_s < seconds:
        (kind,) = dice.choices(list(kinds), list(kinds.values()))
        # A pause at a point of a commit is for others to take over meanwhile; of the rest half are
        # too short for the group to notice, half are not.
        sessions = dice.uniform(1.5, 3.0) if kind.startswith("stop") else dice.uniform(0.4, 2.2)
        length_s = session_s * sessions
        out.append(Fault(at_s, kind, dice.random(), length_s))
        at_s += dice.uniform(0.4, 1.6) * gap_s
    return out
