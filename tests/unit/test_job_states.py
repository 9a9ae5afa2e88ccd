"""How each job stands after a cycle."""

from __future__ import annotations

import pytest
from reports import CHANGE, make_report

from jobspec.errors import UnreachableError
from jobspec.planning.apply import Outcome, WriteStatus
from jobspec.planning.plan import Held, HeldReason
from jobspec.reconcile.job_states import Picture, draw_picture
from jobspec.reconcile.report import Cause, Report, Result, Withheld


def stand(report: Report) -> dict[str, tuple[str, str]]:
    return {each.name: (each.state.value, each.reason) for each in draw_picture(report, Picture()).list()}


@pytest.mark.parametrize(
    ("status", "state"),
    [(WriteStatus.FAILED, "failed"), (WriteStatus.CONFLICT, "drifted"), (WriteStatus.SKIPPED, "drifted")],
)
def test_a_job_that_was_not_written_says_so(status: WriteStatus, state: str) -> None:
    outcome = Outcome(change=CHANGE, status=status, message="no")
    assert stand(make_report(outcomes=(outcome,))) == {"a": (state, "update (drift) was not done: no")}


@pytest.mark.parametrize(
    ("cause", "state"),
    [(Cause.GUARD, "held"), (Cause.PRUNE_OFF, "held"), (Cause.CONTENDED, "contended"), (Cause.DRY_RUN, "drifted")],
)
def test_a_job_that_waits_says_why(cause: Cause, state: str) -> None:
    withheld = Withheld(change=CHANGE, cause=cause, message="so")
    assert stand(make_report(withheld={"a": withheld})) == {"a": (state, "so")}


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (HeldReason.FOREIGN, "held"),
        (HeldReason.FROZEN, "held"),
        (HeldReason.INVALID, "invalid"),
        (HeldReason.FAILED, "failed"),
    ],
)
def test_a_job_that_is_held_says_why(reason: HeldReason, state: str) -> None:
    held = Held(name="a", reason=reason, message="so", hint="do that")
    assert stand(make_report(held=[held])) == {"a": (state, "so; do that")}


def test_after_a_cycle_that_could_decide_nothing_jobs_stand_as_before() -> None:
    before = draw_picture(make_report(held=[Held(name="a", reason=HeldReason.FOREIGN, message="so")]), Picture())
    failed = make_report(planned=None, result=Result.UNREACHABLE, error=UnreachableError("gone"))
    assert draw_picture(failed, before) is before
