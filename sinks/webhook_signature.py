"""Signs what is posted to a webhook, so that its receiver knows who sent it, and when."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Floorcast-Signature"
ID_HEADER = "Floorcast-Id"


def signature(secret: str, body: bytes, at_s: int) -> str:
    """The value of the header: the time of sending (seconds since 1970), and HMAC-SHA256 of both.

    The time is signed too, so that a receiver who refuses what is older than some minutes cannot
    be sent the same again by who has only listened.
    """
    mac = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256)
    return f"t={at_s},v1={mac.hexdigest()}"
