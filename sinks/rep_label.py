"""How Prometheus names a rep: by id, by a pseudonym, or not at all."""

from __future__ import annotations

import hashlib
from typing import Literal

RepLabel = Literal["id", "hash", "off"]


def shown_id(rep_id: str, how: RepLabel) -> str:
    """The label's value; "" where reps are not named.

    A hash hides ids from a glance, not from who has the list of ids.
    """
    if how == "hash" and rep_id:
        return hashlib.blake2b(rep_id.encode(), digest_size=8).hexdigest()
    return "" if how == "off" else rep_id
