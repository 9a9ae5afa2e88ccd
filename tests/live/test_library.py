"""The library's way from definitions to runs and schedules, over the real server."""

from __future__ import annotations

import asyncio
import math
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually
from pydantic import BaseModel
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import jobspec
from jobspec import (
    AlreadyClosedError,
    AlreadyStartedError,
    ApplyError,
    Collector,
    Definition,
    ForeignScheduleError,
    InvalidDefinitionError,
    NamespaceNotFoundError,
    NoScheduleError,
    NotFoundError,
    Planned,
    RefusedError,
    Registry,
    RetryPolicy,
    RunOptions,
    ScheduleSpec,
    Status,
    WorkflowRef,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from dev_servers import Server
    from projects import Stranger
    from temporalio.client import WorkflowHandle


class Batch(BaseModel):
    region: str
    size: int = 10


class Synced(BaseModel):
    region: str
    rows: int


@workflow.defn(name="library-sync")
class Sync:
    @workflow.run
    async def run(self, batch: Batch) -> Synced:
        rows = await workflow.execute_activity(count, batch.size, start_to_close_timeout=timedelta(seconds=10))
        return Synced(region=batch.region, rows=rows)


class Opaque:
    """Nothing that pydantic knows."""


@workflow.defn
class TakesOpaque:
    @workflow.run
    async def run(self, value: Opaque) -> None: ...


@activity.defn(name="library-count")
async def count(size: int) -> int:
    return size * 2


SCHEDULE = ScheduleSpec(interval="1h")


def define(name: str = "orders", **changes: Any) -> Definition[Batch]:
    given: dict[str, Any] = {"workflow": Sync, "activities": [count], "input_model": Batch, "input": {"region": "eu"}}
    return Definition(name, "library", **{**given, **changes})


@pytest.fixture
async def worker(client: Client) -> AsyncIterator[None]:
    collector = Collector()
    define().register(collector)
    found = collector.finish()["library"]
    runner = UnsandboxedWorkflowRunner()
    async with Worker(
        client,
        task_queue="library",
        workflows=found.workflows,
        activities=found.activities,
        workflow_runner=runner,
    ):
        yield


async def test_a_run_started_by_hand_is_the_jobs_own_and_its_result_is_typed(client: Client, worker: None) -> None:
    options = RunOptions(
        execution_timeout="2m",
        run_timeout="1m",
        retry_policy=RetryPolicy(maximum_attempts=2),
        memo={"team": "orders"},
        static_summary="Orders",
    )
    orders = define(run=options, project="shop")
    plain = await orders.execute(client)
    assert plain.workflow_id.startswith("orders-")
    uuid.UUID(plain.workflow_id.removeprefix("orders-"))
    assert await plain.result() == Synced(region="eu", rows=20)
    custom = await orders.execute(
        client,
        Batch(region="us", size=3),
        workflow_id="by-hand",
        execution_timeout=timedelta(seconds=50),
        run_timeout="40s",
        task_timeout="5s",
        memo={"why": "test"},
    )
    assert await orders.get_run(client, "by-hand").result() == Synced(region="us", rows=6)
    first = await orders.describe(client, plain.workflow_id, plain.run_id)
    second = await orders.describe(client, custom.workflow_id)
    assert (first.execution_timeout, first.run_timeout) == (timedelta(minutes=2), timedelta(minutes=1))
    assert (second.execution_timeout, second.run_timeout, second.task_timeout) == (
        timedelta(seconds=50),
        timedelta(seconds=40),
        timedelta(seconds=5),
    )
    assert (first.memo, second.memo) == ({"team": "orders"}, {"why": "test"})
    assert first.static_summary == "Orders"

    async def both_are_listed() -> None:
        page = await orders.list_runs(client, status=["completed", Status.FAILED])
        assert {run.workflow_id for run in page.runs} == {plain.workflow_id, "by-hand"}
        stats = await orders.stats(client)
        assert (stats.completed, stats.total) == (2, 2)

    await eventually(both_are_listed)
    other = define("orders-sync")
    assert (await other.stats(client)).total == 0
    with pytest.raises(NotFoundError, match="`by-hand` is no run of the job `orders-sync`"):
        await other.get_run(client, "by-hand").result()


async def test_a_run_that_cannot_be_is_refused_before_anything_starts(client: Client) -> None:
    orders = define()
    with pytest.raises(InvalidDefinitionError, match=r"input\.size: `input\.size` must be a whole number"):
        await orders.execute(client, {"region": "eu", "size": "many"})
    with pytest.raises(InvalidDefinitionError, match="run_timeout: `run_timeout` is longer"):
        await orders.execute(client, run_timeout="2h", execution_timeout="1h")
    with pytest.raises(InvalidDefinitionError, match="the workflow id `a b` is not allowed"):
        await orders.execute(client, workflow_id="a b")
    with pytest.raises(InvalidDefinitionError, match="requires `batch`"):
        await Definition("bare", "library", workflow=Sync).execute(client)
    with pytest.raises(InvalidDefinitionError, match="the workflow id `` is not allowed"):
        await orders.execute(client, workflow_id="")
    with pytest.raises(InvalidDefinitionError, match=r"`input\.x` is `nan`"):
        await Definition("bare", "library", workflow=WorkflowRef(type="x")).execute(client, {"x": math.nan})
    await orders.execute(client, workflow_id="twice")
    with pytest.raises(AlreadyStartedError, match="`twice`"):
        await orders.execute(client, workflow_id="twice")


async def test_an_input_that_only_another_converter_can_read_starts_with_that_alone(client: Client) -> None:
    odd = Definition("odd", "library", workflow=f"{__name__}:TakesOpaque", input={"x": 1})
    with pytest.raises(InvalidDefinitionError, match=r"input: the worker cannot read the input as `Opaque`"):
        await odd.execute(client)
    config = client.config(active_config=True)
    config["data_converter"] = DataConverter.default
    plain = type(client)(**config)
    run = await odd.execute(plain)
    assert (await odd.describe(client, run.workflow_id)).summary.status is Status.RUNNING
    await odd.terminate(client, run.workflow_id)
    with pytest.raises(AlreadyClosedError, match=r"it is over already \(terminated\)$"):
        await odd.terminate(client, run.workflow_id)


async def test_a_function_of_the_users_own_starts_the_run(client: Client) -> None:
    asked: list[dict[str, Any]] = []

    async def start(workflow_type: str, **options: Any) -> WorkflowHandle[Any, Any]:
        asked.append(options)
        return await client.start_workflow(workflow_type, **{**options, "start_delay": timedelta(hours=1)})

    orders = define(execute=start)
    run = await orders.execute(client, workflow_id="delayed")
    assert asked[0]["id"] == "delayed"
    assert (await orders.describe(client, run.workflow_id)).summary.status is Status.RUNNING


async def test_a_registry_in_code_applies_its_own_and_prunes_nothing(client: Client, other: Stranger) -> None:
    others = Registry(define("left-over", schedule=SCHEDULE), project="shop")
    await others.apply_schedules(client)
    registry = Registry(define("a", schedule=SCHEDULE), define("b", schedule=SCHEDULE), define("c"), project="shop")
    planned = await jobspec.plan(client, registry)
    assert [(change.name, change.action.value) for change in planned.plan.changes] == [("a", "create"), ("b", "create")]
    outcomes = await jobspec.apply(client, planned)
    assert [(outcome.name, outcome.action) for outcome in outcomes] == [("a", "create"), ("b", "create")]
    assert (await jobspec.plan(client, registry)).plan.changes == ()
    assert await eventually(lambda: _three(registry, client)) == ("a", "b", "left-over")
    pruning = await jobspec.plan(client, registry, prune=True)
    assert [(change.name, change.action.value) for change in pruning.plan.changes] == [("left-over", "retire")]


async def _three(registry: Registry, client: Client) -> tuple[str, ...]:
    listed = await registry.list_schedules(client)
    assert len(listed) == 3
    return tuple(each.name for each in listed)


async def test_apply_schedules_goes_on_past_a_failure_and_tells_of_all(client: Client) -> None:
    await Registry(define("b", schedule=SCHEDULE), project="stranger").apply_schedules(client)
    registry = Registry(*(define(name, schedule=SCHEDULE) for name in "abc"), project="shop")
    with pytest.raises(ApplyError, match="b: a schedule of that name exists") as caught:
        await registry.apply_schedules(client)
    assert [(each.name, each.action) for each in caught.value.outcomes] == [
        ("a", "create"),
        ("b", None),
        ("c", "create"),
    ]
    assert isinstance(caught.value.outcomes[1].error, ForeignScheduleError)
    planned = await jobspec.plan(client, registry)
    assert [held.name for held in planned.plan.held] == ["b"]


async def test_nothing_is_written_without_a_project_or_a_schedule(client: Client) -> None:
    with pytest.raises(InvalidDefinitionError, match="no project"):
        await jobspec.plan(client, Registry(define(schedule=SCHEDULE)))
    with pytest.raises(InvalidDefinitionError, match="no project"):
        await define(schedule=SCHEDULE).apply_schedule(client)
    with pytest.raises(NoScheduleError, match="`orders`"):
        await define(project="shop").apply_schedule(client)


async def test_threads_with_loops_and_clients_of_their_own_share_a_registry(
    client: Client, server: Server, worker: None
) -> None:
    registry = Registry(*(define(f"job-{index}", schedule=SCHEDULE) for index in range(5)), project="shop")

    async def use() -> list[Any]:
        mine = await Client.connect(server.address, namespace=client.namespace, data_converter=client.data_converter)
        runs = await asyncio.gather(*(job.execute(mine) for job in registry.list()))
        await registry.apply_schedules(mine)  # all threads at once create the same ones
        return [await run.result() for run in runs]

    with ThreadPoolExecutor(3) as threads:
        found = await asyncio.gather(*(asyncio.wrap_future(threads.submit(asyncio.run, use())) for _ in range(3)))
    assert found == [[Synced(region="eu", rows=20)] * 5] * 3
    assert (await jobspec.plan(client, registry)).plan.changes == ()


SPEC = "name: {name}\nqueue: q\nworkflow: {{type: x}}\nschedule: {{interval: {every}}}\n"


async def test_a_loaded_registry_prunes_under_the_projects_guards(client: Client, tmp_path: Path) -> None:
    (tmp_path / "jobspec.toml").write_text('project = "shop"\n[guards]\nmax_deletes = 0\n')
    (tmp_path / "specs").mkdir()
    for name in "ab":
        (tmp_path / "specs" / f"{name}.yaml").write_text(SPEC.format(name=name, every="1h"))
    await jobspec.apply(client, await jobspec.plan(client, jobspec.load(tmp_path)))
    (tmp_path / "specs" / "b.yaml").unlink()
    planned = await eventually(lambda: _plan_one(client, tmp_path))  # the list follows a moment later
    with pytest.raises(RefusedError, match=r"let it pass with `plan\(…, allow=\[\"deletes=1\"\]\)`"):
        await jobspec.apply(client, planned)
    allowed = await jobspec.plan(client, jobspec.load(tmp_path), allow=["deletes=1"])
    assert [(each.name, each.action) for each in await jobspec.apply(client, allowed)] == [("b", "retire")]
    (tmp_path / "specs" / "a.yaml").write_text(SPEC.format(name="a", every="1"))
    (tmp_path / "specs" / "c.yaml").write_text(SPEC.format(name="c", every="1h"))
    with pytest.raises(RefusedError, match=r"the specs have 1 mistake.*keep_going=True"):
        await jobspec.apply(client, await jobspec.plan(client, jobspec.load(tmp_path)))
    going = await jobspec.plan(client, jobspec.load(tmp_path), keep_going=True)
    assert [(each.name, each.action) for each in await jobspec.apply(client, going)] == [("c", "create")]


async def _plan_one(client: Client, path: Path) -> Planned:
    planned = await jobspec.plan(client, jobspec.load(path))
    assert len(planned.plan.changes) == 1
    return planned


async def test_a_plan_holds_for_its_namespace_alone(client: Client, server: Server) -> None:
    registry = Registry(define(schedule=SCHEDULE), project="shop")
    planned = await jobspec.plan(client, registry)
    with pytest.raises(RefusedError, match="the plan was made for the namespace"):
        await jobspec.apply(server.client("elsewhere"), planned)
    for attempt in (jobspec.plan, lambda client, registry: registry["orders"].execute(client)):
        with pytest.raises(NamespaceNotFoundError):
            await attempt(server.client("elsewhere"), registry)


async def test_a_job_in_another_language_runs_too(client: Client) -> None:
    job = Definition("go-job", "go", workflow=WorkflowRef(type="GoWorkflow"), input={"any": "thing"})
    run = await job.execute(client, workflow_id="go-run")
    assert (await job.describe(client, run.workflow_id)).summary.workflow_type == "GoWorkflow"
    assert not (await job.task_queue_info(client)).is_reachable
