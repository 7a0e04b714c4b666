"""Splitting an amount of minor units so that the parts sum to the whole."""

from __future__ import annotations

from collections.abc import Sequence


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` in proportion to `weights` by largest remainder; the parts sum to `amount`.

    Part i is first floor(amount * weights[i] / sum(weights)). The units still left go, one each, to
    the parts with the largest remainder of that division, ties to the lower index. When all weights
    are 0 the first part gets everything. `amount` and `weights` are >= 0 (minor units, any unit);
    ValueError otherwise, and when there are no weights.
    """
    if not weights or amount < 0 or min(weights) < 0:
        msg = f"cannot split {amount} by {list(weights)}: need an amount and weights of at least 0"
        raise ValueError(msg)
    if len(weights) == 1:
        return [amount]
    whole = sum(weights)
    if not (amount and whole):
        return [amount] + [0] * (len(weights) - 1)
    parts: list[int] = []
    remainders: list[int] = []
    for weight in weights:
        part, remainder = divmod(amount * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    left = amount - sum(parts)
    if left:
        # sorted() is stable, also in reverse, so equal remainders keep the order of their indices.
        for i in sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)[:left]:
            parts[i] += 1
    return parts
