"""How jobs stand, all of them together, on both schedulers."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually
from projects import Project, Stranger, job
from run_workflows import start
from temporalio.api.schedule.v1 import SchedulePatch
from temporalio.api.workflowservice.v1 import PatchScheduleRequest

import jobspec
from jobspec.errors import InvalidDefinitionError, NotFoundError
from jobspec.library.definition import Definition
from jobspec.library.job_status import survey_jobs
from jobspec.library.registry import Registry
from jobspec.results import JobState, Status
from jobspec.temporal.requests import Requests
from jobspec.temporal.runs import latest_runs
from jobspec.temporal.runs.gateway import Runs
from jobspec.temporal.runs.latest_runs import read_latest_runs

if TYPE_CHECKING:
    from temporalio.client import Client

ON_DEMAND = "name: demand\nqueue: q\nworkflow: {type: W}\n"


async def test_every_state_is_told(project: Project, other: Stranger, client: Client) -> None:
    names = ("active", "differs", "paused", "spec-paused", "retired", "unwanted", "unscheduled", "used-up", "broken")
    project.write(*map(job, names))
    await project.apply()
    project.write(*map(job, (name for name in names if name != "retired")))
    await project.apply()
    await other.create("foreign", (await project.describe("active")).schedule)
    await other.pause("gone fishing", "paused")
    await other.edit(lambda schedule: setattr(schedule.state, "limited_actions", True), "used-up")
    await project.until_listed("foreign")
    project.write(
        *map(job, ("active", "paused", "used-up", "foreign", "new")),
        job("differs", every="2h"),
        job("spec-paused", "paused: waits for stock"),
        job("over", "end_at: 2020-01-01T00:00:00Z"),
        job("unscheduled").split("schedule:")[0],
        ON_DEMAND,
    )
    found = {each.name: each for each in await survey_jobs(client, jobspec.load(project.directory))}
    assert {name: each.state for name, each in found.items()} == {
        "active": JobState.ACTIVE,
        "broken": JobState.UNWANTED,
        "demand": JobState.ON_DEMAND,
        "differs": JobState.ACTIVE,
        "foreign": JobState.FOREIGN,
        "new": JobState.NOT_APPLIED,
        "over": JobState.COMPLETED,
        "paused": JobState.PAUSED,
        "retired": JobState.RETIRED,
        "spec-paused": JobState.ACTIVE,
        "unscheduled": JobState.UNWANTED,
        "unwanted": JobState.UNWANTED,
        "used-up": JobState.ACTIVE,
    }
    now = datetime.now(UTC)
    assert found["active"].next_run is not None
    assert timedelta(0) < found["active"].next_run - now < timedelta(hours=1, seconds=1)
    assert [found[name].next_run for name in ("paused", "used-up", "retired", "foreign", "new")] == [None] * 5
    assert found["paused"].message == "gone fishing"
    assert found["used-up"].message == "has started as many runs as it may"
    assert found["unwanted"].message == "no spec names it; the next apply retires it"
    assert found["unscheduled"].message == "its spec has no schedule any more; the next apply retires it"
    assert "jobspec adopt foreign" in found["foreign"].message
    assert found["retired"].delete_after is not None
    assert found["retired"].delete_after > now + timedelta(hours=23)
    assert found["differs"].differences == ("schedule.interval",)
    assert found["spec-paused"].differences == ("schedule.paused",)
    assert all(not found[name].differences for name in ("active", "paused", "used-up"))


async def test_pauses_of_specs_and_specs_with_mistakes_are_told(project: Project, client: Client) -> None:
    project.write(job("a", "paused: waits for stock"), job("b"), job("back"))
    await project.apply()
    project.write(job("a", "paused: waits for stock"), job("b"))
    await project.apply()
    project.write(job("a", "paused: waits for stock"), job("b", "overlap: never"), job("back"))
    registry = jobspec.load(project.directory)
    found = {each.name: each for each in await survey_jobs(client, registry)}
    assert (found["a"].state, found["a"].message) == (JobState.PAUSED, "by its spec: waits for stock")
    assert found["b"].state is JobState.INVALID
    assert "never" in found["b"].message
    assert found["b"].next_run is not None
    assert (found["back"].state, found["back"].message) == (
        JobState.RETIRED,
        "back in the specs; the next apply restores it",
    )
    project.write(job("a"), job("b", "overlap: never"))
    some = await survey_jobs(client, jobspec.load(project.directory), ["b", "back"])
    assert [(each.name, each.state) for each in some] == [("b", JobState.INVALID), ("back", JobState.RETIRED)]
    with pytest.raises(NotFoundError, match="there is no job `nowhere`"):
        await survey_jobs(client, registry, ["nowhere"])
    with pytest.raises(InvalidDefinitionError, match="has no project"):
        await survey_jobs(client, Registry(Definition("a", "q", workflow="m:W")))


@pytest.mark.parametrize("server", ["chasm"], indirect=True)
async def test_runs_of_many_jobs_are_found_in_few_requests(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest_runs, "JOBS_AT_ONCE", 4)
    runs, counted = Runs(client), CountedRequests()

    async def end(name: str, number: int) -> None:
        workflow_id, _ = await start(client, runs, name, "wait", workflow_id=f"{name}-{number}")
        await client.get_workflow_handle(workflow_id).terminate()

    await asyncio.gather(end("quiet", 0), end("loud-0", 0), end("rare", 0))
    await asyncio.gather(*(end("loud-0", number) for number in range(1, 30)))
    await asyncio.gather(*(start(client, runs, "quiet", "wait", workflow_id=f"running-{n}") for n in range(3)))
    names = ["loud-0", "none", "quiet", "rare", *(f"z-{number}" for number in range(7))]

    async def seen() -> Any:
        counted.number = 0
        found = await read_latest_runs(client, counted, names)
        assert found["quiet"].running == 3
        assert found["loud-0"].last is not None
        assert found["quiet"].last is not None
        assert found["rare"].last is not None
        return found

    found = await eventually(seen)
    assert set(found) == set(names)
    assert found["rare"].last.workflow_id == "rare-0"
    assert found["quiet"].last.workflow_id == "quiet-0"
    assert found["quiet"].last.status is Status.TERMINATED
    assert found["quiet"].running_since < datetime.now(UTC) + timedelta(seconds=5)
    assert (found["none"].last, found["none"].running) == (None, 0)
    # Three batches, two questions each, and once more for those whom the loud one crowded out.
    assert counted.number == 7


class CountedRequests(Requests):
    """Counts what is sent."""

    number = 0

    async def send(self, *arguments: Any, **options: Any) -> Any:
        self.number += 1
        return await super().send(*arguments, **options)


async def test_the_outcome_of_a_scheduled_run_is_told(project: Project, client: Client) -> None:
    project.write(job("a"))
    await project.apply()
    registry = jobspec.load(project.directory)
    await client.workflow_service.patch_schedule(
        PatchScheduleRequest(
            namespace=client.namespace,
            schedule_id="a",
            patch=SchedulePatch(trigger_immediately={"overlap_policy": 6}),  # type: ignore[arg-type]
            request_id=str(uuid.uuid4()),
        )
    )

    async def is_running() -> str:
        (found,) = await survey_jobs(client, registry)
        assert (found.running, found.last_run) == (1, None)
        page = await registry["a"].list_runs(client)
        return page.runs[0].workflow_id

    workflow_id = await eventually(is_running)
    await registry["a"].terminate(client, workflow_id)

    async def is_over() -> Any:
        (found,) = await survey_jobs(client, registry)
        assert found.last_run is not None
        assert found.running == 0  # which is asked for first, and may lag by itself
        return found

    found = await eventually(is_over)
    assert (found.last_run.workflow_id, found.last_run.status, found.running) == (workflow_id, Status.TERMINATED, 0)
