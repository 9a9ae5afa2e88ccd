"""Which schedules may be taken over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import RequestError
from jobspec.planning.adoption import is_as_desired, plan_adoption, plan_adoptions
from jobspec.planning.desired import Desired, make_desired
from jobspec.planning.pauses import Pause
from jobspec.planning.plan import Action, Change, Held, HeldReason, Source, Unchanged
from jobspec.planning.planner import Terms
from jobspec.spec.model import JobSpec
from jobspec.temporal.schedules.live_schedule import LiveSchedule

if TYPE_CHECKING:
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


def action_of(decision: Decision) -> Action:
    assert isinstance(decision, Change)
    return decision.action


def test_adoption_takes_only_what_was_asked_for() -> None:
    def adopt(project: str | None, former: str | None) -> Decision:
        return plan_adoption("job", desire("2h"), live(project=project), terms=TERMS, former=former)

    change = adopt(None, None)
    assert isinstance(change, Change)
    assert change.action is Action.ADOPT
    assert change.before == change.after
    assert [field.field for field in change.fields] == ["schedule.interval"]
    assert action_of(adopt("payroll", "payroll")) is Action.ADOPT
    assert isinstance(adopt("payroll", None), Held)
    assert isinstance(adopt(None, "payroll"), Held)
    assert isinstance(adopt("billing", "payroll"), Held)
    assert isinstance(adopt("store", None), Unchanged)
    assert isinstance(adopt("shop", "shop"), Unchanged)
    assert action_of(adopt("store", "store")) is Action.ADOPT


def test_adoptions_are_planned_together() -> None:
    made = plan_adoptions(
        ["b", "a", "gone", "broken", "taken"],
        dict.fromkeys(["a", "b", "gone", "broken", "taken"], desire()),
        {
            "a": live(project=None),
            "b": live(project=None),
            "broken": RequestError("upset"),
            "taken": live(project="payroll"),
        },
        terms=TERMS,
        former=None,
    )
    assert [(change.name, change.action) for change in made.changes] == [("a", Action.ADOPT), ("b", Action.ADOPT)]
    assert {held.name: held.reason for held in made.held} == {
        "broken": HeldReason.FAILED,
        "gone": HeldReason.FAILED,
        "taken": HeldReason.FOREIGN,
    }


def test_what_is_as_desired_may_differ_in_comments_only() -> None:
    assert is_as_desired(desire(), live(project=None))
    assert not is_as_desired(desire("2h"), live(project=None))
    assert is_as_desired(desire(), live(project=None, pause=Pause(paused=True, note="mine")))
    assert not is_as_desired(desire(paused="why"), live(project=None))
    assert is_as_desired(desire(paused="why"), live(project=None, pause=Pause(paused=True, note="mine")))
