"""A benchmark of peers is worth nothing when a peer does not count what it is measured by."""

from __future__ import annotations

import pytest

from streams.core.events import CALL_ENDED
from tests.bench.floor import bench_floor
from tests.bench.peers.compare import PEERS, fill
from tests.bench.peers.run import Peer, run_peer

EVENTS, REPS = 400, 7
TICK_S = 0.02
"""The last look is at /proc, which counts in hundredths."""


@pytest.mark.parametrize("peer", [each for each in PEERS if not each.needs], ids=lambda p: p.mode)
def test_a_peer_counts_every_call_it_read(peer: Peer) -> None:
    with bench_floor() as (floor, folder):
        truth = fill(floor, EVENTS, REPS)
        run = run_peer(peer, floor, CALL_ENDED, truth, folder / "peer")
    assert run.counts == "right"
    assert run.events == truth.calls == EVENTS
    assert (run.out_bytes > 0) == (peer.mode != "none")
    assert run.first.cpu_s < run.last.cpu_s < run.done.cpu_s + TICK_S
