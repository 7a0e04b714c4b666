"""PromQL of the dashboards; the one place where metrics are named.

A rep may show on two workers for the moment in which a partition changes hands, so a query takes
one series per rep (`max by (rep)`) before it adds up. Ratios are sums divided by sums. Where no rep
series are exported (`rep_label = "off"`) the sums over reps fall back to the team series, which
workers export as their part of each team.
"""

from __future__ import annotations

CHOSEN = '{team=~"$team",site=~"$site"}'
"""The reps of the teams and sites that are chosen at the top of the floor dashboard."""

TEAMS = 'label_values({__name__=~"floorcast_(rep_info|team_today_contacts)"}, team)'
SITES = "label_values(floorcast_rep_info, site)"
WORKERS = "label_values(floorcast_partitions_owned, instance)"

NO_EXPONENT = "BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF"
EXPONENT_3 = "BHD|IQD|JOD|KWD|LYD|OMR|TND"
"""Currencies whose minor unit is not a hundredth (ISO 4217); amounts come in minor units."""


def summed(suffix: str, by: str = "") -> str:
    """A count of all chosen reps, in one number or per label of `by` (`team`).

    `suffix` is the family's name behind `floorcast_rep_`, such as `today_contacts`.
    """
    kept = f"rep, {by}" if by else "rep"
    over = f" by ({by})" if by else ""
    reps = f"sum{over} (max by ({kept}) (floorcast_rep_{suffix}{CHOSEN}))"
    teams = f'sum{over} (floorcast_team_{suffix}{{team=~"$team"}})'
    return f"({reps} or ({teams} and on () absent(floorcast_rep_info)))"


def per_rep(suffix: str) -> str:
    """A count of each chosen rep."""
    return f"max by (rep) (floorcast_rep_{suffix}{CHOSEN})"


def net_deals(window: str, by: str = "") -> str:
    """Deals closed less deals reversed in `today` or `trailing_60m`."""
    return f"({summed(f'{window}_deals_gross', by)} - {summed(f'{window}_deals_reversed', by)})"


def conversion(window: str, by: str = "") -> str:
    """Net deals per contact, 0-1 (negative when more was reversed than closed)."""
    return f"{net_deals(window, by)} / {summed(f'{window}_contacts', by)}"


def share(part: str, whole: str, by: str = "") -> str:
    """One count of today over another."""
    return f"{summed(f'today_{part}', by)} / {summed(f'today_{whole}', by)}"


def handle_time(by: str = "") -> str:
    """Average handle time in seconds: talk, hold and wrap-up per human-answered call."""
    spent = " + ".join(summed(f"today_{one}_seconds", by) for one in ("talk", "hold", "wrap"))
    return f"({spent}) / {summed('today_human_answered_calls', by)}"


def rep_net_deals() -> str:
    """Deals closed less deals reversed today, of each rep."""
    return f"({per_rep('today_deals_gross')} - {per_rep('today_deals_reversed')})"


def revenue() -> str:
    """Net revenue today per currency, in whole units of the currency."""
    kinds = (
        (f'currency=~"{NO_EXPONENT}"', ""),
        (f'currency=~"{EXPONENT_3}"', " / 1000"),
        (f'currency!~"{NO_EXPONENT}|{EXPONENT_3}"', " / 100"),
    )
    return " or ".join(f"{_net_revenue(match)}{scale}" for match, scale in kinds)


def _net_revenue(match: str) -> str:
    gross, back = (
        _money(f"today_revenue_{one}_minor_units", match) for one in ("gross", "reversed")
    )
    return f"({gross} - {back})"


def _money(suffix: str, match: str) -> str:
    chosen = CHOSEN.replace("}", f",{match}}}")
    reps = f"sum by (currency) (max by (rep, currency) (floorcast_rep_{suffix}{chosen}))"
    teams = f'sum by (currency) (floorcast_team_{suffix}{{team=~"$team",{match}}})'
    return f"({reps} or ({teams} and on () absent(floorcast_rep_info)))"


def rep_names() -> str:
    """Who each chosen rep is: labels rep, name and team."""
    return f"max by (rep, name, team) (floorcast_rep_info{CHOSEN})"


# --- the pipeline ---------------------------------------------------------------------------------

WORKER = '{instance=~"$worker"}'
"""The workers that are chosen at the top of the pipeline dashboard."""


def own(metric: str) -> str:
    """A gauge of each chosen worker."""
    return f"max by (instance) (floorcast_{metric}{WORKER})"


def per_second(counter: str, by: str = "") -> str:
    """The rate of a counter over the chosen workers."""
    over = f" by ({by})" if by else ""
    return f"sum{over} (rate(floorcast_{counter}_total{WORKER}[$__rate_interval]))"


def counted(counter: str, by: str) -> str:
    """How often a counter was raised in each step of a graph."""
    return f"sum by ({by}) (increase(floorcast_{counter}_total{WORKER}[$__rate_interval]))"


def quantile(histogram: str, q: float) -> str:
    """A quantile of a histogram over the chosen workers, in seconds."""
    return f"histogram_quantile({q}, {buckets(histogram)})"


def buckets(histogram: str) -> str:
    """The growth of a histogram's buckets, per second."""
    name = f"floorcast_{histogram}_seconds_bucket{WORKER}"
    return f"sum by (le) (rate({name}[$__rate_interval]))"


def waiting(by: str = "") -> str:
    """Events in Kafka that are not applied yet."""
    over = f" by ({by})" if by else ""
    return f"sum{over} (max by (topic, partition) (floorcast_consumer_lag_events))"


def newest_age(by: str = "") -> str:
    """Seconds since the newest event, in one number or per label of `by`."""
    over = f" by ({by})" if by else ""
    return f"time() - max{over} (floorcast_source_newest_event_timestamp_seconds)"


def stopped_inputs() -> str:
    """1 for each partition of an input that is stopped."""
    return "max by (topic, partition) (floorcast_input_stopped) == 1"


def stopped_count() -> str:
    """How many partitions of inputs are stopped; 0 while workers run."""
    stopped = "sum(max by (topic, partition) (floorcast_input_stopped))"
    return f"{stopped} or 0 * count(floorcast_partitions_owned)"


def process(metric: str, *, rate: bool = False) -> str:
    """A metric of the worker's process itself: memory, or CPU with `rate`."""
    value = f"process_{metric}{WORKER}"
    if rate:
        value = f"rate({value}[$__rate_interval])"
    return f"{value} and on (instance) floorcast_partitions_owned"
