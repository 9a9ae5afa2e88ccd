"""Somebody else acts between the plan and its write: nothing of theirs is lost, and nothing is written unseen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from projects import job
from temporalio.api.common.v1 import Memo, Payload

from jobspec.cli.exits import ExitCode, code_of_outcomes
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from projects import Project, Stranger
    from temporalio.api.schedule.v1 import Schedule

    from jobspec.planning.planner import Planned

MARK = Payload(metadata={"encoding": b"json/plain"}, data=b'"shop"')


async def plan_update(project: Project) -> Planned:
    """Plan to change the interval of `a` from 1h to 2h."""
    project.write(job())
    await project.apply()
    project.write(job(every="2h"))
    return await project.plan()


async def carry_out(project: Project, planned: Planned) -> dict[str, str]:
    outcomes = await project.carry_out(planned)
    return {name: f"{outcome.change.action} {outcome.status}" for name, outcome in outcomes.items()}


def set_interval(seconds: int) -> Callable[[Schedule], Any]:
    return lambda schedule: schedule.spec.interval[0].interval.FromSeconds(seconds)


def set_queue(schedule: Schedule) -> None:
    schedule.action.start_workflow.task_queue.name = "theirs"


async def recreate(project: Project, other: Stranger, **mark: Any) -> None:
    schedule = (await project.describe()).schedule
    await other.delete()
    await other.create("a", schedule, **mark)


async def test_a_pause_in_between_is_kept_and_the_change_is_written(project: Project, other: Stranger) -> None:
    planned = await plan_update(project)
    await other.pause("on call: Ann")
    assert await carry_out(project, planned) == {"a": "update done"}
    assert await project.pause_of() == (True, "on call: Ann")
    assert await project.apply() == {}


async def test_a_pause_in_between_is_remembered_by_a_retirement(project: Project, other: Stranger) -> None:
    project.write(job("keep"), to="specs/keep.yaml")
    project.write(job())
    await project.apply()
    project.remove()
    planned = await project.plan()
    await other.pause("on call: Ann")
    assert await carry_out(project, planned) == {"a": "retire done"}
    project.write(job())
    await project.apply()
    assert await project.pause_of() == (True, "on call: Ann")


@pytest.mark.parametrize("edit", [set_interval(180), set_queue], ids=["the same field", "another field"])
async def test_an_edit_in_between_is_a_conflict_and_not_overwritten(
    project: Project, other: Stranger, edit: Callable[[Schedule], Any]
) -> None:
    planned = await plan_update(project)
    await other.edit(edit)
    theirs = await project.snapshot()
    outcomes = await project.carry_out(planned)
    assert outcomes["a"].status == "conflict"
    assert "plan again" in outcomes["a"].message
    assert code_of_outcomes(list(outcomes.values()), ExitCode.OK) is ExitCode.CONFLICT
    assert await project.snapshot() == theirs


async def test_an_edit_in_between_to_what_the_spec_wants_is_nothing_to_do(project: Project, other: Stranger) -> None:
    planned = await plan_update(project)
    await other.edit(set_interval(7200))
    theirs = await project.snapshot()
    assert await carry_out(project, planned) == {"a": "update unchanged"}
    assert await project.snapshot() == theirs


async def test_what_was_deleted_in_between_is_not_created_unseen(project: Project, other: Stranger) -> None:
    planned = await plan_update(project)
    await other.delete()
    assert await carry_out(project, planned) == {"a": "update conflict"}
    assert not await project.exists()
    assert await project.apply() == {"a": "create done"}


async def test_what_was_created_anew_in_between_by_a_stranger_is_theirs(project: Project, other: Stranger) -> None:
    planned = await plan_update(project)
    await recreate(project, other)
    theirs = await project.snapshot()
    assert await carry_out(project, planned) == {"a": "update conflict"}
    assert await project.snapshot() == theirs


@pytest.mark.parametrize("mark", [{}, {"memo": Memo(fields={"jobspec": MARK})}], ids=["unmarked", "marked as ours"])
async def test_what_appeared_in_between_is_not_overwritten(
    project: Project, other: Stranger, mark: dict[str, Any]
) -> None:
    project.write(job())
    planned = await project.plan()
    schedule = planned.desired["a"].message
    set_interval(180)(schedule)
    await other.create("a", schedule, **mark)
    theirs = await project.snapshot()
    assert await carry_out(project, planned) == {"a": "create conflict"}
    assert await project.snapshot() == theirs


async def test_a_deletion_that_is_due_spares_what_was_taken_in_hand_in_between(
    project: Project, other: Stranger
) -> None:
    project.configure('prune = {grace = "0s"}')
    project.write(job("keep"), to="specs/keep.yaml")
    project.write(job())
    await project.apply()
    project.remove()
    planned = await project.plan()
    await recreate(project, other)
    theirs = await project.snapshot()
    assert await carry_out(project, planned) == {"a": "delete unchanged"}
    assert await project.snapshot() == theirs


async def test_a_deletion_in_between_is_what_a_deletion_wants(project: Project, other: Stranger) -> None:
    project.configure('prune = {grace = "0s"}')
    project.write(job("keep"), to="specs/keep.yaml")
    project.write(job())
    await project.apply()
    project.remove()
    planned = await project.plan()
    await other.delete()
    assert await carry_out(project, planned) in ({"a": "delete unchanged"}, {"a": "delete done"})


async def test_an_adoption_in_between_by_somebody_else_is_respected(project: Project, other: Stranger) -> None:
    planned = await plan_update(project)
    schedules = Schedules(project.client)
    live = await schedules.describe("a")
    assert live is not None
    await schedules.mark(live, "payroll")
    theirs = await project.snapshot()
    assert await carry_out(project, planned) == {"a": "update conflict"}
    assert await project.snapshot() == theirs


async def test_two_applies_at_once_converge(project: Project) -> None:
    names = [f"job-{number:02}" for number in range(20)]

    async def twice() -> list[str]:
        plans = [await project.plan(), await project.plan()]
        both = await asyncio.gather(*(project.carry_out(planned) for planned in plans))
        return sorted({outcome.status.value for outcomes in both for outcome in outcomes.values()})

    for every in ("1h", "2h", "3h"):
        project.write(*(job(name, every=every) for name in names))
        assert set(await twice()) <= {"done", "unchanged", "conflict"}
        assert await project.apply() == {}
    project.write(job("keep"))
    await project.apply("deletes=20")
    assert (await project.plan()).plan.retired == tuple(names)


async def test_two_commands_at_once_converge(project: Project) -> None:
    project.write(*(job(f"job-{number:02}") for number in range(10)))
    both = await asyncio.gather(*(project.run("apply", "--yes") for _ in range(2)))
    assert {finished.code for finished in both} <= {0, 4, 5}, [finished.text for finished in both]
    assert await project.apply() == {}


async def test_operators_who_pause_all_the_time_lose_no_pause(project: Project, other: Stranger) -> None:
    """Updates and pauses are in flight together, so that both the token and the reading back are put to work."""
    names = [f"job-{number}" for number in range(12)]
    project.write(*map(job, names))
    await project.apply()
    project.write(*(job(name, every="2h") for name in names))
    planned = await project.plan()

    async def pause(name: str) -> None:
        await other.pause(f"by the operator of {name}", name=name)

    acts: list[Awaitable[Any]] = [project.carry_out(planned), *map(pause, names)]
    await asyncio.gather(*acts)
    await project.apply()
    for name in names:
        assert await project.pause_of(name) == (True, f"by the operator of {name}")
        assert (await project.describe(name)).schedule.spec.interval[0].interval.seconds == 7200
