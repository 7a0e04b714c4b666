"""Which changes of a schema an old producer, an old event or an old reader survives."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta, Struct, defstruct

from streams.core.compatibility import compatible

Small = Annotated[int, Meta(ge=0, le=10)]
Wide = Annotated[int, Meta(ge=-1, le=11)]
Short = Annotated[str, Meta(max_length=5)]
Coded = Annotated[str, Meta(pattern="^a+$")]
Two = Literal["a", "b"]
Three = Literal["a", "b", "c"]


class Inner(Struct):
    """A nested value."""

    x: int


class Wider(Struct):
    """A nested value that asks for more."""

    x: int
    y: int


class Pair(Struct, array_like=True):
    """A value that is an array."""

    x: int
    y: str


class Triple(Struct, array_like=True):
    """An array that became longer."""

    x: int
    y: str
    z: int


def problems(old: object, new: object, *, written: bool = False) -> list[str]:
    """Problems when field `x` changes; `...` is no field, a tuple is (type, default)."""
    was, now = (
        msgspec.json.schema(
            defstruct(
                "T",
                [] if what is ... else [("x", *what) if isinstance(what, tuple) else ("x", what)],
            )
        )
        for what in (old, new)
    )
    return compatible("e", was, now, written=written)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (int, int),
        (..., (int, 1)),
        (int, (int, 0)),
        (Small, Wide),
        (Small, int),
        (Small, float),
        (Short, str),
        (Two, Three),
        (Two, str),
        (int, int | None),
        (Inner, Inner),
        (list[Two], list[Three]),
        (list[Pair], list[Pair]),
        (dict[str, Small], dict[str, int]),
    ],
)
def test_what_takes_more_is_compatible_for_what_is_read(old: object, new: object) -> None:
    assert problems(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (..., int, "field `x` is new and required: an old producer does not send it"),
        ((int, 0), int, "field `x` became required: an old producer does not send it"),
        (int, ..., "field `x` was removed: what an old producer sends in it would be lost"),
        (int, str, "field `x` is now string, no more integer"),
        (float, int, "field `x` is now integer, no more number"),
        (str, Two, 'field `x` is now one of "a", "b", no more string'),
        (Two, Coded, 'field `x` is now string, no more one of "a", "b"'),
        (Three, Two, 'field `x` takes no more "c": an old producer may send what was allowed'),
        (int | None, int, "field `x` is now integer, no more null"),
        (Wide, Small, "field `x` has minimum `0`, was `-1`"),
        (Wide, Small, "field `x` has maximum `10`, was `11`"),
        (str, Short, "field `x` has maxLength `5`, was none"),
        (str, Coded, "field `x` has pattern `^a+$`, was none"),
        (Inner, Wider, "field `x.y` is new and required"),
        (Wider, Inner, "field `x.y` was removed"),
        (list[Inner], list[Wider], "field `x[].y` is new and required"),
        (list[Three], list[Two], 'field `x[]` takes no more "c"'),
        (dict[str, Inner], dict[str, Wider], "field `x.*.y` is new and required"),
        (Pair, Triple, "field `x` has minItems `3`, was `2`"),
        (Triple, Pair, "field `x[2]` was removed"),
        (tuple[int, int], tuple[int, str], "field `x[1]` is now string, no more integer"),
        ((int, 1), (int, 2), "field `x` has default 2, was 1: old events without it change"),
    ],
)
def test_what_takes_less_is_named(old: object, new: object, says: str) -> None:
    found = problems(old, new)
    assert any(says in problem for problem in found), found
    assert all(problem.startswith("e: ") for problem in found)


@pytest.mark.parametrize("new", [(int, 1), (Inner | None, None)])
def test_a_new_optional_field_is_compatible_for_what_is_written(new: object) -> None:
    assert problems(..., new, written=True) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (Two, Three, 'field `x` may now be "c": an old reader does not expect it'),
        (Small, Wide, "field `x` has maximum `11`, was `10`: an old reader"),
        (int, int | None, "field `x` may now be null: an old reader does not expect it"),
        (int, (int, 0), "field `x` is no more required: an old reader relies on it"),
        (int, ..., "field `x` was removed"),
    ],
)
def test_what_says_more_is_named_for_what_is_written(old: object, new: object, says: str) -> None:
    found = problems(old, new, written=True)
    assert any(says in problem for problem in found), found
