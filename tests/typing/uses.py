"""What users of the library may write under strict type checking; it is checked and never run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, assert_type

from pydantic import BaseModel
from temporalio import activity, workflow

import jobspec
from jobspec import (
    ActivityEvent,
    CalendarSpec,
    Collector,
    Definition,
    DefinitionStats,
    IntervalSpec,
    JobOverview,
    JobspecError,
    OverlapPolicy,
    Planned,
    Registry,
    RetryPolicy,
    RunDetail,
    RunHandle,
    RunHistory,
    RunOptions,
    RunPage,
    ScheduleDetail,
    ScheduleOutcome,
    ScheduleSpec,
    ScheduleSummary,
    Status,
    TaskQueueInfo,
    TimeRange,
    WorkflowRef,
)

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowHandle


class Batch(BaseModel):
    """An input."""

    region: str
    size: int = 10


@workflow.defn
class Sync:
    """A workflow."""

    @workflow.run
    async def run(self, batch: Batch) -> str:
        """Run."""
        return batch.region


@activity.defn
async def fetch(region: str) -> int:
    """Do something."""
    return len(region)


async def start(workflow: str, **options: Any) -> WorkflowHandle[Any, Any]:
    """Start runs in a way of one's own."""
    raise NotImplementedError


def register(collector: Collector) -> None:
    """Register more."""
    collector.add_activity("q", fetch)


TYPED = Definition(
    "orders-sync",
    "sync-orders",
    workflow=Sync,
    activities=[fetch, "shop.activities:record"],
    input_model=Batch,
    input=Batch(region="eu"),
    run=RunOptions(execution_timeout="2h", retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1))),
    schedule=ScheduleSpec(
        cron="0 2 * * *",
        timezone="Europe/Berlin",
        skip=["2026-12-25", CalendarSpec(month=1, day_of_month=1)],
        jitter="30s",
        overlap=OverlapPolicy.SKIP,
        paused="for now",
    ),
    project="shop",
)
assert_type(TYPED, Definition[Batch])
assert_type(TYPED.new_input(), Batch)

UNTYPED = Definition("a", "q", workflow=WorkflowRef(type="a"), schedule=ScheduleSpec(interval="1h"))
assert_type(UNTYPED.new_input(), Any)
BY_TYPE = WorkflowRef(type="sync", import_path="shop.workflows:Sync")
BY_PATH: Definition = Definition("b", "q", workflow="shop.workflows:Sync", args=[1, 2], tags=("x",))
CLOSURES: Definition[Batch] = Definition(
    "c",
    "q",
    workflow=Sync,
    input={"region": "eu"},
    schedule=ScheduleSpec(interval=[IntervalSpec(every="1h", offset="5m")], start_at=datetime.now(UTC)),
    register=register,
    execute=start,
)


async def use_definition(client: Client) -> None:
    """Use every method of a definition."""
    handle = await TYPED.execute(client, Batch(region="us"), workflow_id="x", execution_timeout="1h", memo={"a": 1})
    assert_type(handle, RunHandle)
    await TYPED.execute(client, {"region": "us"})
    await TYPED.execute(client)
    await UNTYPED.execute(client, args=["eu", 1], run_timeout=timedelta(minutes=1))
    result: str = await TYPED.get_run(client, handle.workflow_id, handle.run_id).result()
    assert_type(await TYPED.describe(client, result), RunDetail)
    page = await TYPED.list_runs(client, status=Status.FAILED, time_range=TimeRange(since=datetime.now(UTC)))
    assert_type(page, RunPage)
    await TYPED.list_runs(client, status=[Status.RUNNING, "failed"], page_token=page.next_page_token)
    history = await TYPED.history(client, "x", max_events=None)
    assert_type(history, RunHistory)
    assert_type(history.activities, tuple[ActivityEvent, ...])
    stats = await TYPED.stats(client, today_only=True, time_zone="Europe/Berlin")
    assert_type(stats, DefinitionStats)
    assert_type(stats.total, int)
    assert_type(await TYPED.query(client, "x", "progress"), Any)
    await TYPED.signal(client, "x", "stop", 1, run_id="y")
    await TYPED.cancel(client, "x")
    await TYPED.terminate(client, "x", reason="why")
    assert_type(await TYPED.task_queue_info(client), TaskQueueInfo)


async def use_schedule(client: Client) -> None:
    """Use every method of a definition's schedule."""
    outcome = await TYPED.apply_schedule(client)
    assert_type(outcome, ScheduleOutcome)
    assert_type(await TYPED.describe_schedule(client), ScheduleDetail)
    await TYPED.pause_schedule(client, "why")
    await TYPED.resume_schedule(client)
    await TYPED.trigger_schedule(client, overlap=OverlapPolicy.ALLOW_ALL)
    times = await TYPED.backfill_schedule(client, datetime.now(UTC), datetime.now(UTC))
    assert_type(times, tuple[datetime, ...])
    await TYPED.delete_schedule(client)


async def use_registry(client: Client) -> None:
    """Use every method of a registry, and what loads, plans and applies."""
    registry = Registry(TYPED, UNTYPED, project="shop")
    registry.add(BY_PATH)
    assert_type(registry["a"], Definition[Any])
    assert_type(registry.get("a"), Definition[Any] | None)
    assert_type(registry.must_get("a"), Definition[Any])
    assert_type(registry.list(), tuple[Definition[Any], ...])
    assert_type(registry.names(), tuple[str, ...])
    collector = Collector()
    registry.register_all(collector)
    for registrations in collector.finish().values():
        async with jobspec.make_worker(client, registrations):
            pass
    assert_type(await registry.apply_schedules(client), tuple[ScheduleOutcome, ...])
    assert_type(await registry.list_schedules(client), tuple[ScheduleSummary, ...])
    loaded = jobspec.load("specs/", env="staging")
    assert_type(await jobspec.survey_jobs(client, loaded, ["a"]), tuple[JobOverview, ...])
    planned = await jobspec.plan(client, loaded, allow=["deletes=25"])
    assert_type(planned, Planned)
    try:
        await jobspec.apply(client, planned)
    except jobspec.ApplyError as error:
        assert_type(error.outcomes, tuple[ScheduleOutcome, ...])
    except JobspecError:
        raise
