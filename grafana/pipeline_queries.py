"""PromQL about the pipeline and its alerts; with `queries.py` all that boards ask for."""

from __future__ import annotations

from grafana import recording as r

WORKERS = "label_values(floorcast_partitions_owned, instance)"

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
    """Events in Kafka that are not applied yet, in one number or per `topic`."""
    return r.WAITING if by == "topic" else f"sum({r.WAITING})"


def newest_age(by: str = "") -> str:
    """Seconds since the newest event, in one number or per label of `by`."""
    over = f" by ({by})" if by else ""
    return f"time() - max{over} ({r.NEWEST})"


def stopped_inputs() -> str:
    """1 for each partition of an input that is stopped."""
    return "max by (topic, partition) (floorcast_input_stopped) == 1"


def stopped_count() -> str:
    """How many partitions of inputs are stopped; 0 while workers run."""
    stopped = "sum(max by (topic, partition) (floorcast_input_stopped))"
    return f"{stopped} or 0 * ({r.WORKERS} > 0)"


def process(metric: str, *, rate: bool = False) -> str:
    """A metric of the worker's process itself: memory, or CPU with `rate`."""
    value = f"process_{metric}{WORKER}"
    if rate:
        value = f"rate({value}[$__rate_interval])"
    return f"{value} and on (instance) floorcast_partitions_owned"


# --- alerts ---------------------------------------------------------------------------------------

IDLE = "FloorcastRepIdle"
OURS = f'alertname=~"Floorcast.+",alertname!="{IDLE}"'
"""Alerts about the pipeline and the audit; those about people are for others."""


def firing(severity: str = "", state: str = "firing") -> str:
    """How many alerts fire (or wait); 0 while rules are evaluated, nothing when they are not."""
    match = f'{OURS},alertstate="{state}"' + (f',severity="{severity}"' if severity else "")
    return f"count(ALERTS{{{match}}}) or 0 * {r.WORKERS}"


def alerts_since() -> str:
    """Each alert with its labels and state; the value is since when, in milliseconds."""
    began = f"ALERTS_FOR_STATE{{{OURS}}}"
    return f"1000 * {began} * ignoring (alertstate) group_right () ALERTS{{{OURS}}}"


def alert_history() -> str:
    """1 while an alert of a name fires."""
    return f'max by (alertname) (ALERTS{{{OURS},alertstate="firing"}})'


def idle_reps() -> str:
    """How many reps are idle; 0 while rules are evaluated, nothing when they are not."""
    return f'count(ALERTS{{alertname="{IDLE}",alertstate="firing"}}) or 0 * {r.WORKERS}'
