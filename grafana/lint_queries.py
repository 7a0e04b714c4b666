"""Rules of a query: a rep counts once, and rates follow the scrape interval."""

from __future__ import annotations

import re
from collections.abc import Iterator

import promql_parser as p

STANDS_FOR = {"$__rate_interval": "1m", "$__range": "1h"}
ONE_A_WORKER = re.compile(
    r"floorcast_rep_(series_dropped|recovering_partitions|days_removed|partition_shown)"
)
"""Named like a rep's series, but not one of a rep."""

BY_REP = re.compile(r"floorcast_rep_")
BY_TEAM = re.compile(r"floorcast_team_")
RATE = re.compile(r"\b(?:rate|irate|increase)\(")
RATE_OVER = re.compile(r"\b(?:rate|irate|increase)\([^\[\]]*\[\$__rate_interval\]")


def problems(expr: str, *, on_a_board: bool = True) -> Iterator[str]:
    """What is wrong with a query, of a board or of a rule."""
    try:
        tree = p.parse(filled(expr))
    except ValueError as error:
        yield f"does not parse: {error}"
        return
    yield from _twice(tree, ())
    if on_a_board and len(RATE.findall(expr)) != len(RATE_OVER.findall(expr)):
        yield "a rate over a fixed time: use $__rate_interval"


def filled(expr: str, chosen: str = ".*") -> str:
    """A query as Grafana sends it, every variable set to `chosen`."""
    for name, value in STANDS_FOR.items():
        expr = expr.replace(name, value)
    return re.sub(r"\$\{?\w+\}?", chosen, expr)


def _twice(node: p.Expr, above: tuple[p.Expr, ...]) -> Iterator[str]:
    """Series of two workers that would be added up: those not directly under their `max by`."""
    if isinstance(node, p.VectorSelector):
        name, parent = node.name or "", above[-1] if above else None
        if isinstance(parent, p.Call) and parent.func.name == "absent":
            return
        for pattern, wanted in ((BY_REP, {"rep"}), (BY_TEAM, {"team", "partition"})):
            if (
                pattern.match(name)
                and not ONE_A_WORKER.match(name)
                and not _takes_one(parent, wanted)
            ):
                labels = ", ".join(sorted(wanted))
                yield f"{name} is on two workers at times: take max by ({labels}) of it first"
        return
    for child in _children(node):
        yield from _twice(child, (*above, node))


def _takes_one(parent: p.Expr | None, wanted: set[str]) -> bool:
    if not isinstance(parent, p.AggregateExpr) or str(parent.op) != "max":
        return False
    modifier = parent.modifier
    if modifier is None or modifier.type != p.AggModifierType.By:
        return False
    return wanted <= set(modifier.labels)


def _children(node: p.Expr) -> list[p.Expr]:
    if isinstance(node, p.AggregateExpr):
        return [node.expr] if node.param is None else [node.param, node.expr]
    if isinstance(node, p.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, p.Call):
        return list(node.args)
    if isinstance(node, p.MatrixSelector):
        return [node.vector_selector]
    if isinstance(node, p.ParenExpr | p.UnaryExpr | p.SubqueryExpr):
        return [node.expr]
    return []
