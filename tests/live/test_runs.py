"""Runs of a job on a real server: found, waited for, asked, told and ended; nobody else's are touched."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually
from run_workflows import QUEUE, start, working
from temporalio import exceptions as sdk
from temporalio.api.workflowservice.v1 import (
    PauseWorkflowExecutionRequest,
    UnpauseWorkflowExecutionRequest,
)
from temporalio.client import Schedule, ScheduleActionStartWorkflow, ScheduleSpec, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.service import RPCError

from jobspec.errors import (
    AlreadyClosedError,
    AlreadyStartedError,
    InvalidDefinitionError,
    NamespaceNotFoundError,
    NotFoundError,
    QueryError,
    RequestError,
    RunFailedError,
    UsageError,
)
from jobspec.results import Status, TimeRange
from jobspec.temporal.runs.gateway import Runs

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from dev_servers import Server, StartServer
    from temporalio.client import Client

    from jobspec.results import RunSummary

MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def runs(client: Client) -> Runs:
    return Runs(client)


async def ids(runs: Runs, name: str, **filters: Any) -> set[str]:
    page = await runs.list(name, **filters)
    assert page.next_page_token == b""
    return {run.workflow_id for run in page.runs}


async def until_counted(runs: Runs, name: str, expected: dict[Status, int]) -> None:
    async def counted() -> None:
        assert await runs.count(name, since=None) == expected

    await eventually(counted)


async def test_a_job_sees_its_own_runs_alone(client: Client, runs: Runs) -> None:
    action = ScheduleActionStartWorkflow("Scenario", "complete", id="orders", task_queue=QUEUE)
    await client.create_schedule("orders", Schedule(action=action, spec=ScheduleSpec()), trigger_immediately=True)
    by_hand, _ = await start(client, runs, "orders", "wait", workflow_id=f"orders-{uuid.uuid4()}")
    custom, _ = await start(client, runs, "orders", "wait", workflow_id="by-whatever-name")
    theirs, _ = await start(client, runs, "orders-sync", "wait")
    await client.start_workflow("Scenario", "wait", id="orders-of-nobody", task_queue=QUEUE)
    await until_counted(runs, "orders", {Status.RUNNING: 3})
    await until_counted(runs, "orders-sync", {Status.RUNNING: 1})

    page = await runs.list("orders")
    scheduled = {run.workflow_id: run.scheduled_for for run in page.runs if run.scheduled_for}
    assert {run.workflow_id for run in page.runs} == {by_hand, custom, *scheduled}
    ((scheduled_id, scheduled_for),) = scheduled.items()
    assert scheduled_id == f"orders-{scheduled_for:%Y-%m-%dT%H:%M:%SZ}"
    assert await ids(runs, "orders-sync") == {theirs}

    for name, workflow_id, words in (
        ("orders", theirs, "one of the job `orders-sync`"),
        ("orders-sync", custom, "one of the job `orders`"),
        ("orders", "orders-of-nobody", "neither a schedule nor jobspec"),
        ("orders", "missing", "has no run `missing`"),
    ):
        for call in (
            runs.describe(name, workflow_id),
            runs.history(name, workflow_id),
            runs.query(name, workflow_id, "released"),
            runs.signal(name, workflow_id, "release"),
            runs.cancel(name, workflow_id),
            runs.terminate(name, workflow_id, reason="not mine"),
        ):
            with pytest.raises(NotFoundError, match=words):
                await call
    assert await runs.count("orders-sync", since=None) == {Status.RUNNING: 1}
    assert (await runs.describe("orders", custom)).summary.status is Status.RUNNING


async def test_lists_are_filtered_and_paged(client: Client, runs: Runs) -> None:
    started = [(await start(client, runs, "orders", "wait", workflow_id=f"run-{number}"))[0] for number in range(5)]
    await runs.terminate("orders", "run-0", reason="")
    await until_counted(runs, "orders", {Status.RUNNING: 4, Status.TERMINATED: 1})

    found: list[RunSummary] = []
    token, pages = b"", 0
    while token or not pages:
        page = await runs.list("orders", page_size=2, page_token=token)
        found, token, pages = [*found, *page.runs], page.next_page_token, pages + 1
    assert [run.workflow_id for run in found] == [*reversed(started[1:]), "run-0"]

    async def ids_of(*statuses: Status) -> set[str]:
        return await ids(runs, "orders", statuses=statuses)

    assert await ids_of(Status.TERMINATED) == {"run-0"}
    assert await ids_of(*(set(Status) - {Status.UNKNOWN})) == set(started)
    assert await ids_of(Status.PAUSED, Status.COMPLETED) == set()

    times = sorted(run.started_at for run in found)
    first, last = times[1], times[3]
    assert await ids(runs, "orders", time_range=TimeRange(since=first, until=last)) == set(started[1:4])
    inner = TimeRange(since=first + MICROSECOND, until=last - MICROSECOND)
    assert await ids(runs, "orders", time_range=inner) == {started[2]}

    ended = found[-1].closed_at
    assert ended is not None
    assert await runs.count("orders", since=ended) == {Status.RUNNING: 4, Status.TERMINATED: 1}
    assert await runs.count("orders", since=ended + MICROSECOND) == {Status.RUNNING: 4}

    token = (await runs.list("orders", page_size=1)).next_page_token
    assert token
    later = TimeRange(since=first - timedelta(hours=1))
    assert len((await runs.list("orders", page_token=token, time_range=later)).runs) == 4
    for wrong in (
        runs.list("orders", page_token=b"nonsense"),
        runs.list("orders-sync", page_token=token),
        runs.list("orders", page_token=token, statuses=[Status.RUNNING]),
        runs.list("orders", page_token=token[1:]),
    ):
        with pytest.raises(UsageError, match="page token is not of this list"):
            await wrong
    for size in (0, -1, 1001):
        with pytest.raises(UsageError, match="1 to 1000"):
            await runs.list("orders", page_size=size)


async def failure_of(run: Awaitable[Any]) -> RunFailedError:
    with pytest.raises(RunFailedError) as caught:
        await run
    return caught.value


async def test_results_tell_how_runs_ended(client: Client, runs: Runs) -> None:
    limit: dict[str, Any] = {"execution_timeout": timedelta(seconds=1)}
    async with working(client):
        timed_out, _ = await start(client, runs, "orders", "wait", workflow_id="late", **limit)
        completed, run_id = await start(client, runs, "orders", "complete")
        failed, _ = await start(client, runs, "orders", "fail")
        canceled, _ = await start(client, runs, "orders", "wait", workflow_id="canceled")
        terminated, _ = await start(client, runs, "orders", "wait", workflow_id="terminated")
        continued, first_run = await start(client, runs, "orders", "continue_once")
        await runs.cancel("orders", canceled)
        await runs.terminate("orders", terminated, reason="in the way")

        assert await runs.result(completed, run_id) == 42
        assert await runs.result(continued, first_run, int) == 42
        assert (await runs.describe("orders", continued, first_run)).summary.status is Status.CONTINUED_AS_NEW
        assert (await runs.describe("orders", continued)).summary.status is Status.COMPLETED

        error = await failure_of(runs.result(failed))
        assert (error.status, str(error)) == (Status.FAILED, "the run `orders-fail` failed: Activity task failed")
        assert error.failure is not None
        assert (error.failure.type, error.failure.subject) == ("activity", "fail")
        cause = error.failure.cause
        assert cause is not None
        assert (cause.message, cause.type, cause.details) == ("no such order", "BadOrder", ({"order": 7},))
        assert cause.cause is not None
        assert (cause.cause.message, cause.cause.type) == ("'sku'", "KeyError")
        assert "run_workflows.py" in cause.stack_trace
        assert isinstance(error.__cause__, WorkflowFailureError)
        assert isinstance(error.__cause__.cause.__cause__, sdk.ApplicationError)

        for workflow_id, status, kind, words in (
            (canceled, Status.CANCELED, sdk.CancelledError, "was canceled"),
            (terminated, Status.TERMINATED, sdk.TerminatedError, "was terminated: in the way"),
            (timed_out, Status.TIMED_OUT, sdk.TimeoutError, "timed out"),
        ):
            error = await failure_of(runs.result(workflow_id))
            assert (error.status, str(error)) == (status, f"the run `{workflow_id}` {words}")
            assert isinstance(error.__cause__, WorkflowFailureError)
            assert isinstance(error.__cause__.cause, kind)

        with pytest.raises(RequestError, match="cannot decode the answer"):
            await runs.result(completed, run_id, dict[str, int])
    await until_counted(
        runs,
        "orders",
        {
            Status.COMPLETED: 2,
            Status.FAILED: 1,
            Status.CANCELED: 1,
            Status.TERMINATED: 1,
            Status.TIMED_OUT: 1,
            Status.CONTINUED_AS_NEW: 1,
        },
    )


async def test_runs_are_asked_and_told(client: Client) -> None:
    runs = Runs(client, deadline=timedelta(seconds=2))
    async with working(client):
        workflow_id, run_id = await start(client, runs, "orders", "wait")
        assert await runs.query("orders", workflow_id, "released") is False
        with pytest.raises(QueryError, match=r"for `nosuch`: the workflow knows `broken`, `released` only"):
            await runs.query("orders", workflow_id, "nosuch")
        with pytest.raises(QueryError, match="cannot say"):
            await runs.query("orders", workflow_id, "broken")
        with pytest.raises(UsageError, match=r"cannot ask the run `orders-wait`.*cannot encode the arguments"):
            await runs.query("orders", workflow_id, "released", [object()])
        with pytest.raises(UsageError, match=r"cannot signal the run `orders-wait`.*cannot encode the arguments"):
            await runs.signal("orders", workflow_id, "release", [object()])
        with pytest.raises(UsageError, match="surrogates"):
            await runs.signal("orders", workflow_id, "\ud800")

        with pytest.raises(AlreadyStartedError, match="`orders-wait` is running already") as caught:
            await start(client, runs, "orders", "wait")
        assert isinstance(caught.value.__cause__, sdk.WorkflowAlreadyStartedError)

        await runs.signal("orders", workflow_id, "release", [1, "two"], run_id)
        assert await runs.result(workflow_id) == "released"
        assert await runs.query("orders", workflow_id, "released") is True
        for act in (
            runs.signal("orders", workflow_id, "release"),
            runs.cancel("orders", workflow_id),
            runs.terminate("orders", workflow_id, reason=""),
        ):
            with pytest.raises(AlreadyClosedError, match=r"`orders-wait`: it is over already \(completed\)$") as closed:
                await act
            assert isinstance(closed.value.__cause__, RPCError) or "cancel" in str(
                closed.value
            )  # the server takes that

        _, second = await start(client, runs, "orders", "wait")
        with pytest.raises(AlreadyClosedError):
            await runs.signal("orders", workflow_id, "release", run_id=run_id)
        assert await runs.query("orders", workflow_id, "released", run_id=second) is False
        info = await runs.task_queue(QUEUE)
        assert info.is_reachable
        assert info.workflow_pollers == info.activity_pollers == (client.identity,)
    assert not (await runs.task_queue("nobody")).is_reachable
    with pytest.raises(RequestError, match="no worker of the task queue `runs` answered within 2s"):
        await runs.query("orders", workflow_id, "released")
    for strange in ("nonsense", str(uuid.uuid4())):
        with pytest.raises(NotFoundError, match=f"has no run `orders-wait` with the run id `{strange}`"):
            await runs.describe("orders", workflow_id, strange)
        with pytest.raises(NotFoundError, match="there is no run `orders-wait`") as missing:
            await runs.result(workflow_id, strange)
        assert isinstance(missing.value.__cause__, RPCError)
    with pytest.raises(UsageError, match="Unicode"):
        await runs.describe("orders", "\ud800")


async def test_what_cannot_be_started_is_said(client: Client, runs: Runs) -> None:
    for options, words in (
        ({"args": [object()]}, "cannot encode the arguments"),
        ({"memo": {"team": object()}}, "cannot encode the arguments"),
        ({"retry_policy": RetryPolicy(maximum_attempts=-1)}, "Maximum attempts cannot be negative"),
    ):
        with pytest.raises(UsageError, match=f"start a run of the job `orders`.*{words}"):
            await start(client, runs, "orders", "wait", **options)
    with pytest.raises(RequestError, match="negative duration"):
        await start(client, runs, "orders", "wait", run_timeout=timedelta(seconds=-1))

    async def mistaken(*_: Any, **options: Any) -> Any:
        raise LookupError("no tenant")

    async def handless(*_: Any, **options: Any) -> Any:
        return "started"

    with pytest.raises(LookupError, match="no tenant"):
        await runs.start("orders", mistaken, "Scenario", {"id": "a", "args": ["wait"]})
    with pytest.raises(InvalidDefinitionError, match="must return the handle"):
        await runs.start("orders", handless, "Scenario", {"id": "a"})


async def test_a_missing_namespace_is_told_from_a_missing_run(server: Server) -> None:
    client = server.client("nowhere")
    runs = Runs(client)
    for call in (
        start(client, runs, "orders", "wait"),
        runs.result("a"),
        runs.list("orders"),
        runs.count("orders", since=datetime.now(UTC)),
        runs.describe("orders", "a"),
        runs.task_queue("q"),
    ):
        with pytest.raises(NamespaceNotFoundError, match="nowhere"):
            await call


async def test_paused_runs_are_known(start_server: StartServer) -> None:
    server = await start_server("workflow", {"frontend.WorkflowPauseEnabled": "true"})
    client = server.client(await server.make_namespace())
    runs = Runs(client)
    workflow_id, _ = await start(client, runs, "orders", "wait")
    request = PauseWorkflowExecutionRequest(namespace=client.namespace, workflow_id=workflow_id)
    await client.workflow_service.pause_workflow_execution(request)
    await until_counted(runs, "orders", {Status.PAUSED: 1})
    assert await runs.count("orders", since=datetime.now(UTC)) == {Status.PAUSED: 1}
    assert await ids(runs, "orders", statuses=[Status.PAUSED]) == {workflow_id}
    assert (await runs.describe("orders", workflow_id)).summary.status is Status.PAUSED
    with pytest.raises(QueryError, match="it is paused"):
        await runs.query("orders", workflow_id, "released")
    unpause = UnpauseWorkflowExecutionRequest(namespace=client.namespace, workflow_id=workflow_id)
    await client.workflow_service.unpause_workflow_execution(unpause)
    async with working(client):
        await runs.signal("orders", workflow_id, "release")
        assert await runs.result(workflow_id) == "released"
