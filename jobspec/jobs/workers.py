"""Workers from specs: what each task queue runs, and running it.

The SDK wants all workflows and activities when a worker is made, so they are
collected from all jobs first: once per type name, although many jobs share one
workflow, and never two different ones under one name, of which a worker could
run only one.
"""

from __future__ import annotations

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from jobspec.errors import (
    InvalidDefinitionError,
    NamespaceNotFoundError,
    NotRegisteredError,
    RequestError,
    UnreachableError,
)
from jobspec.jobs.code import ActivityCode, Mistake, WorkflowCode, load_activity, load_workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from temporalio.client import Client
    from temporalio.worker import Worker

    from jobspec.errors import JobspecError
    from jobspec.spec.model import JobSpec

_Code = TypeVar("_Code", WorkflowCode, ActivityCode)

CONCURRENT_ACTIVITIES = 100
"""How many activities a worker runs at once, in threads or not; the SDK's own default."""

GRACE = timedelta(seconds=10)
"""How long activities may go on after a worker was told to stop, before they are cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrations:
    """What one worker registers.

    Attributes:
        queue: Its task queue.
        workflows: Workflow classes, ordered by type.
        activities: Activity functions and bound methods, ordered by type.
        threads: Whether an activity is no coroutine and needs a thread.
        jobs: Names of the jobs that brought something.
    """

    queue: str
    workflows: tuple[type, ...] = ()
    activities: tuple[Callable[..., Any], ...] = ()
    threads: bool = False
    jobs: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Queue:
    """Registrations in the making: code by type name, with the import path and job that brought it first."""

    workflows: dict[str | None, tuple[WorkflowCode, str]] = field(default_factory=dict)
    activities: dict[str | None, tuple[ActivityCode, str]] = field(default_factory=dict)
    jobs: set[str] = field(default_factory=set)


def collect(specs: Iterable[JobSpec], root: Path, *, queues: Iterable[str] = ()) -> dict[str, Registrations]:
    """Import what jobs name and sort it by task queue.

    Args:
        specs: The jobs. One whose workflow is a bare type is run elsewhere and brings only its activities.
        root: Where import paths start, the directory of `jobspec.toml`.
        queues: Only these task queues; all of them when empty.

    Returns:
        Task queue → what its worker registers, in the order of the queues' names; without queues that have nothing.

    Raises:
        InvalidDefinitionError: Code cannot be imported or used, or two different ones share a name; names all cases.
        NotRegisteredError: One of `queues` has nothing to run.
    """
    wanted = set(queues)
    found: dict[str, _Queue] = {name: _Queue() for name in wanted}
    mistakes: list[str] = []
    jobs = [spec for spec in specs if not wanted or spec.queue in wanted]
    for spec in jobs:
        mistakes += _add(spec, found.setdefault(spec.queue, _Queue()), root)
    if mistakes:
        raise InvalidDefinitionError("\n".join(dict.fromkeys(mistakes)))
    for name in sorted(wanted):
        if not found[name].jobs:
            raise NotRegisteredError(_nothing(name, jobs))
    return {name: _finish(name, queue) for name, queue in sorted(found.items()) if queue.jobs}


def make_worker(client: Client, registrations: Registrations, *, executor: ThreadPoolExecutor | None = None) -> Worker:
    """Make the worker of one task queue.

    Args:
        client: Whose connection and data converter it uses.
        registrations: What it runs.
        executor: Threads for activities that are no coroutines, at least `CONCURRENT_ACTIVITIES`; the caller shuts it
            down.

    Raises:
        NotRegisteredError: There is nothing to run.
        InvalidDefinitionError: A workflow cannot be loaded into the SDK's sandbox.
    """
    from temporalio.worker import Worker
    from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

    if not registrations.workflows and not registrations.activities:
        raise NotRegisteredError(_nothing(registrations.queue, ()))
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
            graceful_shutdown_timeout=GRACE,
            workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        )
    except RuntimeError as error:
        # The SDK imports workflow modules once more, in its sandbox, where they may fail though they do not outside.
        reason = f": {error.__cause__}" if error.__cause__ else ""
        raise InvalidDefinitionError(f"task queue `{registrations.queue}`: {error}{reason}") from error


async def run_workers(client: Client, registrations: Mapping[str, Registrations], *, stop: asyncio.Event) -> None:
    """Run one worker per task queue until told to stop.

    On the way out, also when cancelled or when a worker failed, all workers stop polling at once and get `GRACE` to
    finish their activities.

    Args:
        client: Whose connection and data converter the workers use.
        registrations: What :func:`collect` found.
        stop: Set it to end.

    Raises:
        NotRegisteredError: There is nothing to run.
        NamespaceNotFoundError: The client's namespace does not exist.
        UnreachableError: Temporal could not be reached when a worker started; later on a worker waits for it to return.
        RequestError: A worker failed for another reason.
    """
    if not registrations:
        raise NotRegisteredError("no job names a Python workflow or activity, so there is nothing for a worker to run")
    async with AsyncExitStack() as stack:
        workers = [make_worker(client, each, executor=_threads(each, stack)) for each in registrations.values()]
        await _run_until(workers, stop)


def stop_on_signals() -> asyncio.Event:
    """Have SIGINT, SIGTERM and SIGHUP set an event in place of ending the process.

    A second SIGINT interrupts as usual. The others do nothing more, since they would end the process without shutting
    down what it started.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def interrupted() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, interrupted)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


