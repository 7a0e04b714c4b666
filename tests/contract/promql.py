"""What PromQL asks for and what a worker exports, so that one can be held against the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import promql_parser
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from grafana.lint_queries import filled
from sinks.prometheus import PrometheusSink
from tests.services.programs import REPOSITORY

Exported = dict[str, frozenset[str]]
"""Metric to the labels of its samples."""

BY_PROMETHEUS = {
    "up": frozenset[str](),
    "ALERTS": frozenset({"alertname", "alertstate", "severity"}),
    "ALERTS_FOR_STATE": frozenset({"alertname", "severity"}),
}
"""What Prometheus itself says of its targets and rules."""

_ADDED = frozenset({"job", "instance", "__name__"})
_LEVELS = {
    "rep": frozenset({"rep", "team", "site"}),
    "team": frozenset({"team", "site"}),
    "topic": frozenset({"topic"}),
    "source": frozenset({"topic", "source"}),
    "floor": frozenset[str](),
}
"""The labels of what is recorded, by the first part of its name."""


def parsed(registry: CollectorRegistry, sink: PrometheusSink) -> Exported:
    """Every sample's name on `/metrics` and `/metrics/reps`."""
    labels: dict[str, set[str]] = defaultdict(set)
    for text in (generate_latest(registry), sink.render()):
        for family in text_string_to_metric_families(text.decode()):
            for sample in family.samples:
                labels[sample.name].update(sample.labels)
    return {name: frozenset(found) for name, found in labels.items()}


def rules() -> Iterator[dict[str, str]]:
    """Every rule of deploy/, recording and alerting."""
    for file in sorted((REPOSITORY / "deploy" / "prometheus" / "rules").glob("*.yml")):
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            yield from group["rules"]


def recorded() -> Exported:
    """What the recording rules make, with its labels."""
    found = {}
    for name in (rule["record"] for rule in rules() if "record" in rule):
        level, metric, _ = name.split(":")
        money = {"currency"} if "_revenue_" in metric else set()
        found[name] = _LEVELS[level] | money
    return found


def selectors(expr: str) -> Iterator[tuple[str, frozenset[str]]]:
    """(metric, label names matched) of every selector; raises ValueError when it does not parse."""
    found: list[tuple[str, frozenset[str]]] = []

    def visit(node: promql_parser.Expr) -> bool:
        selector = node
        if isinstance(node, promql_parser.MatrixSelector):
            selector = node.vector_selector
        if isinstance(selector, promql_parser.VectorSelector):
            matched = frozenset(one.name for one in selector.matchers.matchers)
            found.append((selector.name or "", matched))
        return True

    promql_parser.walk(promql_parser.parse(filled(expr)), pre_visit=visit)
    assert found, f"no metric in {expr}"
    yield from found


def unknown(expr: str, exported: Exported) -> list[str]:
    """What a query asks for that no worker exports and no rule records."""
    problems = []
    known = exported | BY_PROMETHEUS | recorded()
    for metric, matched in selectors(expr):
        if metric not in known:
            problems.append(f"no metric {metric}")
        else:
            problems += [
                f"{metric} has no label {label}" for label in matched - known[metric] - _ADDED
            ]
    return problems
