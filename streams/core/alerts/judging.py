"""What to tell of a rep or a team whose evidence has changed, or that it is over."""

from __future__ import annotations

from typing import Literal

from streams.core.alerts.contact import MaturedContact
from streams.core.alerts.floor_watch import FloorWatch
from streams.core.alerts.group import MOST
from streams.core.alerts.outcomes import (
    Alert,
    Cleared,
    Level,
    Outcome,
    Recovered,
    Restarted,
    Whose,
    alert_id,
)
from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings, Limits


class Judge:
    """Turns evidence into outcomes, in `out`."""

    __slots__ = ("_floor", "_settings", "out")

    def __init__(self, floor: FloorWatch, settings: AlertSettings) -> None:
        self._floor = floor
        self._settings = settings
        self.out: list[Outcome] = []

    def judge(
        self,
        of: RepWatch,
        whose: Whose,
        contact: MaturedContact,
        evidence: float,
        limits: Limits,
    ) -> None:
        """The evidence after a contact: at least amber, or it was so before."""
        if evidence >= limits.red:
            self._tell_red(of, self._alert(of, whose, contact, "red", evidence), contact.at_ms)
            return
        if evidence >= limits.amber:
            if not of.amber:
                alert = self._alert(of, whose, contact, "amber", evidence)
                of.amber, of.amber_id = True, alert.id
                self.out.append(alert)
        elif of.amber and evidence < limits.amber / 2:
            self._clear(
                of.amber_id, whose, "amber", at_ms=contact.at_ms, evidence=evidence, why="evidence"
            )
            of.amber, of.amber_id = False, ""

    def judge_return(
        self, of: RepWatch, whose: Whose, contact: MaturedContact, rate: float, limits: Limits
    ) -> None:
        """A contact after a red that is not over, with the rate of the group."""
        red = of.open
        if red is None:
            return
        ratio = self._settings.ratios[1]
        usual = min(rate * red.theta, MOST)
        if red.score(contact.sale, usual, ratio, contact.at_ms) >= limits.recovered:
            self._end_red(of, whose, contact.at_ms, "evidence")

    def move(self, rep: RepWatch, contact: MaturedContact) -> None:
        """The rep is in another team from this contact on: evidence was against the old one's rate.

        The baseline goes along, being a ratio to the team.
        """
        whose = Whose(contact.rep_id, contact.team_id)
        self._end_all(rep, whose, contact.at_ms, "moved")
        if rep.evidence:
            self._restart(rep, whose, contact.at_ms, "moved")
        rep.team_id = contact.team_id
        days = self._settings.moved_days
        rep.moved_left = days + 1 if days else 0  # the day of the move is not a whole one

    def gone(self, of: RepWatch, whose: Whose, at_ms: int) -> None:
        """Nothing was heard of a rep or a team for so long that it starts anew."""
        self._end_all(of, whose, at_ms, "gone")

    def _end_all(
        self, of: RepWatch, whose: Whose, at_ms: int, why: Literal["moved", "gone"]
    ) -> None:
        if of.amber_id:
            self._clear(of.amber_id, whose, "amber", at_ms=at_ms, evidence=of.evidence, why=why)
        if of.open is not None:
            self._end_red(of, whose, at_ms, why)

    def _tell_red(self, of: RepWatch, alert: Alert, at_ms: int) -> None:
        whose = Whose(alert.rep_id, alert.team_id)
        if of.open is not None:
            self._end_red(of, whose, at_ms, "again")
        self.out.append(alert)
        of.tell_red(alert.id)
        self._restart(of, whose, at_ms, "red")

    def _restart(
        self, of: RepWatch, whose: Whose, at_ms: int, reason: Literal["red", "moved"]
    ) -> None:
        self.out.append(
            Restarted(
                rep_id=whose.rep_id,
                team_id=whose.team_id,
                at_ms=at_ms,
                evidence=of.evidence,
                reason=reason,
            )
        )
        of.restart()

    def _end_red(
        self,
        of: RepWatch,
        whose: Whose,
        at_ms: int,
        why: Literal["evidence", "again", "moved", "gone"],
    ) -> None:
        red = of.open
        if red is None:
            return
        of.open = None
        self.out.append(
            Recovered(
                ends=red.alert_id,
                rep_id=whose.rep_id,
                team_id=whose.team_id,
                group=of.group,
                at_ms=at_ms,
                evidence=red.evidence,
                since_ms=red.since_ms,
                contacts=red.contacts,
                sales=red.sales,
                expected=red.expected,
                reason=why,
            )
        )

    def _clear(
        self,
        ends: str,
        whose: Whose,
        level: Level,
        *,
        at_ms: int,
        evidence: float,
        why: Literal["evidence", "moved", "gone"],
    ) -> None:
        self.out.append(
            Cleared(
                ends=ends,
                rep_id=whose.rep_id,
                team_id=whose.team_id,
                level=level,
                at_ms=at_ms,
                evidence=evidence,
                reason=why,
            )
        )

    def _alert(
        self, of: RepWatch, whose: Whose, contact: MaturedContact, level: Level, evidence: float
    ) -> Alert:
        site_id = self._floor.site_id
        return Alert(
            id=alert_id(site_id, whose, level, contact.at_ms, contact.entity),
            level=level,
            site_id=site_id,
            rep_id=whose.rep_id,
            team_id=whose.team_id,
            group=of.group,
            at_ms=contact.at_ms,
            since_ms=of.run_since_ms,
            evidence=evidence,
            contacts=of.run_contacts,
            sales=of.run_sales,
            expected=of.run_expected,
            baseline_days=of.base_days,
            baseline_contacts=of.base_contacts,
            ends=of.amber_id if level == "red" else "",
            also=of.also(self._floor.campaigns.names()),
        )
