"""The plan's section `[alerts]`: defaults, and every fault of it at once."""

import pytest

from streams.core.alerts.settings import AlertSettings
from streams.core.errors import PlanError
from streams.core.plan import Plan, parse_plan


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(PlanError) as caught:
        parse_plan(text, "UTC")
    return caught.value.problems


def test_without_the_section_the_measured_defaults_hold() -> None:
    settings = parse_plan("", "UTC").alerts
    assert settings == AlertSettings() == Plan.empty("UTC").alerts
    assert (settings.red, settings.amber, settings.guard) == (8000, 1000, 0.9)
    assert settings.ratios == (0.4, 0.55, 0.7)
    assert (settings.baseline_days, settings.baseline_lag_days) == (60, 10)


def test_what_the_section_says_holds() -> None:
    text = """
    [alerts]
    red = 4000
    ratios = [0.8, 0.3, 0.5]
    grace_minutes = 30
    half_life_hours = 1.5
    """
    settings = parse_plan(text, "UTC").alerts
    assert settings == AlertSettings(
        red=4000.0, ratios=(0.3, 0.5, 0.8), grace_minutes=30, half_life_hours=1.5
    )
    assert settings.grace_ms == 1_800_000


def test_every_fault_is_told_at_once_with_what_to_do() -> None:
    text = """
    [alerts]
    gaurd = 0.9
    red = "often"
    guard = 1.2
    grace_minutes = 7.5
    minimum_team = true
    ratios = [0.4, 0.4, 0.7]
    [alert]
    """
    assert problems(text) == (
        "plan: alert: no such key; did you mean alerts?",
        "plan: alerts.gaurd: no such key; did you mean guard?",
        "plan: alerts.red = 'often': must be a number from 10 to 1e+09; the default is 8000",
        "plan: alerts.guard = 1.2: must be a number from 0.5 to 1; the default is 0.9",
        "plan: alerts.grace_minutes = 7.5: must be a whole number from 0 to 1,440; "
        "the default is 45",
        "plan: alerts.minimum_team = True: must be a whole number from 2 to 10,000; "
        "the default is 10",
        "plan: alerts.ratios = [0.4, 0.4, 0.7]: must be three different numbers "
        "from 0.05 to 0.95, such as [0.4, 0.55, 0.7]",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("amber = 9000", "plan: alerts.amber: amber (9000) must be below red (8000)"),
        ("red = 900", "plan: alerts.red: amber (1000) must be below red (900)"),
        (
            "baseline_days = 5",
            "plan: alerts.baseline_days: minimum_days (10) must be at most baseline_days (5): "
            "nobody would ever be learned",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_told_at_the_one_that_is_named(
    line: str, said: str
) -> None:
    assert problems(f"[alerts]\n{line}") == (said,)


def test_alert_settings_shape_no_contribution() -> None:
    assert parse_plan("[alerts]\nred = 900\namber = 90", "UTC").fingerprint() == (
        Plan.empty("UTC").fingerprint()
    )
