"""Runs that a job's schedule starts by hand, and what describing it tells of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from dev_servers import eventually
from projects import take_snapshot
from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from jobspec import Definition, OverlapPolicy, RefusedError, ScheduleDetail, ScheduleSpec, Status, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from dev_servers import Backend, StartServer
    from projects import Stranger
    from temporalio.api.schedule.v1 import Schedule
    from temporalio.client import Client

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@workflow.defn(name="schedule-runs")
class Work:
    @workflow.run
    async def run(self, how: str) -> None:
        match how:
            case "fail":
                raise ApplicationError("the warehouse is closed")
            case "continue":
                workflow.continue_as_new("succeed")
            case "wait":
                await workflow.wait_condition(lambda: False)


@pytest_asyncio.fixture
async def worker(client: Client) -> AsyncIterator[None]:
    """A worker of the queue `q`."""
    async with Worker(client, task_queue="q", workflows=[Work], workflow_runner=UnsandboxedWorkflowRunner()):
        yield


def define(name: str = "a", how: str = "succeed", **schedule: Any) -> Definition[Any]:
    hourly = ScheduleSpec.model_validate({"interval": "1h", **schedule})
    return Definition(name, "q", workflow=Work, input=how, schedule=hourly, project="shop")


async def until(client: Client, job: Definition[Any], *statuses: Status | None) -> ScheduleDetail:
    """Describe until the schedule's recent runs have these outcomes."""

    async def described() -> ScheduleDetail:
        detail = await job.describe_schedule(client)
        assert detail.actions == len(statuses)
        assert [run.status for run in detail.recent_runs] == list(statuses)
        return detail

    return await eventually(described)


@pytest.mark.usefixtures("worker")
async def test_a_paused_schedule_can_be_triggered_and_tells_what_became_of_the_run(client: Client) -> None:
    outcomes = {"succeed": Status.COMPLETED, "fail": Status.FAILED, "continue": Status.COMPLETED}
    for how in outcomes:
        job = define(how, how)
        await job.apply_schedule(client)
        await job.pause_schedule(client, "only by hand")
        await job.trigger_schedule(client)
    for how, outcome in outcomes.items():
        detail = await until(client, define(how, how), outcome)
        [run] = detail.recent_runs
        assert run.workflow_id.startswith(f"{how}-20")
        assert run.scheduled_for.tzinfo is UTC
        assert abs(run.started_at - run.scheduled_for) < timedelta(minutes=1)


async def test_a_description_tells_all_that_is_live(client: Client, other: Stranger) -> None:
    job = define(cron="0 9 * * MON-FRI", interval=[], timezone="Europe/Berlin", jitter="30s")
    await job.apply_schedule(client)
    detail = await job.describe_schedule(client)
    assert (detail.name, detail.project, detail.paused, detail.note) == ("a", "shop", False, "")
    assert detail.differences == ()
    assert detail.fields == {
        "workflow": "schedule-runs",
        "queue": "q",
        "input": "succeed",
        "schedule.cron": "0 9 * * MON-FRI",
        "schedule.timezone": "Europe/Berlin",
        "schedule.jitter": "30s",
    }
    assert len(detail.next_runs) >= 5
    assert all(when.hour in (7, 8) for when in detail.next_runs)
    assert detail.created_at is not None
    assert datetime.now(UTC) - detail.created_at < timedelta(minutes=1)
    assert (detail.updated_at, detail.remaining_actions, detail.recent_runs, detail.running) == (None, None, (), ())
    assert (detail.actions, detail.missed, detail.skipped, detail.buffered, detail.dropped) == (0,) * 5

    def edit(schedule: Schedule) -> None:
        schedule.action.start_workflow.task_queue.name = "theirs"
        schedule.state.paused = schedule.state.limited_actions = True
        schedule.state.remaining_actions = 7

    await other.edit(edit)
    edited = await job.describe_schedule(client)
    assert (edited.differences, edited.fields["queue"]) == (("queue",), "theirs")
    assert (edited.next_runs, edited.remaining_actions) == ((), 7)
    assert edited.updated_at is not None


