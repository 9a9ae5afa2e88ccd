"""Whose pause it is: an operator's survives every apply, a spec's own comes and goes with the spec."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from dev_servers import eventually
from projects import job
from temporalio.api.schedule.v1 import SchedulePatch, TriggerImmediatelyRequest
from temporalio.api.workflowservice.v1 import PatchScheduleRequest

if TYPE_CHECKING:
    from projects import Project, Stranger
    from temporalio.api.schedule.v1 import Schedule

SPEC_NOTE = "jobspec: paused by the spec"


def limit(schedule: Schedule) -> None:
    schedule.state.paused = True
    schedule.state.notes = "on call: Ann"
    schedule.state.limited_actions = True
    schedule.state.remaining_actions = 7


async def test_an_operators_pause_and_limits_survive_a_change_of_the_spec(project: Project, other: Stranger) -> None:
    project.write(job())
    await project.apply()
    await other.edit(limit)
    assert await project.apply() == {}
    project.write(job(every="2h"))
    assert await project.apply() == {"a": "update done"}
    schedule = (await project.describe()).schedule
    assert schedule.spec.interval[0].interval.seconds == 7200
    state = schedule.state
    assert (state.paused, state.notes, state.limited_actions, state.remaining_actions) == (
        *(True, "on call: Ann"),
        *(True, 7),
    )


@pytest.mark.parametrize("note", ["", "on call: Ann", "jobspec: paused by Ann", "a\nb ☃", "x" * 1000])
async def test_any_note_of_an_operator_is_left_as_it_is(project: Project, other: Stranger, note: str) -> None:
    project.write(job())
    await project.apply()

    def pause(schedule: Schedule) -> None:
        schedule.state.paused, schedule.state.notes = True, note

    await other.edit(pause)
    before = await project.snapshot()
    assert await project.apply() == {}
    assert await project.snapshot() == before
    project.write(job(every="2h"))
    await project.apply()
    assert await project.pause_of() == (True, note)


async def test_a_pause_by_the_ui_survives_the_command(project: Project, other: Stranger) -> None:
    project.write(job())
    await project.apply()
    await other.pause("on call: Ann")
    project.write(job(every="2h"))
    finished = await project.run("apply", "--yes")
    assert finished.code == 0, finished.text
    assert "schedule.paused" not in finished.stdout
    assert await project.pause_of() == (True, "on call: Ann")


async def test_an_unpause_by_the_ui_survives_too(project: Project, other: Stranger) -> None:
    project.write(job())
    await project.apply()
    await other.pause("on call")
    await other.unpause("all is well")
    project.write(job(every="2h"))
    await project.apply()
    assert await project.pause_of() == (False, "all is well")


async def test_a_pause_on_failure_survives(project: Project) -> None:
    failing = job("a", "pause_on_failure: true") + "run: {execution_timeout: 1s, run_timeout: 1s, task_timeout: 1s}\n"
    project.write(failing)
    await project.apply()
    await project.client.workflow_service.patch_schedule(
        PatchScheduleRequest(
            namespace=project.client.namespace,
            schedule_id="a",
            request_id=str(uuid.uuid4()),
            patch=SchedulePatch(trigger_immediately=TriggerImmediatelyRequest()),
        )
    )

    async def paused() -> str:
        is_paused, note = await project.pause_of()
        assert is_paused
        return note

    note = await eventually(paused, within=30)
    assert note
    assert await project.apply() == {}
    project.write(failing.replace("1h", "2h"))
    assert await project.apply() == {"a": "update done"}
    assert await project.pause_of() == (True, note)


async def test_a_spec_pauses_changes_its_reason_and_unpauses(project: Project) -> None:
    project.write(job())
    await project.apply()
    seen = []
    for lines in (("paused: Waiting",), ("paused: Still waiting",), ("paused: true",), ()):
        project.write(job("a", *lines))
        assert await project.apply() == {"a": "update done"}
        assert await project.apply() == {}
        seen.append(await project.pause_of())
    assert seen == [
        (True, f"{SPEC_NOTE}: Waiting"),
        (True, f"{SPEC_NOTE}: Still waiting"),
        (True, SPEC_NOTE),
        (False, ""),
    ]


async def test_the_operators_earlier_note_comes_back(project: Project, other: Stranger) -> None:
    project.write(job())
    await project.apply()
    await other.unpause("checked by Ann; before: all")
    for lines in (("paused: Waiting",), ("paused: Still waiting",)):
        project.write(job("a", *lines))
        assert await project.apply() == {"a": "update done"}
        assert await project.apply() == {}
        assert (await project.pause_of())[0]
    project.write(job())
    assert await project.apply() == {"a": "update done"}
    assert await project.pause_of() == (False, "checked by Ann; before: all")


@pytest.mark.parametrize("reason", ["x; before: ", '"x; before: {\\"note\\": \\"y\\"}"', '"a\\nb"', "'{}; '", "☃"])
async def test_any_reason_settles(project: Project, reason: str) -> None:
    project.write(job("a", f"paused: {reason}"))
    await project.apply()
    assert await project.apply() == {}
    project.write(job())
    await project.apply()
    assert await project.pause_of() == (False, "")


async def test_a_schedule_paused_by_an_operator_satisfies_a_spec_that_pauses(project: Project, other: Stranger) -> None:
    project.write(job())
    await project.apply()
    await other.pause("on call: Ann")
    before = await project.snapshot()
    project.write(job("a", "paused: Waiting"))
    assert await project.apply() == {}
    project.write(job())
    assert await project.apply() == {}
    assert await project.snapshot() == before


async def test_what_an_operator_unpauses_against_the_spec_is_paused_again(project: Project, other: Stranger) -> None:
    project.write(job("a", "paused: Waiting"))
    await project.apply()
    await other.unpause("go")
    assert await project.apply() == {"a": "update done"}
    assert await project.pause_of() == (True, f'{SPEC_NOTE}: Waiting; before: {{"note": "go"}}')


async def test_a_job_that_is_created_paused_never_runs(project: Project) -> None:
    project.write(job("a", "paused: Waiting", every="1s"))
    await project.apply()
    project.write(job("canary", "overlap: allow_all", every="1s"), to="specs/canary.yaml")
    await project.apply()

    async def canary_ran() -> None:
        assert (await project.describe("canary")).info.action_count >= 2

    await eventually(canary_ran, within=30)
    assert (await project.describe()).info.action_count == 0
