"""After a red: does the rep, or the team, sell as usual again?

    p = theta when the red was told * rate of the group
    M = (M + 1) * (1 / r if sale else (1 - p) / (1 - r p))        r the middle ratio
    recovered at M >= the threshold

The detector turned round: who still sells at r of usual gets there once in about so many contacts.
"""

from __future__ import annotations

from msgspec import Struct

CAP = 1e15
"""No evidence grows beyond this, here or in what it is turned round from."""


class OpenRed(Struct, array_like=True):
    """A red that was told and is not over; the array's order is the stored form.

    `theta` is what was usual when it was told: what is usual now may be the drop itself. `run` and
    what follows are of the stretch that speaks for usual sales, from `since_ms` on.
    """

    alert_id: str
    theta: float
    evidence: float = 0.0
    run: float = 1.0
    contacts: int = 0
    sales: int = 0
    expected: float = 0.0
    since_ms: int = 0

    def score(self, sale: bool, usual: float, ratio: float, at_ms: int) -> float:
        """Take in one contact with this usual chance of a sale; the evidence after it."""
        likelihood = 1.0 / ratio if sale else (1.0 - usual) / (1.0 - ratio * usual)
        self.evidence = min((self.evidence + 1.0) * likelihood, CAP)
        self.run = min(self.run * likelihood, CAP)
        if self.run <= 1.0:
            self.run, self.contacts, self.sales, self.expected = 1.0, 0, 0, 0.0
        else:
            if not self.contacts:
                self.since_ms = at_ms
            self.contacts += 1
            self.sales += sale
            self.expected += usual
        return self.evidence
