from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from jobspec.errors import UnreachableError
from jobspec.planning.apply import Assignment, WriteStatus, apply_plan
from jobspec.planning.plan import Action, Change, Plan, Reason
from jobspec.planning.planner import Terms

if TYPE_CHECKING:
    from jobspec.temporal.schedules.gateway import Schedules

TERMS = Terms(
    project="shop", owners=frozenset({"shop"}), now=datetime(2026, 3, 1, tzinfo=UTC), grace=timedelta(hours=24)
)


class Gone:
    """A namespace whose server went away after the plan was made."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def describe(self, name: str) -> None:
        self.asked.append(name)
        raise UnreachableError("nobody answers")


async def test_a_server_that_is_gone_is_not_asked_again_in_a_later_phase() -> None:
    changes = (
        Change(name="a", action=Action.UPDATE, reason=Reason.CHANGED),
        Change(name="b", action=Action.RETIRE, reason=Reason.REMOVED),
    )
    plan, schedules = Plan(project="shop", namespace="default", changes=changes), Gone()
    assignment = Assignment(schedules=cast("Schedules", schedules), desired={}, terms=TERMS)
    outcomes = {outcome.change.name: outcome.status async for outcome in apply_plan(plan, assignment)}
    assert outcomes == {"a": WriteStatus.FAILED, "b": WriteStatus.SKIPPED}
    assert schedules.asked == ["a"]
