"""Reports of cycles, made up for tests of what is told of them and of what follows from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from jobspec.diagnostics import Diagnostic, Location
from jobspec.planning.plan import Action, Change, Plan, Reason, Source
from jobspec.planning.planner import Planned, Terms
from jobspec.reconcile.report import Report, Result, Trigger

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMS = Terms(project="shop", owners=frozenset({"shop"}), now=NOW, grace=timedelta(days=1))
CHANGE = Change(name="a", action=Action.UPDATE, reason=Reason.DRIFT, source=Source(file="a.yaml", line=1))


def make_report(result: Result = Result.CONVERGED, **parts: Any) -> Report:
    """Make a report: of a cycle that planned, unless its result says that it did not get that far."""
    plan = Plan(project="shop", namespace="n", held=tuple(parts.pop("held", ())))
    planned = Planned(plan=plan, desired={}, terms=TERMS, refusals=tuple(parts.pop("refusals", ())))
    has_planned = result in (Result.CONVERGED, Result.PENDING)
    given = {"trigger": Trigger.INTERVAL, "started_at": NOW, "planned": planned if has_planned else None, **parts}
    return Report(result=result, **given)


class Reading:
    """Stands in for what was read, of which the log and the figures need the diagnostics alone."""

    commit = None

    def __init__(self, *messages: str) -> None:
        self.loaded = self
        self.diagnostics = [
            Diagnostic(code="JS101", message=said, location=Location(path="a.yaml")) for said in messages
        ]
