"""Workers: one a task queue, for what a collector found, and running them until somebody says stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from jobspec.errors import (
    InvalidDefinitionError,
    NamespaceNotFoundError,
    NotRegisteredError,
    RequestError,
    UnreachableError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from temporalio.client import Client
    from temporalio.worker import Worker

    from jobspec.errors import JobspecError
    from jobspec.library.collector import Registrations

CONCURRENT_ACTIVITIES: Final = 100
"""How many activities a worker runs at once, in threads or not; the SDK's own default."""

GRACE: Final = timedelta(seconds=10)
"""How long activities may go on after a worker was told to stop, before they are cancelled."""

CLEANUP: Final = timedelta(seconds=5)
"""How long activities may take to end once they are cancelled; nothing can end one that pays no heed."""

_log = logging.getLogger("jobspec.workers")


def make_worker(client: Client, registrations: Registrations, *, executor: ThreadPoolExecutor | None = None) -> Worker:
    """Make the worker of one task queue.

    Args:
        client: Whose connection and data converter it uses.
        registrations: What it runs.
        executor: Threads for activities that are no coroutines, at least `CONCURRENT_ACTIVITIES`; the caller shuts it
            down. Default: threads of its own, where there are such activities.

    Raises:
        NotRegisteredError: There is nothing to run.
        InvalidDefinitionError: A workflow cannot be loaded into the SDK's sandbox.
        UsageError: The client was made with `lazy=True`.
    """
    return _make_worker(client, registrations, executor or _make_threads(registrations), GRACE)


def _make_worker(
    client: Client, registrations: Registrations, executor: ThreadPoolExecutor | None, grace: timedelta
) -> Worker:
    from temporalio.worker import Worker
    from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

    if not registrations.workflows and not registrations.activities:
        raise NotRegisteredError(f"there is nothing to run on task queue `{registrations.queue}`")
    if client.service_client.config.lazy:
        # temporalio/worker/_worker.py, _extract_bridge_client_for_worker: also where it has connected meanwhile.
        raise UsageError("the client of a worker must be connected at once: call `Client.connect` without `lazy=True`")
    # A workflow module may import jobspec; loading that again in every workflow's sandbox would cost and gain nothing.
    restrictions = SandboxRestrictions.default.with_passthrough_modules("jobspec")
    try:
        return Worker(
            client,
            task_queue=registrations.queue,
            workflows=registrations.workflows,
            activities=registrations.activities,
            activity_executor=executor,
            max_concurrent_activities=CONCURRENT_ACTIVITIES,
            graceful_shutdown_timeout=grace,
            workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        )
    except RuntimeError as error:
        # The SDK imports workflow modules once more, in its sandbox, where they may fail though they do not outside.
        reason = f": {error.__cause__}" if error.__cause__ else ""
        raise InvalidDefinitionError(f"task queue `{registrations.queue}`: {error}{reason}") from error


async def run_workers(
    client: Client, registrations: Mapping[str, Registrations], *, stop: asyncio.Event, grace: timedelta = GRACE
) -> None:
    """Run one worker per task queue until told to stop.

    On the way out, also when cancelled or when a worker failed, all workers stop polling at once and get `grace` to
    finish their activities. Those that go on are cancelled then, and given up `CLEANUP` later if even that does not end
    them, which the log says.

    Args:
        client: Whose connection and data converter the workers use.
        registrations: What a collector found.
        stop: Set it to end.
        grace: How long activities may go on after that.

    Raises:
        NotRegisteredError: There is nothing to run.
        InvalidDefinitionError: A workflow cannot be loaded into the SDK's sandbox.
        UsageError: The client was made with `lazy=True`.
        NamespaceNotFoundError: The client's namespace does not exist.
        UnreachableError: Temporal could not be reached when a worker started; later on a worker waits for it to return.
        RequestError: A worker failed for another reason.
    """
    if not registrations:
        raise NotRegisteredError("no job names a Python workflow or activity, so there is nothing for a worker to run")
    async with AsyncExitStack() as stack:
        workers = [_make_worker(client, each, _lend_threads(each, stack), grace) for each in registrations.values()]
        await _run_until(workers, stop, grace)


def stop_on_signals(*, on_second_interrupt: Callable[[], object] | None = None) -> asyncio.Event:
    """Have SIGINT, SIGTERM and SIGHUP set an event in place of ending the process.

    A second SIGINT interrupts as usual. The others do nothing more, since they would end the process without shutting
    down what it started.

    Args:
        on_second_interrupt: Called on a second SIGINT in place of the interrupt, which user code can hold up.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def interrupted() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)
        if on_second_interrupt is not None:
            signal.signal(signal.SIGINT, lambda *_: on_second_interrupt())

    loop.add_signal_handler(signal.SIGINT, interrupted)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` has it
        loop.add_signal_handler(signal.SIGHUP, stop.set)
    return stop


def _make_threads(registrations: Registrations) -> ThreadPoolExecutor | None:
    if not registrations.threads:
        return None
    return ThreadPoolExecutor(CONCURRENT_ACTIVITIES, thread_name_prefix=f"activity-{registrations.queue}")


def _lend_threads(registrations: Registrations, stack: AsyncExitStack) -> ThreadPoolExecutor | None:
    executor = _make_threads(registrations)
    if executor is not None:
        # No waiting: an activity in a thread that ignores its cancellation would keep the process for ever.
        stack.callback(executor.shutdown, wait=False, cancel_futures=True)
    return executor


async def _run_until(workers: list[Worker], stop: asyncio.Event, grace: timedelta) -> None:
    running = {asyncio.create_task(worker.run(), name=f"worker {worker.task_queue}"): worker for worker in workers}
    stopping = asyncio.create_task(stop.wait(), name="stop workers")
    try:
        await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await _shut_down(running, grace)
    failed = [(task.exception(), worker) for task, worker in running.items() if task.done() and not task.cancelled()]
    for error, worker in failed:
        if isinstance(error, Exception):
            raise _explain(error, worker) from error


async def _shut_down(running: Mapping[asyncio.Task[None], Worker], grace: timedelta) -> None:
    """Tell all workers at once to stop, and wait for them as long as is agreed.

    A worker waits for its activities, and one that ignores its cancellation would hold it for ever.
    """
    telling = [asyncio.create_task(worker.shutdown()) for worker in running.values()]
    _, stuck = await asyncio.wait(running, timeout=(grace + CLEANUP).total_seconds())
    for task in telling:
        task.cancel()
    for task in stuck:
        _log.warning(
            "task queue %s: gave up on activities that go on although they were cancelled %g seconds ago; "
            "Temporal starts them anew once they time out",
            running[task].task_queue,
            CLEANUP.total_seconds(),
        )


def _explain(error: Exception, worker: Worker) -> JobspecError:
    # The SDK raises a bare RuntimeError that has the server's answer only in its text.
    text = str(error)
    if "code: NotFound" in text:
        return NamespaceNotFoundError(f"there is no namespace `{worker.client.namespace}`")
    if "code: Unavailable" in text:
        return UnreachableError(f"Temporal cannot be reached: the worker of task queue `{worker.task_queue}` gave up")
    return RequestError(f"the worker of task queue `{worker.task_queue}` failed: {text.partition(': Status {')[0]}")
