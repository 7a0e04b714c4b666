"""Putting something else in the place of a part of the engine, in the process of a test worker."""

from __future__ import annotations


def put(owner: object, name: str, other: object) -> None:
    """Make `owner.name` be `other`; raises AttributeError when there was nothing of that name."""
    getattr(owner, name)  # a part that was renamed must not be missed in silence
    setattr(owner, name, other)
