"""What a supervisor reads when a rep's conversion really drops."""

from msgspec.structs import replace

from streams.core.alerts.also import Also
from streams.core.alerts.outcomes import Alert, Recovered, Whose, alert_id
from streams.core.alerts.words import alert_text, recovered_text

ANA = Alert(
    id="1",
    level="red",
    site_id="lisbon",
    rep_id="r-1",
    team_id="north",
    group="north",
    at_ms=1,
    since_ms=0,
    evidence=8_043.7,
    contacts=248,
    sales=7,
    expected=20.8,
    baseline_days=30,
    baseline_contacts=1_830,
)


def test_the_text_says_what_was_seen_what_was_expected_and_how_rarely_this_is_wrong() -> None:
    assert alert_text(ANA, "Ana") == (
        "Ana: 7 sales in the last 248 contacts (2.8 %); expected 21 (8.4 %) allowing for the team. "
        "A rep selling normally sets this off about once in 8,000 contacts, "
        "roughly 130 working days. "
        "Usual is taken from 30 working days, 1,830 contacts."
    )


def test_the_text_says_the_same_in_chinese() -> None:
    assert alert_text(ANA, "李娜", "zh") == (
        "李娜：最近 248 次接触成交 7 单（2.8 %）；计入团队同期表现，预期 21 单（8.4 %）。"
        "正常成交的坐席约每 8,000 次接触才会触发一次这样的提醒，约合 130 个工作日。"
        "平时水平取自 30 个工作日、1,830 次接触。"
    )


ALSO = (
    Also(what="short_calls", seen=0.312, usual=0.118, changed=True),
    Also(what="talk", seen=79_600, usual=160_000, changed=True),
    Also(what="leads", seen=0.62, usual=0.2, changed=True, campaign="spring"),
)


def test_what_else_changed_is_the_last_sentence() -> None:
    assert alert_text(replace(ANA, also=ALSO), "Ana").endswith(
        "1,830 contacts. Also changed: short calls, 31 % of answered calls (usually 12 %); "
        "talk time, 1:20 min per contact without a sale (usually 2:40); "
        "leads from spring, 62 % of contacts (usually 20 %)."
    )
    assert alert_text(replace(ANA, also=ALSO), "李娜", "zh").endswith(
        "1,830 次接触。同时变化：秒挂通话占接通的 31 %（平时 12 %）；"
        "未成交接触的平均通话 1:20 分（平时 2:40 分）；"
        "来自 spring 的线索占接触的 62 %（平时 20 %）。"
    )


def test_what_did_not_change_is_not_told_beside_what_did() -> None:
    also = (replace(ALSO[0], changed=False), ALSO[1])
    assert "short calls" not in alert_text(replace(ANA, also=also), "Ana")


def test_that_nothing_else_changed_is_said_of_what_was_looked_at() -> None:
    same = tuple(replace(one, changed=False) for one in ALSO)
    assert alert_text(replace(ANA, also=same), "Ana").endswith(
        "Nothing else stands out: short calls, talk time and mix of leads "
        "within the usual ups and downs."
    )
    assert alert_text(replace(ANA, also=same[:1]), "Ana").endswith(
        "stands out: short calls within the usual ups and downs."
    )
    assert alert_text(replace(ANA, also=same), "李娜", "zh").endswith(
        "其他没有异常：秒挂通话、通话时长、线索构成都在平时的波动范围内。"
    )


def test_a_small_team_is_held_against_the_floor_and_the_text_says_so() -> None:
    alone = replace(ANA, group="")
    assert "allowing for the floor" in alert_text(alone, "Ana")
    assert "计入全场同期表现" in alert_text(alone, "Ana", "zh")


def test_one_sale_is_one_sale_and_few_expected_ones_have_a_decimal() -> None:
    few = replace(ANA, sales=1, expected=9.94)
    assert "1 sale in" in alert_text(few, "Ana")
    assert "expected 9.9 (" in alert_text(few, "Ana")
    assert "expected 10 (" in alert_text(replace(few, expected=9.96), "Ana")


def test_rarity_is_rounded_down_never_up() -> None:
    assert "once in 8,900 contacts" in alert_text(replace(ANA, evidence=8_999.9), "Ana")
    assert "roughly 1 working days" not in alert_text(replace(ANA, evidence=1_000), "Ana")


def test_an_alert_has_one_id_whoever_finds_it_and_another_for_another_contact() -> None:
    one = alert_id("s", Whose("r", "t"), "red", 5, "call-1")
    assert one == alert_id("s", Whose("r", "t"), "red", 5, "call-1")
    others = {
        alert_id("s2", Whose("r", "t"), "red", 5, "call-1"),
        alert_id("s", Whose("r2", "t"), "red", 5, "call-1"),
        alert_id("s", Whose("r", "t"), "amber", 5, "call-1"),
        alert_id("s", Whose("r", "t"), "red", 6, "call-1"),
        alert_id("s", Whose("r", "t"), "red", 5, "call-2"),
        one,
    }
    assert len(others) == 6


def test_a_whole_teams_alert_is_another_than_any_reps() -> None:
    team = alert_id("s", Whose("", "t"), "red", 5, "call-1")
    assert team != alert_id("s", Whose("t", "t"), "red", 5, "call-1")
    assert team != alert_id("s", Whose("", "t2"), "red", 5, "call-1")
    text = alert_text(replace(ANA, rep_id="", group=""), "North")
    assert "allowing for the other teams. A team selling normally" in text
    assert "其他团队" in alert_text(replace(ANA, rep_id="", group=""), "北区", "zh")


def test_recovery_is_told_with_what_shows_it_or_with_why_nobody_knows() -> None:
    end = Recovered(
        ends="x",
        rep_id="ana",
        team_id="north",
        group="north",
        at_ms=9,
        evidence=412.7,
        since_ms=5,
        contacts=140,
        sales=12,
        expected=11.2,
        reason="evidence",
    )
    text = recovered_text(end, "Ana")
    assert text.startswith("Ana: 12 sales in the last 140 contacts (8.6 %); expected 11 (8.0 %)")
    assert "as usual again" in text
    assert "once in 410 contacts" in text
    for reason in ("again", "moved", "gone"):
        over = replace(end, reason=reason)
        assert recovered_text(over, "Ana").startswith("Ana")
        assert "as usual again" not in recovered_text(over, "Ana")
        assert "Ana" in recovered_text(over, "Ana", "zh")
