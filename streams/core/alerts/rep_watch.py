"""What the detector keeps of one rep: baseline, evidence, and the run that an alert tells of."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from msgspec import Struct, field

from streams.core.alerts.also import Also, what_else
from streams.core.alerts.habits import Habits, append_day, read_days
from streams.core.alerts.recovery import CAP, OpenRed
from streams.core.alerts.settings import AlertSettings

_DAY = struct.Struct("<IId")
_LONGEST_HOLD_DAYS = 10
"""Working days beyond the lag that a run keeps out of the baseline: then they are the new usual."""
_KEPT_A_DAY = 0.95
"""What a day of the baseline still counts one working day later: half after 14. Reps change on
their own, and the day of two months ago knows less of now than that of two weeks ago."""


class RepWatch(Struct, array_like=True, gc=False):
    """A rep, or a team as a whole; the array's order is the stored form. About 2 KB.

    `group` is whose rate the rep is held against: the team, or "" for the floor; `own_*` is the
    rep's part in its level, as of `own_ticks` of its clock. `low`, `middle`, `high` are the
    evidence for the three ratios. `run` is the evidence since it last was none, and `run_*` what
    happened since. `past` are working days, oldest first: contacts, sales, expected sales;
    `base_*` their sums over the baseline, `usual_*` the same with older days counting less, 0 in
    state of before; `theta` the rep's usual rate over the group's.
    `moved_left`: working days for which nothing is scored. `run_days`:
    working days ended since the run began, which the baseline leaves out: a drop that is slow to be
    found would else become what is usual before it is. `amber_id` is the amber that stands, `open`
    the red. `habits_*` is how the rep works, today, in the run and on the days of `past`: of the
    newest of them, where an earlier release did not know.
    """

    team_id: str
    group: str = ""
    own_sales: float = 0.0
    own_weight: float = 0.0
    own_ticks: int = 0
    low: float = 0.0
    middle: float = 0.0
    high: float = 0.0
    run: float = 1.0
    run_contacts: int = 0
    run_sales: int = 0
    run_expected: float = 0.0
    run_since_ms: int = 0
    amber: bool = False
    contacts_today: int = 0
    sales_today: int = 0
    expected_today: float = 0.0
    past: bytes = b""
    base_days: int = 0
    base_contacts: int = 0
    base_sales: int = 0
    base_expected: float = 0.0
    theta: float = 1.0
    moved_left: int = 0
    last_day: int = 0
    run_days: int = 0
    amber_id: str = ""
    open: OpenRed | None = None
    usual_sales: float = 0.0
    usual_expected: float = 0.0
    habits_today: Habits = field(default_factory=Habits)
    habits_run: Habits = field(default_factory=Habits)
    habits_past: bytes = b""

    @property
    def evidence(self) -> float:
        """How rare this is: a rep selling normally gets here once in about so many contacts."""
        return (self.low + self.middle + self.high) / 3.0

    @property
    def contacts_a_day(self) -> float:
        """Contacts of the usual working day; 0 while nothing is known."""
        return self.base_contacts / self.base_days if self.base_days else 0.0

    def score(
        self,
        sale: bool,
        expected: float,
        guard: float,
        ratios: tuple[float, float, float],
        power: float = 1.0,
    ) -> float:
        """Take in one contact with this chance of a sale; the evidence after it.

        `power` below 1: the chance is an estimate, so the contact says less.
        """
        p = expected * guard
        a, b, c = ratios
        if sale:
            la, lb, lc = a, b, c
        else:
            miss = 1.0 - p
            la, lb, lc = (1.0 - a * p) / miss, (1.0 - b * p) / miss, (1.0 - c * p) / miss
        if power < 1.0:
            la, lb, lc = la**power, lb**power, lc**power
        self.low = low = min((self.low + 1.0) * la, CAP)
        self.middle = middle = min((self.middle + 1.0) * lb, CAP)
        self.high = high = min((self.high + 1.0) * lc, CAP)
        self.run = min(self.run * lb, CAP)
        if self.run <= 1.0:
            self._end_run()
        else:
            self.run_contacts += 1
            self.run_sales += sale
            self.run_expected += expected
        return (low + middle + high) / 3.0

    def tell_red(self, alert_id: str) -> None:
        """A red is told: it stays until the rep sells again what is usual now."""
        self.open = OpenRed(alert_id, self.theta)

    def restart(self) -> None:
        """Forget the evidence, not the baseline."""
        self.low = self.middle = self.high = 0.0
        self._end_run()
        self.amber = False
        self.amber_id = ""

    def _end_run(self) -> None:
        self.run, self.run_contacts, self.run_sales, self.run_expected = 1.0, 0, 0, 0.0
        self.run_days = 0
        self.habits_run = Habits()

    def learned(self, settings: AlertSettings) -> bool:
        """True when there is a baseline to hold the rep against."""
        return (
            self.base_days >= settings.minimum_days
            and self.base_contacts >= settings.minimum_contacts
        )

    def close_day(self, settings: AlertSettings) -> None:
        """End the rep's working day, if there was one, and sum the baseline of the next."""
        if not self.contacts_today:
            return
        kept, lag = settings.baseline_days, settings.baseline_lag_days
        longest = lag + _LONGEST_HOLD_DAYS
        if self.expected_today:
            day = _DAY.pack(self.contacts_today, self.sales_today, self.expected_today)
            self.past = (self.past + day)[-(kept + longest) * _DAY.size :]
            self.run_days += self.run > 1.0
            days = len(self.past) // _DAY.size
            self.habits_past = append_day(self.habits_past, self.habits_today, days)
        self.habits_today = Habits()
        self.contacts_today, self.sales_today, self.expected_today = 0, 0, 0.0
        self.moved_left = max(self.moved_left - 1, 0)
        left_out = min(max(self.run_days, lag), longest)
        end = max(len(self.past) - left_out * _DAY.size, 0)
        held = self.past[:end][-kept * _DAY.size :]
        days, contacts, sales, expected = 0, 0, 0, 0.0
        usual_sales, usual_expected = 0.0, 0.0
        for of_day in _DAY.iter_unpack(held):
            days += 1
            contacts += of_day[0]
            sales += of_day[1]
            expected += of_day[2]
            usual_sales = usual_sales * _KEPT_A_DAY + of_day[1]
            usual_expected = usual_expected * _KEPT_A_DAY + of_day[2]
        self.base_days, self.base_contacts = days, contacts
        self.base_sales, self.base_expected = sales, expected
        self.usual_sales, self.usual_expected = usual_sales, usual_expected

    def usual(self) -> tuple[float, float]:
        """(sales, expected sales) of the baseline, its older days counting less.

        All alike in state of before, until the rep's next working day is over.
        """
        if self.usual_expected:
            return self.usual_sales, self.usual_expected
        return self.base_sales, self.base_expected

    def also(self, names: Mapping[int, str]) -> tuple[Also, ...]:
        """What else changed in the run, against the days the usual rate stands on."""
        habits, past = read_days(self.habits_past), self.past_days()
        unknown = len(past) - len(habits)
        usual = [habits[at - unknown] for at in self.base_of(past) if at >= unknown]
        return what_else(self.habits_run, usual, names)

    def past_days(self) -> list[tuple[int, int, float]]:
        """The working days that are over, oldest first: contacts, sales, expected sales."""
        return list(_DAY.iter_unpack(self.past))

    def base_of(self, past: list[tuple[int, int, float]]) -> range:
        """The places among `past_days()` of the days the baseline is the sum of.

        How many of the newest were left out when it was summed is not kept, but the sums are.
        """
        for end in range(len(past), self.base_days - 1, -1):
            expected = 0.0
            for day in past[end - self.base_days : end]:
                expected += day[2]
            if self.base_days and expected == self.base_expected:
                return range(end - self.base_days, end)
        return range(0)
