"""The whole floor over time: every rep's calls and their consequences, merged by arrival.

Each rep is a lazy stream of calls. Two heaps keep memory small: one holds, per rep, the next call;
the other what has been reported and has not arrived. An arrival is handed out once no call that is
still to begin can come before it, because nothing of a call arrives before the call begins.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator

from producers.simulator.aftercall import surveys_of, visits_of
from producers.simulator.arrivals import Arrival, Report, arrivals_of
from producers.simulator.calls import Workday, calls_of, corrections_of
from producers.simulator.deals import deal_of
from producers.simulator.draws import Draws
from producers.simulator.profile import FloorProfile, Rep, local_day

_Beginning = tuple[int, list[Report]]
"""When a call (or visit) begins, and all that will ever be reported of it."""


def simulate(
    profile: FloorProfile, start_ms: int, end_ms: int, *, opened_ms: int | None = None
) -> Iterator[Arrival]:
    """Everything that arrives in `[start_ms, end_ms)`, in order of arrival.

    The floor opens at `opened_ms` (default `start_ms`): no call begins before it. With the same
    `opened_ms`, two adjoining periods give the same arrivals as one that spans both. A rep's day is
    drawn from the seed, the rep and the date alone, so it is the same whenever the floor opens.
    """
    opened_ms = start_ms if opened_ms is None else opened_ms
    for arrival in _arrivals(profile, opened_ms, end_ms):
        if arrival.arrival_ms >= end_ms:
            return
        if arrival.arrival_ms >= start_ms:
            yield arrival


def _arrivals(profile: FloorProfile, opened_ms: int, end_ms: int) -> Iterator[Arrival]:
    """What comes of all calls begun in `[opened_ms, end_ms)`, by arrival, however late."""
    mates: dict[str, list[Rep]] = defaultdict(list)
    for rep in profile.reps:
        mates[rep.team.id].append(rep)
    floor: list[tuple[int, int, list[Report], Iterator[_Beginning]]] = []
    for rep in profile.reps:
        stream = _beginnings(profile, rep, tuple(mates[rep.team.id]), opened_ms, end_ms)
        for start_ms, reports in stream:
            floor.append((start_ms, rep.number, reports, stream))
            break
    heapq.heapify(floor)
    pending: list[tuple[int, int, Arrival]] = []
    delivery, number = Draws(profile.seed, "delivery", opened_ms), 0
    while floor:
        start_ms, rep_number, reports, stream = floor[0]
        while pending and pending[0][0] <= start_ms:
            yield heapq.heappop(pending)[2]
        for report in reports:
            for arrival in arrivals_of(delivery, report):
                number += 1  # equal instants keep the order they were reported in
                heapq.heappush(pending, (arrival.arrival_ms, number, arrival))
        following = next(stream, None)
        if following is None:
            heapq.heappop(floor)
        else:
            heapq.heapreplace(floor, (following[0], rep_number, following[1], stream))
    while pending:
        yield heapq.heappop(pending)[2]


def _beginnings(
    profile: FloorProfile, rep: Rep, mates: tuple[Rep, ...], opened_ms: int, end_ms: int
) -> Iterator[_Beginning]:
    """A rep's calls and visits by when they begin, over all days of the period."""
    site, seed = rep.team.site, profile.seed
    # A shift that began yesterday may still run when the floor opens.
    for day in range(local_day(site.zone, opened_ms) - 1, local_day(site.zone, end_ms) + 1):
        if not site.shift.works_on(day):
            continue
        start_ms, shift_end_ms = site.shift.bounds_ms(site.zone, day)
        if shift_end_ms <= opened_ms:
            continue
        workday = Workday(rep, day, start_ms, shift_end_ms, profile.lively)
        draws = Draws(seed, "calls", rep.id, day)
        streams = [_calls(draws, workday, mates, profile.hurry)]
        if profile.visits:
            visits = visits_of(Draws(seed, "visits", rep.id, day), workday)
            streams.append((visit.event_ms, [visit]) for visit in visits)
        for beginning in heapq.merge(*streams, key=lambda one: one[0]):
            if beginning[0] >= end_ms:
                return
            if beginning[0] >= opened_ms:
                yield beginning


def _calls(
    draws: Draws, workday: Workday, mates: tuple[Rep, ...], hurry: float
) -> Iterator[_Beginning]:
    rep = workday.rep
    for call in calls_of(draws, workday):
        reports = [call.report, *corrections_of(draws, call, mates, hurry)]
        if call.contact:
            reports += surveys_of(draws, call, rep, hurry)
        if call.sold:
            reports += deal_of(draws, call, rep, mates, hurry)
        yield call.start_ms, reports
