"""The working days before today that a snapshot carries, to hold today against."""

from __future__ import annotations

from msgspec import Struct

from streams.core.tally import Tally


class PastDay(Struct, array_like=True, gc=False):
    """A working day: its local date, contacts and net deals in 1/10,000."""

    date: str
    contacts: int
    deals_bp: int


class Usual(Struct, kw_only=True, gc=False):
    """Up to 20 working days before today, oldest first, and their sum."""

    days: list[PastDay]
    tally: Tally
