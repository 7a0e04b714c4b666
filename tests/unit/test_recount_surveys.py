"""Surveys, as the definitions have them, counted by hand."""

from __future__ import annotations

import pytest

from tests.unit.recounting import Floor


@pytest.mark.parametrize(
    ("score", "scale", "satisfied", "rating"),
    [
        (4, (1, 5), 1, "4.0000"),
        (3, (1, 5), 0, "3.0000"),
        (9, (1, 10), 1, "4.5556"),  # 1 + 4 * 8/9 = 4.55555...
        (8, (1, 10), 0, "4.1111"),
        (3, (1, 4), 1, "3.6667"),  # four points: the upper two
        (2, (1, 3), 0, "3.0000"),  # three points: the top only
        (3, (1, 3), 1, "5.0000"),
        (1, (0, 1), 1, "5.0000"),
        (0, (0, 1), 0, "1.0000"),
        (9.5, (0, 10), 1, "4.8000"),
        (0, (-2, 2), 0, "3.0000"),
        (-1.5, (-2, 2), 0, "1.5000"),
    ],
)
def test_a_csat_answer_is_satisfied_near_the_top_of_its_scale(
    score: float, scale: tuple[float, float], satisfied: int, rating: str
) -> None:
    floor = Floor()
    floor.survey(score, scale_min=scale[0], scale_max=scale[1])
    row = floor.row()
    assert (row["surveys"], row["csat_responses"]) == (1, 1)
    assert (row["csat_satisfied"], row["csat_rating_sum"]) == (satisfied, rating)


def test_ratings_are_added_up_exactly() -> None:
    floor = Floor()
    for _ in range(3):
        floor.survey(9, scale_min=1, scale_max=10)
    assert floor.row()["csat_rating_sum"] == "13.6668"


@pytest.mark.parametrize(
    ("score", "parts"),
    [
        (10, (1, 0, 0)),
        (9, (1, 0, 0)),
        (8, (0, 1, 0)),
        (7, (0, 1, 0)),
        (6, (0, 0, 1)),
        (0, (0, 0, 1)),
    ],
)
def test_nps_promoters_are_9_and_10_and_detractors_0_to_6(
    score: int, parts: tuple[int, int, int]
) -> None:
    floor = Floor()
    floor.survey(score, metric="nps", scale_min=0, scale_max=10)
    row = floor.row()
    assert (row["nps_promoters"], row["nps_passives"], row["nps_detractors"]) == parts
    assert (row["surveys"], row["csat_responses"], row["csat_rating_sum"]) == (1, 0, "0.0000")


def test_nps_on_another_scale_and_ces_are_surveys_and_nothing_else() -> None:
    floor = Floor()
    floor.survey(5, metric="nps")
    floor.survey(5, metric="ces")
    row = floor.row()
    assert row["surveys"] == 2
    assert not any(row[f"nps_{name}"] for name in ("promoters", "passives", "detractors"))
    assert row["csat_responses"] == 0


def test_a_survey_counts_on_the_day_it_was_submitted_and_can_be_taken_back() -> None:
    floor = Floor()
    floor.survey(5, "2026-03-05T01:00:00Z", response_id="s")
    assert floor.row()["date"] == "2026-03-05"
    floor.survey(5, "2026-03-05T01:00:00Z", response_id="s", op="retract")
    row = floor.row()
    assert (row["surveys"], row["csat_responses"], row["csat_rating_sum"]) == (0, 0, "0.0000")
    assert row["retracted"] == 1
