"""Reps who are shown under a pseudonym."""

from __future__ import annotations

import pytest

from streams.core.errors import PipelineError
from streams.core.forgetting import Forgotten, ForgottenReps, encode_forgotten, forgotten_key
from tests.browser.floor import rep

WORD = Forgotten(pseudonym="gone-1f", at_ms=5)


def hear(reps: ForgottenReps, rep_id: str, word: Forgotten | None) -> bool:
    return reps.hear(forgotten_key(rep_id), None if word is None else encode_forgotten(word))


def test_a_forgotten_rep_keeps_every_number_and_loses_name_and_id() -> None:
    reps, shot = ForgottenReps(), rep(7)
    hear(reps, "r-0007", WORD)

    (shown, other), gone = reps.replace([shot, rep(8)])

    assert gone == ["r-0007"]
    assert (shown.rep_id, shown.name) == ("gone-1f", None)
    shown.rep_id, shown.name = shot.rep_id, shot.name
    assert shown == shot
    assert other == rep(8)


def test_the_snapshot_itself_is_left_alone() -> None:
    reps, shot = ForgottenReps(), rep(7)
    hear(reps, "r-0007", WORD)
    reps.replace([shot])
    assert shot == rep(7)


def test_an_undone_rep_is_itself_and_its_pseudonym_is_gone() -> None:
    reps = ForgottenReps()
    hear(reps, "r-0007", Forgotten(pseudonym="gone-1f", at_ms=6, undone=True))

    assert reps.replace([rep(7)]) == ([rep(7)], ["gone-1f"])


def test_hearing_a_word_again_changes_nothing() -> None:
    reps = ForgottenReps()
    assert hear(reps, "r-0007", WORD)
    assert not hear(reps, "r-0007", WORD)
    assert hear(reps, "r-0007", None)
    assert not hear(reps, "r-0007", None)
    assert reps.replace([rep(7)]) == ([rep(7)], [])


def test_no_record_holds_the_id() -> None:
    assert b"r-0007" not in forgotten_key("r-0007") + encode_forgotten(WORD)


@pytest.mark.parametrize(
    ("value", "says"),
    [(b"{}", "not floorcast's"), (b'{"record":2,"pseudonym":"x","at_ms":1}', "newer floorcast")],
)
def test_a_record_that_cannot_be_read_is_never_passed_over(value: bytes, says: str) -> None:
    """It may be about somebody whose name would be shown."""
    with pytest.raises(PipelineError, match=says):
        ForgottenReps().hear(forgotten_key("r-0007"), value)
