"""One schedule, one decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import RequestError
from jobspec.planning.decide import decide
from jobspec.planning.desired import Desired, make_desired
from jobspec.planning.pauses import Pause, retire
from jobspec.planning.plan import (
    Absent,
    Action,
    Change,
    Completed,
    Held,
    HeldReason,
    Reason,
    Retired,
    Source,
    Unchanged,
)
from jobspec.planning.planner import Terms
from jobspec.spec.model import JobSpec
from jobspec.temporal.schedules.live_schedule import LiveSchedule

if TYPE_CHECKING:
    from jobspec.planning.observe import Observed
    from jobspec.planning.plan import Decision

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMS = Terms(project="shop", owners=frozenset({"shop", "store"}), now=NOW, grace=timedelta(hours=24))


def desire(every: str = "1h", *, completed: bool = False, **schedule: Any) -> Desired:
    job = {"name": "job", "queue": "q", "workflow": {"type": "W"}, "schedule": {"interval": every, **schedule}}
    desired = make_desired(JobSpec.model_validate(job), pydantic_data_converter.payload_converter)
    return replace(desired, find_source=lambda: Source(file="a.yaml", line=3), is_completed=completed)


def live(every: str = "1h", *, project: str | None = "shop", pause: Pause | None = None) -> LiveSchedule:
    pause = pause or Pause(paused=False)
    return LiveSchedule(
        name="job", project=project, canonical=desire(every).canonical, paused=pause.paused, note=pause.note
    )


def judge(desired: Desired | None, found: Observed | None, terms: Terms = TERMS) -> Decision:
    return decide("job", desired, found, terms=terms)


def action_of(decision: Decision) -> Action:
    assert isinstance(decision, Change)
    return decision.action


RETIRED_NOW = retire(Pause(paused=False), now=NOW, grace=TERMS.grace)
RETIRED_LONG_AGO = retire(Pause(paused=False), now=NOW - timedelta(days=9), grace=TERMS.grace)


@pytest.mark.parametrize(
    ("desired", "found", "action"),
    [
        (desire(), None, Action.CREATE),
        (desire("2h"), live(), Action.UPDATE),
        (desire("2h", completed=True), live(), Action.UPDATE),
        (desire(), live(pause=RETIRED_NOW), Action.RESTORE),
        (desire(), live(pause=RETIRED_LONG_AGO), Action.RESTORE),
        (None, live(), Action.RETIRE),
        (None, live(project="store"), Action.RETIRE),
        (None, live(pause=RETIRED_LONG_AGO), Action.DELETE),
        (None, live(pause=Pause(paused=False, note=RETIRED_LONG_AGO.note)), Action.RETIRE),
    ],
)
def test_what_is_done(desired: Desired | None, found: LiveSchedule | None, action: Action) -> None:
    assert action_of(judge(desired, found)) is action


@pytest.mark.parametrize(
    ("desired", "found", "decision"),
    [
        (desire(), live(), Unchanged(name="job")),
        (desire(completed=True), live(), Unchanged(name="job")),
        (desire(completed=True), None, Completed(name="job")),
        (None, live(pause=RETIRED_NOW), Retired(name="job")),
        (None, live(project=None), Absent(name="job")),
        (None, live(project="payroll"), Absent(name="job")),
        (None, None, Absent(name="job")),
    ],
)
def test_what_is_left_alone(desired: Desired | None, found: LiveSchedule | None, decision: Decision) -> None:
    assert judge(desired, found) == decision


@pytest.mark.parametrize("project", [None, "", "payroll", "Shop"])
def test_what_is_foreign_is_held_even_if_equal(project: str | None) -> None:
    for desired in (desire(), desire("2h"), desire(completed=True)):
        held = judge(desired, live(project=project))
        assert isinstance(held, Held)
        assert held.reason is HeldReason.FOREIGN


def test_without_a_grace_time_what_leaves_is_deleted_at_once() -> None:
    assert action_of(judge(None, live(), replace(TERMS, grace=timedelta(0)))) is Action.DELETE


def test_nothing_leaves_while_specs_cannot_be_read() -> None:
    held = judge(None, live(pause=RETIRED_LONG_AGO), replace(TERMS, can_prune=False))
    assert isinstance(held, Held)
    assert held.reason is HeldReason.FROZEN


def test_a_retirement_keeps_the_schedule_and_says_when_it_ends() -> None:
    change = judge(None, live(pause=Pause(paused=True, note="mine")))
    assert isinstance(change, Change)
    assert change.before == change.after == live().canonical
    assert change.delete_after == NOW + timedelta(hours=24)
    assert change.pause.paused
    assert change.reason is Reason.REMOVED


def test_a_restored_job_is_as_it_was() -> None:
    before = Pause(paused=True, note="mine")
    change = judge(desire(), live(pause=retire(before, now=NOW, grace=TERMS.grace)))
    assert isinstance(change, Change)
    assert change.pause == before


def test_a_read_that_failed_is_held_with_its_message() -> None:
    for desired in (desire(), None):
        held = judge(desired, RequestError("the server is upset"))
        assert isinstance(held, Held)
        assert (held.reason, held.message) == (HeldReason.FAILED, "the server is upset")


def test_a_reader_who_saw_one_change_did_not_see_another() -> None:
    shown, other, same = (judge(desire(every), live()) for every in ("2h", "3h", "2h"))
    assert isinstance(shown, Change)
    assert isinstance(other, Change)
    assert isinstance(same, Change)
    assert shown.does_the_same_as(same)
    assert not shown.does_the_same_as(other)
