"""What a branch changes: what the commit asks for stands in for what is live."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import InvalidDefinitionError
from jobspec.planning import branch
from jobspec.planning.branch import Base, plan_branch, trace_to_branch
from jobspec.planning.desired import Desired, DesiredState, make_desired
from jobspec.planning.plan import Action, HeldReason, Plan, Source
from jobspec.planning.planner import Terms, plan
from jobspec.spec.model import JobSpec

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMS = Terms(project="shop", owners=frozenset({"shop"}), now=NOW, grace=timedelta(hours=24))


def make(name: str, every: str = "1h", *, completed: bool = False, **schedule: Any) -> Desired:
    job = {"name": name, "queue": "q", "workflow": {"type": "W"}, "schedule": {"interval": every, **schedule}}
    desired = make_desired(JobSpec.model_validate(job), pydantic_data_converter.payload_converter)
    return replace(desired, is_completed=completed, find_source=lambda: Source(file=f"{name}.yaml", line=1))


def jobs(*made: Desired) -> dict[str, Desired]:
    return {job.name: job for job in made}


def compare(before: Base | dict[str, Desired], after: DesiredState | dict[str, Desired], **terms: Any) -> Plan:
    base = before if isinstance(before, Base) else Base(jobs=before)
    state = after if isinstance(after, DesiredState) else DesiredState(jobs=after)
    return plan_branch(base, state, replace(TERMS, **terms)).plan


def tell(made: Plan) -> dict[str, str]:
    return {change.name: f"{change.action} {change.reason}" for change in made.changes}


def test_a_branch_creates_changes_and_removes() -> None:
    made = compare(
        jobs(make("same"), make("changed"), make("gone")), jobs(make("same"), make("changed", "2h"), make("new"))
    )
    assert tell(made) == {"changed": "update changed", "gone": "retire removed", "new": "create new"}
    assert made.unchanged == 1
    [changed, gone, _] = made.changes
    assert [field.field for field in changed.fields] == ["schedule.interval"]
    assert (gone.pause.paused, gone.pause.note, gone.delete_after) == (True, "", None)
    assert tell(compare(jobs(make("gone")), {}, grace=timedelta(0))) == {"gone": "delete removed"}


def test_what_was_completed_counts_as_gone_unless_it_runs_again() -> None:
    over, before = make("a", completed=True), jobs(make("a", "2h", completed=True))
    assert compare(before, {}) == compare({}, {})
    assert (tell(compare(before, jobs(over))), compare(before, jobs(over)).completed) == ({}, ("a",))
    assert tell(compare(before, jobs(make("a")))) == {"a": "update changed"}
    assert tell(compare(jobs(make("a", "2h")), jobs(over))) == {"a": "update changed"}


def test_a_job_that_had_mistakes_is_mended_or_goes() -> None:
    base = Base(jobs={}, frozen=frozenset({"mended", "gone", "broken", "on-demand"}))
    after = DesiredState(jobs=jobs(make("mended")), on_demand=frozenset({"on-demand"}), frozen={"broken": None})
    made = compare(base, after)
    assert tell(made) == {"mended": "update mended", "gone": "retire removed"}
    [gone, mended] = made.changes
    assert (gone.before, gone.after, mended.before) == (None, None, None)
    assert [(held.name, held.reason) for held in made.held] == [("broken", HeldReason.INVALID)]


@pytest.mark.parametrize("base", [Base(jobs={}, broken_files=frozenset({"a.yaml"})), Base(jobs={}, is_unreadable=True)])
def test_where_the_file_was_broken_nothing_is_known_to_be_new(base: Base) -> None:
    assert tell(compare(base, jobs(make("a")))) == {"a": "update mended"}


def test_nothing_goes_while_a_job_cannot_be_converted() -> None:
    failed = {"bad": InvalidDefinitionError("the data converter refuses")}
    made = compare(jobs(make("gone"), make("bad")), DesiredState(jobs={}, failed=failed))
    assert made.changes == ()
    assert {held.name: held.reason for held in made.held} == {"gone": HeldReason.FROZEN, "bad": HeldReason.FAILED}


def test_a_pause_by_the_spec_is_compared_and_an_operators_is_not_known() -> None:
    paused = compare(jobs(make("a")), jobs(make("a", paused="why")))
    assert [field.field for change in paused.changes for field in change.fields] == ["schedule.paused"]
    assert tell(compare(jobs(make("a", paused="why")), jobs(make("a", paused="why")))) == {}


def test_against_a_server_drift_is_told_from_what_the_branch_changes() -> None:
    before = jobs(make("drifted"), make("changed"), make("both"))
    desired = DesiredState(jobs=jobs(make("drifted"), make("changed", "2h"), make("both", "2h"), make("new")))
    live = Base(jobs=jobs(make("drifted", "9h"), make("changed"), make("both", overlap="skip"), make("left"))).stand_in(
        desired, "shop"
    )
    planned = trace_to_branch(plan(desired, live, TERMS), Base(jobs=before))
    assert tell(planned.plan) == {
        "both": "update changed",
        "changed": "update changed",
        "drifted": "update drift",
        "left": "retire drift",
        "new": "create new",
    }


def test_a_change_that_cannot_be_traced_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    restate = branch._restate

    def fail(change: Any, *, base: Base) -> Any:
        if change.name == "bad":
            raise ZeroDivisionError
        return restate(change, base=base)

    monkeypatch.setattr(branch, "_restate", fail)
    made = compare(Base(jobs={}, is_unreadable=True), jobs(make("a"), make("bad")))
    assert [(change.name, change.action) for change in made.changes] == [("a", Action.UPDATE), ("bad", Action.CREATE)]