@pytest.mark.usefixtures("worker")
async def test_a_trigger_follows_the_schedules_policy_unless_told_otherwise(client: Client) -> None:
    job = define(how="wait")
    await job.apply_schedule(client)
    await job.backfill_schedule(client, START, START + timedelta(seconds=1))
    running = await until(client, job, Status.RUNNING)
    assert running.running == (running.recent_runs[0].workflow_id,)
    await job.trigger_schedule(client)

    async def skipped() -> None:
        assert (await job.describe_schedule(client)).skipped == 1

    await eventually(skipped)
    await job.trigger_schedule(client, overlap=OverlapPolicy.ALLOW_ALL)
    assert (await until(client, job, Status.RUNNING, Status.RUNNING)).skipped == 1


@pytest.mark.usefixtures("worker")
async def test_a_backfill_runs_all_of_its_times_one_after_the_other(client: Client) -> None:
    job = define(jitter="50m", start_at="2026-03-01T01:00:00Z")
    await job.apply_schedule(client)
    await job.pause_schedule(client, "x")
    times = await job.backfill_schedule(client, START, START + 3 * HOUR)
    assert times == (START + HOUR, START + 2 * HOUR, START + 3 * HOUR)
    detail = await until(client, job, *[Status.COMPLETED] * 3)
    assert [run.workflow_id for run in detail.recent_runs] == [f"a-{when:%Y-%m-%dT%H:%M:%SZ}" for when in times]
    assert detail.skipped == 0


async def test_runs_of_one_workflow_id_are_told_apart(client: Client) -> None:
    job = define(overlap="allow_all")
    await job.apply_schedule(client)
    await job.pause_schedule(client, "x")
    for statuses in ([Status.RUNNING], [Status.TERMINATED, Status.RUNNING]):
        await job.backfill_schedule(client, START, START + HOUR / 2)
        detail = await until(client, job, *statuses)
        assert {run.workflow_id for run in detail.recent_runs} == {"a-2026-03-01T00:00:00Z"}
        await client.get_workflow_handle("a-2026-03-01T00:00:00Z").terminate()


@pytest.mark.parametrize("backend", ["workflow", "chasm"])
async def test_a_run_that_the_server_no_longer_has_has_no_outcome(start_server: StartServer, backend: Backend) -> None:
    server = await start_server(backend, {"history.transferProcessorEnsureCloseBeforeDelete": "false"})
    client = server.client(await server.make_namespace())
    job = define()
    await job.apply_schedule(client)
    await job.trigger_schedule(client)
    [run] = (await until(client, job, Status.RUNNING)).recent_runs
    gone = WorkflowExecution(workflow_id=run.workflow_id, run_id=run.run_id)
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=gone)
    )
    await until(client, job, None)


def every_two_hours(schedule: Schedule) -> None:
    schedule.spec.interval[0].interval.FromSeconds(7200)


def until_2030(schedule: Schedule) -> None:
    schedule.spec.end_time.FromDatetime(datetime(2030, 1, 1))  # noqa: DTZ001  protobuf takes it as UTC


@pytest.mark.parametrize(("edit", "field"), [(every_two_hours, "schedule.interval"), (until_2030, "schedule.end_at")])
async def test_a_backfill_that_would_follow_other_times_is_refused(
    client: Client, other: Stranger, edit: Callable[[Schedule], None], field: str
) -> None:
    job = define()
    await job.apply_schedule(client)
    await other.edit(edit)
    before = await take_snapshot(client, "a")
    with pytest.raises(RefusedError, match=rf"has other times than the job \({field}\).*apply the job first"):
        await job.backfill_schedule(client, START, START + HOUR)
    assert await take_snapshot(client, "a") == before


async def test_a_backfill_of_no_times_or_of_wrong_ones_asks_for_nothing(client: Client) -> None:
    job = define()
    await job.apply_schedule(client)
    before = await take_snapshot(client, "a")
    assert await job.backfill_schedule(client, START + HOUR / 4, START + HOUR / 2) == ()
    with pytest.raises(UsageError, match="needs a time zone"):
        await job.backfill_schedule(client, START.replace(tzinfo=None), START + HOUR)
    with pytest.raises(UsageError, match="still to come"):
        await job.backfill_schedule(client, START, datetime.now(UTC) + HOUR)
    assert await take_snapshot(client, "a") == before
