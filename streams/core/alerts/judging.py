"""What to tell of a rep whose evidence has changed: now, later, or that it is over."""

from __future__ import annotations

from streams.core.alerts.contact import MaturedContact, Pause
from streams.core.alerts.floor_watch import FloorWatch
from streams.core.alerts.outcomes import (
    Alert,
    Cleared,
    Level,
    Outcome,
    Restarted,
    Suppressed,
    alert_id,
)
from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings


class Judge:
    """Turns evidence into outcomes, in `out`; `paused` is why alerts are held back, if they are."""

    __slots__ = ("_floor", "_paused", "_settings", "out")

    def __init__(
        self, floor: FloorWatch, settings: AlertSettings, paused: tuple[Pause, ...]
    ) -> None:
        self._floor = floor
        self._settings = settings
        self._paused = paused
        self.out: list[Outcome] = []

    def tell_held(self) -> None:
        """Tell the reds that were held back, as they were when they were found."""
        if self._paused:
            return
        held, self._floor.held = self._floor.held, {}
        for rep_id in sorted(held):
            rep = self._floor.reps.get(rep_id)
            if rep is not None:
                self._tell_red(rep, held[rep_id], held[rep_id].at_ms)

    def judge(self, rep: RepWatch, contact: MaturedContact, evidence: float) -> None:
        """The evidence of a rep after a contact: at least amber, or it was so before."""
        settings, held = self._settings, contact.rep_id in self._floor.held
        if evidence >= settings.red:
            if held:
                return
            alert = self._alert(rep, contact, "red", evidence)
            if self._paused:
                self._floor.held[contact.rep_id] = alert
                rep.held = True
                self.out.append(Suppressed(alert=alert, reasons=self._paused))
            else:
                self._tell_red(rep, alert, contact.at_ms)
            return
        if held and evidence < settings.red / 2:
            del self._floor.held[contact.rep_id]
            rep.held = False
            self._clear(contact, "red", evidence)
        if evidence >= settings.amber:
            # A colour, not a message: while paused it waits for the next contact.
            if not rep.amber and not self._paused:
                rep.amber = True
                self.out.append(self._alert(rep, contact, "amber", evidence))
        elif rep.amber and evidence < settings.amber / 2:
            rep.amber = False
            self._clear(contact, "amber", evidence)

    def move(self, rep: RepWatch, contact: MaturedContact) -> None:
        """The rep is in another team from this contact on: evidence was against the old one's rate.

        The baseline goes along, being a ratio to the team.
        """
        held = self._floor.held.pop(contact.rep_id, None)
        if held is not None:
            self.out.append(Suppressed(alert=held, reasons=("moved",)))
        if rep.evidence:
            self._restart(rep, contact.rep_id, contact.team_id, contact.at_ms, "moved")
        rep.team_id = contact.team_id
        days = self._settings.moved_days
        rep.moved_left = days + 1 if days else 0  # the day of the move is not a whole one

    def _tell_red(self, rep: RepWatch, alert: Alert, at_ms: int) -> None:
        self.out.append(alert)
        self._restart(rep, alert.rep_id, alert.team_id, at_ms, "red")

    def _restart(self, rep: RepWatch, rep_id: str, team_id: str, at_ms: int, reason: str) -> None:
        self.out.append(
            Restarted(
                rep_id=rep_id,
                team_id=team_id,
                at_ms=at_ms,
                evidence=rep.evidence,
                reason="moved" if reason == "moved" else "red",
            )
        )
        rep.restart()

    def _clear(self, contact: MaturedContact, level: Level, evidence: float) -> None:
        self.out.append(
            Cleared(
                rep_id=contact.rep_id,
                team_id=contact.team_id,
                level=level,
                at_ms=contact.at_ms,
                evidence=evidence,
            )
        )

    def _alert(
        self, rep: RepWatch, contact: MaturedContact, level: Level, evidence: float
    ) -> Alert:
        site_id = self._floor.site_id
        return Alert(
            id=alert_id(site_id, contact.rep_id, level, contact.at_ms, contact.entity),
            level=level,
            site_id=site_id,
            rep_id=contact.rep_id,
            team_id=contact.team_id,
            group=rep.group,
            at_ms=contact.at_ms,
            since_ms=rep.run_since_ms,
            evidence=evidence,
            contacts=rep.run_contacts,
            sales=rep.run_sales,
            expected=rep.run_expected,
            baseline_days=rep.base_days,
            baseline_contacts=rep.base_contacts,
        )
