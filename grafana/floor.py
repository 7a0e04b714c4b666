"""The floor dashboard: what supervisors look at."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana import queries as q
from grafana.boards import choice, dashboard
from grafana.panels import COUNT, DEALS, SECONDS, SHARE, Query, lines, numbers, rows

NO_CALLS = "no calls"
NO_SURVEYS = "no answers"

TODAY = "Today is the local date at each rep's site."


def floor() -> Dashboard:
    """Headline numbers with their parts, trends, teams and reps."""
    board = dashboard("floorcast-floor", "Floor", "What the floor has done today, by team and rep.")
    board.with_variable(choice("team", "Team", q.TEAMS)).with_variable(
        choice("site", "Site", q.SITES)
    )
    _headline(board)
    _trend(board)
    _people(board)
    _trust(board)
    return board


def _headline(board: Dashboard) -> None:
    board.with_row(Row("Today"))
    board.with_panel(
        numbers(
            "Conversion",
            f"Net deals per contact. Net deals are closed less cancelled or refunded. {TODAY}",
            [
                Query(q.conversion("today"), "conversion", decimals=1),
                Query(q.net_deals("today"), "net deals", DEALS),
                Query(q.summed("today_contacts"), "contacts", COUNT),
            ],
            unit=SHARE,
            span=8,
            empty=NO_CALLS,
        )
    )
    board.with_panel(
        numbers(
            "Net revenue",
            "Revenue closed less cancelled or refunded, one number per currency, in whole units of "
            f"it; currencies are never added together. {TODAY}",
            [Query(q.revenue(), "{{currency}}", decimals=0)],
            unit=COUNT,
            span=8,
            empty="no deals",
        )
    )
    board.with_panel(
        numbers(
            "Customer satisfaction",
            "Satisfied answers per satisfaction answer, and the mean rating rescaled to 1-5. "
            f"{TODAY}",
            [
                Query(q.share("csat_satisfied", "csat_responses"), "satisfied", decimals=1),
                Query(
                    q.share("csat_rating_points", "csat_responses"),
                    "mean rating",
                    COUNT,
                    decimals=2,
                ),
                Query(q.summed("today_csat_responses"), "answers", COUNT),
            ],
            unit=SHARE,
            span=8,
            empty=NO_SURVEYS,
        )
    )
    board.with_panel(
        numbers(
            "Connect rate",
            f"Outbound calls answered by a human per outbound call. {TODAY}",
            [
                Query(q.share("human_answered_dials", "dials"), "connect rate", decimals=1),
                Query(q.summed("today_human_answered_dials"), "human answered", COUNT),
                Query(q.summed("today_dials"), "dials", COUNT),
            ],
            unit=SHARE,
            span=8,
            empty=NO_CALLS,
        )
    )
    board.with_panel(
        numbers(
            "Average handle time",
            f"Talk, hold and wrap-up time per call answered by a human. {TODAY}",
            [
                Query(q.handle_time(), "handle time", decimals=0),
                Query(q.summed("today_human_answered_calls"), "human answered", COUNT),
            ],
            unit=SECONDS,
            span=8,
            empty=NO_CALLS,
        )
    )
    board.with_panel(
        numbers(
            "Deals",
            f"Deals closed, and deals cancelled or refunded whole. {TODAY}",
            [
                Query(q.summed("today_deals_gross"), "closed"),
                Query(q.summed("today_deals_reversed"), "reversed"),
                Query(q.summed("today_new_customer_deals"), "new customers"),
            ],
            unit=DEALS,
            span=8,
            empty="no deals",
        )
    )


def _trend(board: Dashboard) -> None:
    board.with_row(Row("Last 60 minutes, over time"))
    board.with_panel(
        lines(
            "Conversion by team",
            "Net deals per contact in the 60 minutes before each point. Few contacts make it jump: "
            "read it beside the number of contacts.",
            [Query(q.conversion("trailing_60m", "team"), "{{team}}")],
            unit=SHARE,
            empty=NO_CALLS,
        )
    )
    board.with_panel(
        lines(
            "Contacts by team",
            "Contacts in the 60 minutes before each point.",
            [Query(q.summed("trailing_60m_contacts", "team"), "{{team}}")],
            unit=COUNT,
            stacked=True,
            empty=NO_CALLS,
        )
    )


def _people(board: Dashboard) -> None:
    board.with_row(Row("Teams and reps, today"))
    by = "team"
    board.with_panel(
        rows(
            "Teams",
            "Sums over each team's reps; rates are sums divided by sums, never averages of reps' "
            f"rates. {TODAY}",
            [
                Query(q.summed("today_dials", by), "Dials"),
                Query(q.summed("today_contacts", by), "Contacts"),
                Query(q.net_deals("today", by), "Net deals"),
                Query(q.conversion("today", by), "Conversion", SHARE, 1),
                Query(q.share("human_answered_dials", "dials", by), "Connect rate", SHARE, 1),
                Query(q.handle_time(by), "Handle time", SECONDS, 0),
                Query(q.summed("today_csat_responses", by), "CSAT answers"),
                Query(q.share("csat_satisfied", "csat_responses", by), "CSAT", SHARE, 1),
            ],
            {"team": "Team"},
            sort="Contacts",
        )
    )
    contacts, answers = q.per_rep("today_contacts"), q.per_rep("today_csat_responses")
    satisfied = q.per_rep("today_csat_satisfied")
    board.with_panel(
        rows(
            "Reps",
            "One row per rep, by contacts and not by rate: a rate of few contacts says little. "
            f"Empty where rep series are switched off. {TODAY}",
            [
                Query(q.rep_names(), ""),
                Query(q.per_rep("today_dials"), "Dials"),
                Query(contacts, "Contacts"),
                Query(q.rep_net_deals(), "Net deals"),
                Query(f"{q.rep_net_deals()} / {contacts}", "Conversion", SHARE, 1),
                Query(q.per_rep("today_talk_seconds"), "Talk time", SECONDS, 0),
                Query(answers, "CSAT answers"),
                Query(f"{satisfied} / {answers}", "CSAT", SHARE, 1),
            ],
            {"rep": "Rep", "name": "Name", "team": "Team"},
            sort="Contacts",
            height=14,
        )
    )


def _trust(board: Dashboard) -> None:
    board.with_row(Row("Are these numbers whole and fresh?"))
    board.with_panel(
        numbers(
            "Newest event",
            "Age of the newest event of any source, by its own time. The pipeline dashboard has it "
            "per source.",
            [Query(q.newest_age(), "age")],
            unit=SECONDS,
            span=6,
            empty="no events",
        )
    )
    board.with_panel(
        numbers(
            "Events waiting",
            "Events in Kafka that are not in these numbers yet.",
            [Query(q.waiting(), "waiting")],
            unit=COUNT,
            span=6,
        )
    )
    board.with_panel(
        numbers(
            "Partitions recovering",
            "While above 0, the reps of these partitions are missing above; they come back whole.",
            [Query("sum(floorcast_rep_recovering_partitions)", "recovering")],
            unit=COUNT,
            span=6,
            attention_at=1,
        )
    )
    board.with_panel(
        numbers(
            "Rep series left out",
            "Above 0, rep_series_limit cuts reps off and sums over reps are too low: raise it, or "
            "use the team series.",
            [Query("sum(floorcast_rep_series_dropped)", "left out")],
            unit=COUNT,
            span=6,
            attention_at=1,
        )
    )
