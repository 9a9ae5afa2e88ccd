"""Small workflows and activities for tests of runs, and a worker that runs them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from jobspec.spec.model import JobSpec
from jobspec.temporal.runs.run_starts import make_start_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from temporalio.client import Client

    from jobspec.temporal.runs.gateway import Runs

QUEUE = "runs"
LONG = timedelta(minutes=1)
AT_ONCE = RetryPolicy(initial_interval=timedelta(milliseconds=1))
MUCH_LATER = RetryPolicy(initial_interval=timedelta(hours=1), maximum_attempts=7)


@activity.defn
async def double(number: int) -> int:
    """Double a number."""
    return 2 * number


@activity.defn
async def fail() -> None:
    """Fail for good, because of something else."""
    stock: dict[str, int] = {}
    try:
        stock["sku"]
    except KeyError as error:
        raise ApplicationError("no such order", {"order": 7}, type="BadOrder", non_retryable=True) from error


@activity.defn
async def stumble() -> int:
    """Fail the first time."""
    if activity.info().attempt == 1:
        raise ValueError("try again")
    return activity.info().attempt


@activity.defn
async def hang() -> None:
    """Go on until cancelled."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.02)


@workflow.defn
class Scenario:
    """Does what its input says."""

    def __init__(self) -> None:
        self.is_released = False
        self.ticks = 0

    @workflow.run
    async def run(self, what: str) -> Any:
        """Do one thing."""
        return await getattr(self, what)()

    async def complete(self) -> int:
        return await workflow.execute_activity(double, 21, start_to_close_timeout=LONG)

    async def fail(self) -> None:
        await workflow.execute_activity(fail, start_to_close_timeout=LONG)

    async def wait(self) -> str:
        await workflow.wait_condition(lambda: self.is_released)
        return "released"

    async def continue_once(self) -> None:
        workflow.continue_as_new("complete")

    async def stumble(self) -> int:
        return await workflow.execute_activity(stumble, start_to_close_timeout=LONG, retry_policy=AT_ONCE)

    async def retry(self) -> None:
        """Have one activity wait for its next attempt, one run, and one wait for a worker."""
        await asyncio.gather(
            workflow.execute_activity(
                stumble, activity_id="waits", start_to_close_timeout=LONG, retry_policy=MUCH_LATER
            ),
            workflow.execute_activity(
                hang, activity_id="runs", start_to_close_timeout=LONG, heartbeat_timeout=timedelta(seconds=20)
            ),
            workflow.execute_activity(
                double, 1, activity_id="queued", task_queue="nobody", start_to_close_timeout=LONG
            ),
        )

    async def lose(self) -> str:
        """Have activities end before they started, and one be cancelled while it runs."""
        late = workflow.start_activity(
            double, 1, task_queue="nobody", schedule_to_start_timeout=timedelta(seconds=1), start_to_close_timeout=LONG
        )
        early = workflow.start_activity(double, 2, task_queue="nobody", start_to_close_timeout=LONG)
        running = workflow.start_activity(
            hang,
            start_to_close_timeout=LONG,
            heartbeat_timeout=timedelta(milliseconds=500),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        second = workflow.start_activity(double, 4, start_to_close_timeout=LONG)
        first = workflow.start_activity(double, 3, start_to_close_timeout=LONG)
        await asyncio.gather(first, second)
        early.cancel()
        running.cancel()
        for handle in (late, early, running):
            try:
                await handle
            except ActivityError:
                continue
        return "over"

    async def locally(self) -> list[int]:
        """Run local activities: one that completes, one that fails, and one that is tried again after a timer."""
        doubled = await workflow.execute_local_activity(double, 4, start_to_close_timeout=LONG)
        with suppress(ApplicationError):
            await workflow.execute_local_activity(fail, start_to_close_timeout=LONG)
        stumbled = await workflow.execute_local_activity(
            stumble,
            start_to_close_timeout=LONG,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200)),
            local_retry_threshold=timedelta(milliseconds=1),
        )
        return [doubled, stumbled]

    async def count(self) -> int:
        """Have a long history: thousands of markers, in few tasks."""
        for _ in range(4):
            await asyncio.gather(
                *(workflow.execute_local_activity(double, 1, start_to_close_timeout=LONG) for _ in range(500))
            )
        return await workflow.execute_activity(double, 1, start_to_close_timeout=LONG)

    @workflow.signal
    def release(self, *_: Any) -> None:
        """Let `wait` return."""
        self.is_released = True

    @workflow.query
    def released(self) -> bool:
        """Say whether it was."""
        return self.is_released

    @workflow.query
    def broken(self) -> None:
        """Fail."""
        raise ValueError("cannot say")


@asynccontextmanager
async def working(client: Client) -> AsyncIterator[None]:
    """Run a worker."""
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[Scenario],
        activities=[double, fail, stumble, hang],
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=timedelta(0),
    ):
        yield


async def start(
    client: Client, runs: Runs, name: str, what: str, *, project: str | None = None, **options: Any
) -> tuple[str, str]:
    """Start a run of a job; its workflow id is `<name>-<what>` where none is given."""
    spec = JobSpec.model_validate({"name": name, "queue": QUEUE, "workflow": {"type": "Scenario"}, "args": [what]})
    made = {**make_start_options(spec), "id": options.pop("workflow_id", f"{name}-{what}")}
    return await runs.start(name, client.start_workflow, "Scenario", {**made, **options}, project=project)