def _threads(registrations: Registrations, stack: AsyncExitStack) -> ThreadPoolExecutor | None:
    if not registrations.threads:
        return None
    executor = ThreadPoolExecutor(CONCURRENT_ACTIVITIES, thread_name_prefix=f"activity-{registrations.queue}")
    # No waiting: an activity in a thread that ignores its cancellation would keep the process for ever.
    stack.callback(executor.shutdown, wait=False, cancel_futures=True)
    return executor


async def _run_until(workers: list[Worker], stop: asyncio.Event) -> None:
    running = [asyncio.create_task(worker.run(), name=f"worker {worker.task_queue}") for worker in workers]
    stopping = asyncio.create_task(stop.wait(), name="stop workers")
    try:
        await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await asyncio.gather(*(worker.shutdown() for worker in workers), return_exceptions=True)
        outcomes = await asyncio.gather(*running, return_exceptions=True)
    for worker, outcome in zip(workers, outcomes, strict=True):
        if isinstance(outcome, Exception):
            raise _explain(outcome, worker) from outcome


def _explain(error: Exception, worker: Worker) -> JobspecError:
    # The SDK raises a bare RuntimeError that has the server's answer only in its text.
    text = str(error)
    if "code: NotFound" in text:
        return NamespaceNotFoundError(f"there is no namespace `{worker.client.namespace}`")
    if "code: Unavailable" in text:
        return UnreachableError(f"Temporal cannot be reached: the worker of task queue `{worker.task_queue}` gave up")
    return RequestError(f"the worker of task queue `{worker.task_queue}` failed: {text.partition(': Status {')[0]}")


def _add(spec: JobSpec, queue: _Queue, root: Path) -> list[str]:
    """Add what a job names; returns what is wrong with it."""
    mistakes: list[str] = []
    if path := spec.workflow.import_path:
        workflow = load_workflow(path, root)
        mistakes += _note(spec, path, workflow, queue.workflows, queue.jobs)
        if isinstance(workflow, WorkflowCode) and not workflow.runs(spec.workflow.type):
            mistakes.append(
                f"{spec.name}: it starts workflows of type `{spec.workflow.type}`, "
                f"but `{path}` has the type `{workflow.type}`"
            )
    for path in spec.activities:
        mistakes += _note(spec, path, load_activity(path, root), queue.activities, queue.jobs)
    return mistakes


def _note(
    spec: JobSpec,
    path: str,
    code: _Code | Mistake,
    known: dict[str | None, tuple[_Code, str]],
    jobs: set[str],
) -> list[str]:
    if isinstance(code, Mistake):
        return [f"{spec.name}: {code.message}" + (f" ({code.hint})" if code.hint else "")]
    here = f"`{path}` (job {spec.name})"
    first, where = known.setdefault(code.type, (code, here))
    jobs.add(spec.name)
    if first.implementation == code.implementation:
        return []
    named = f"{code.kind} `{code.type}`" if code.type else f"a dynamic {code.kind}"
    return [f"task queue `{spec.queue}`: {named} is both {where} and {here}; give one of them another name"]


def _finish(name: str, queue: _Queue) -> Registrations:
    workflows = [code for _, (code, _) in sorted(queue.workflows.items(), key=_by_type)]
    activities = [code for _, (code, _) in sorted(queue.activities.items(), key=_by_type)]
    return Registrations(
        queue=name,
        workflows=tuple(code.implementation for code in workflows),
        activities=tuple(code.implementation for code in activities),
        threads=any(not code.is_async for code in activities),
        jobs=tuple(sorted(queue.jobs)),
    )


def _by_type(item: tuple[str | None, object]) -> str:
    return item[0] or ""


def _nothing(queue: str, jobs: Iterable[JobSpec]) -> str:
    here = sorted(spec.name for spec in jobs if spec.queue == queue)
    if not here:
        return f"there is nothing to run on task queue `{queue}`: no job uses it"
    return (
        f"there is nothing to run on task queue `{queue}`: its jobs ({', '.join(here)}) name a workflow type without "
        "a class, and no activities"
    )
