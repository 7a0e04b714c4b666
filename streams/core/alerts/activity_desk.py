"""What teams do, in one partition of `matured-contacts`: counts gathered, and folded by bucket."""

from __future__ import annotations

from msgspec import Struct

from streams.core.alerts.activity import Activity, ActivityTick, TeamBucket, added
from streams.core.alerts.activity_fold import ActivityFloor, fold_activity
from streams.core.alerts.contact import BUCKET_MS
from streams.core.alerts.outcomes import ActivityChanged
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.ticks import Ticks


class StoredActivity(Struct, array_like=True):
    """The state as it is stored."""

    ticks: dict[int, int]
    folded_ms: int
    floors: list[ActivityFloor]
    waiting: list[Activity]


class ActivityDesk:
    """One partition's sites; `senders` is how many scoreboard partitions tick.

    A bucket is folded when every sender has ticked past it. Of a sender's repeats the first counts;
    what comes for a folded bucket changes nothing: it was sent again after a crash.
    """

    def __init__(self, senders: int, settings: AlertSettings) -> None:
        self.floors: dict[str, ActivityFloor] = {}
        self.ticks = Ticks(senders)
        self.folded_ms = -1
        self._settings = settings
        # site -> bucket -> team -> sender
        self._waiting: dict[str, dict[int, dict[str, dict[int, TeamBucket]]]] = {}

    def apply(self, said: Activity | ActivityTick) -> list[tuple[str, ActivityChanged]]:
        """Take a record; (site, what there is to say)."""
        if isinstance(said, Activity):
            self._wait(said)
            return []
        self.ticks.hear(said.partition, said.until_ms)
        end_ms = self.ticks.lowest_ms() // BUCKET_MS * BUCKET_MS
        if end_ms <= self.folded_ms:
            return []
        self.folded_ms = end_ms
        out: list[tuple[str, ActivityChanged]] = []
        for site_id in sorted(self.floors):
            floor, waiting = self.floors[site_id], self._waiting.get(site_id, {})
            for number in sorted(n for n in waiting if (n + 1) * BUCKET_MS <= end_ms):
                rows = [added(parts.values()) for parts in waiting.pop(number).values()]
                out += (
                    (site_id, one) for one in fold_activity(floor, number, rows, self._settings)[1]
                )
        return out

    def _wait(self, said: Activity) -> None:
        if said.site_id not in self.floors:
            self.floors[said.site_id] = ActivityFloor(said.site_id, said.zone)
        self.floors[said.site_id].zone = said.zone
        waiting = self._waiting.setdefault(said.site_id, {})
        for row in said.rows:
            if row.number * BUCKET_MS >= self.folded_ms:
                teams = waiting.setdefault(row.number, {})
                teams.setdefault(row.team_id, {}).setdefault(said.partition, row)

    def stored(self) -> StoredActivity:
        """All of it, for `load`."""
        waiting: dict[tuple[str, int], list[TeamBucket]] = {}
        for site_id, buckets in sorted(self._waiting.items()):
            for _, teams in sorted(buckets.items()):
                for _, parts in sorted(teams.items()):
                    for partition, row in sorted(parts.items()):
                        waiting.setdefault((site_id, partition), []).append(row)
        return StoredActivity(
            dict(self.ticks.held()),
            self.folded_ms,
            [self.floors[site_id] for site_id in sorted(self.floors)],
            [
                Activity(partition, site_id, self.floors[site_id].zone, tuple(rows))
                for (site_id, partition), rows in waiting.items()
            ],
        )

    def load(self, stored: StoredActivity) -> None:
        """Become what was stored."""
        self.ticks.restore(stored.ticks.items())
        self.folded_ms = stored.folded_ms
        self.floors = {floor.site_id: floor for floor in stored.floors}
        self._waiting = {}
        for said in stored.waiting:
            self._wait(said)
