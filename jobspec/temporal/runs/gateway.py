"""The gateway for runs: started, waited for, listed, described, asked, told and ended, each job's its own.

What acts on a run goes through the SDK's client, so that a user's interceptors see it; what reads runs sends raw
requests, because the client fails on a run whose state it has no name for. Everything that names a run first describes
it, refuses what is not the job's, or not the project's where it acts on it, and then acts on the very run that was
described.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeTaskQueueRequest,
    DescribeWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
)

from jobspec.errors import AlreadyClosedError, NotFoundError, RequestError, UsageError
from jobspec.results import RunPage, TaskQueueInfo, TimeRange
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction
from jobspec.temporal.plain_json import json_value
from jobspec.temporal.requests import BUDGET, DEADLINE, Requests, message_of
from jobspec.temporal.runs.run_actions import cancel_run, query_run, signal_run, terminate_run
from jobspec.temporal.runs.run_descriptions import payloads_of, read_detail, read_job, read_summary
from jobspec.temporal.runs.run_ends import PATIENCE, read_outcome, wait_for_end
from jobspec.temporal.runs.run_errors import classify_run_error
from jobspec.temporal.runs.run_history import fold_end, fold_events, read_history
from jobspec.temporal.runs.run_ownership import check_run_ownership
from jobspec.temporal.runs.run_starts import start_run
from jobspec.temporal.runs.visibility import (
    check_page_size,
    make_count_query,
    make_list_query,
    open_token,
    read_status_word,
    seal_token,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
    from temporalio.client import Client, WorkflowHandle

    from jobspec.results import RunDetail, RunHistory, RunSummary, Status
    from jobspec.temporal.runs.run_ownership import Verb

NO_TIME_RANGE: Final = TimeRange()
NO_OWNERS: Final[frozenset[str]] = frozenset()


class Runs:
    """All runs of the client's namespace, one job's at a time.

    Use one for each event loop.

    Args:
        client: Connected; its data converter decodes and encodes.
        deadline: For one request, and for a worker to answer a query.
        budget: How long the server may be away while runs are read or looked up. What acts on a run is given up when
            the SDK's client gives it up, after 10 s.
        patience: How long the server may be away while `result` waits.
    """

    def __init__(
        self,
        client: Client,
        *,
        deadline: timedelta = DEADLINE,
        budget: timedelta = BUDGET,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._client = client
        self._service = client.workflow_service
        self._requests = Requests(deadline=deadline, budget=budget, classify=classify_run_error)
        self._deadline = deadline
        self._patience = patience

    async def start(
        self,
        name: str,
        call: Callable[..., Awaitable[WorkflowHandle[Any, Any]]],
        workflow_type: str,
        options: Mapping[str, Any],
        *,
        project: str | None = None,
        redaction: Redaction = NOTHING_REDACTED,
    ) -> tuple[str, str]:
        """Start a run of a job.

        Args:
            name: The job.
            call: `client.start_workflow`, or what stands for it.
            workflow_type: What runs.
            options: Keyword arguments for `call`, from `make_start_options`. `rpc_timeout` and the marks that make it
                the job's and the project's are added.
            project: The job's project; None for a job without one.
            redaction: What no message may quote of the arguments and the memo.

        Returns:
            Its workflow id and its run id.

        Raises:
            AlreadyStartedError: A run of that workflow id is running.
            UsageError: An argument or an option cannot be sent.
            InvalidDefinitionError: `call` returned something else than a handle, or a search attribute does not fit
                the namespace.
        """
        given = {"rpc_timeout": self._deadline, **options}
        return await start_run(
            self._client,
            self._requests,
            name,
            call,
            workflow_type,
            given,
            project=project,
            redaction=redaction,
        )

    async def result(
        self, workflow_id: str, run_id: str | None = None, result_type: Any = None, *, name: str | None = None
    ) -> Any:
        """Wait for a run and those that follow it by a retry or by continuing as new, and give what the last returned.

        Args:
            workflow_id: Its workflow id.
            run_id: Its run id; None means the latest one.
            result_type: What to read it as; None leaves what the converter makes of it.
            name: The job whose run it must be; None takes anybody's.

        Raises:
            RunFailedError: It failed, timed out, or was canceled or terminated; the cause is the SDK's error.
            NotFoundError: There is no such run, or it is not the job's.
            UnreachableError: The server was away for longer than `patience`.
            RequestError: What it returned cannot be decoded.
        """
        if name is None:
            response = await self._describe(workflow_id, run_id, f"there is no run `{workflow_id}`")
        else:
            response = await self._find(name, workflow_id, run_id)
        info = response.workflow_execution_info
        end = await wait_for_end(self._client, workflow_id, info.execution.run_id, patience=self._patience)
        return await read_outcome(end, payloads_of(self._client, info), result_type)

    async def list(
        self,
        name: str,
        *,
        statuses: Collection[Status] = (),
        time_range: TimeRange = NO_TIME_RANGE,
        page_size: int = 100,
        page_token: bytes = b"",
    ) -> RunPage:
        """List a job's runs, one page; what happened in the last moments may not show yet.

        Args:
            name: The job.
            statuses: Only these states; all when empty.
            time_range: Only runs that started within it.
            page_size: How many at most, 1 to 1000.
            page_token: `next_page_token` of the page before; empty for the first.

        Raises:
            UsageError: The page size, a time or a state cannot be asked for, or the page token is not of this list.
        """
        listed = (self._client.namespace, name, statuses)
        request = ListWorkflowExecutionsRequest(
            namespace=self._client.namespace,
            query=make_list_query(name, statuses, time_range),
            page_size=check_page_size(page_size),
            next_page_token=open_token(page_token, listed),
        )
        what = f"list the runs of the job `{name}`"
        page = await self._requests.send(self._service.list_workflow_executions, request, what=what)
        return RunPage(
            runs=tuple(map(read_summary, page.executions)), next_page_token=seal_token(page.next_page_token, listed)
        )

    async def count(self, name: str, *, since: datetime | None) -> dict[Status, int]:
        """Count a job's runs by state; what happened in the last moments may not show yet.

        Args:
            name: The job.
            since: Leaves out runs that ended before it, never those that go on.

        Returns:
            State → how many; states that no run is in are left out.
        """
        query = make_count_query(name, since)
        request = CountWorkflowExecutionsRequest(namespace=self._client.namespace, query=query)
        what = f"count the runs of the job `{name}`"
        answer = await self._requests.send(self._service.count_workflow_executions, request, what=what)
        counts: dict[Status, int] = {}
        for group in answer.groups:
            status = read_status_word(json_value(group.group_values[0]))
            counts[status] = counts.get(status, 0) + group.count
        return counts

    async def describe(self, name: str, workflow_id: str, run_id: str | None = None) -> RunDetail:
        """Describe a run of a job.

        Args:
            name: The job.
            workflow_id: Its workflow id.
            run_id: Its run id; None means the latest one.

        Raises:
            NotFoundError: There is no such run, or it is not the job's.
        """
        response = await self._find(name, workflow_id, run_id)
        return await read_detail(response, payloads_of(self._client, response.workflow_execution_info))

    async def history(
        self, name: str, workflow_id: str, run_id: str | None = None, *, max_events: int | None = 500
    ) -> RunHistory:
        """Tell what happened in a run of a job.

        Of the events only what the activities need is kept, so memory grows with the activities alone. How a run ended
        is told even where its history is truncated.

        Args:
            name: The job.
            workflow_id: Its workflow id.
            run_id: Its run id; None means the latest one.
            max_events: How many events are read; None reads all.

        Raises:
            NotFoundError: There is no such run, or it is not the job's.
            UsageError: `max_events` is below 1.
        """
        if max_events is not None and max_events < 1:
            raise UsageError(f"the number of events {max_events} must be at least 1, or None for all of them")
        response = await self._find(name, workflow_id, run_id)
        info = response.workflow_execution_info
        summary = read_summary(info)
        fold, is_truncated = await fold_events(self._client, self._requests, info, max_events)
        if is_truncated and summary.status.is_terminal:
            await fold_end(self._client, self._requests, info, fold)
        fold.settle(
            response.pending_activities,
            is_over=summary.status.is_terminal or fold.status is not None,
            is_complete=fold.events >= info.history_length,
        )
        return await read_history(fold, summary, payloads_of(self._client, info), is_truncated=is_truncated)

    async def query(
        self, name: str, workflow_id: str, query: str, args: Sequence[Any] = (), run_id: str | None = None
    ) -> Any:
        """Ask a run of a job; a worker has to answer, also where the run is over.

        Args:
            name: The job.
            workflow_id: Its workflow id.
            query: What the workflow calls it.
            args: Of the query.
            run_id: Its run id; None means the latest one.

        Raises:
            QueryError: The workflow knows no such query, failed to answer it, or is paused.
            RequestError: No worker answered within the deadline, or the answer cannot be decoded.
            NotFoundError: There is no such run, or it is not the job's.
            UsageError: An argument cannot be sent.
        """
        run = await self._find_run(name, workflow_id, run_id)
        return await query_run(self._client, self._deadline, run, query, args)

    async def signal(
        self,
        name: str,
        workflow_id: str,
        signal: str,
        args: Sequence[Any] = (),
        run_id: str | None = None,
        *,
        owners: frozenset[str] = NO_OWNERS,
    ) -> None:
        """Send a signal to a run of a job; the server takes any, whether or not the workflow knows it.

        Args:
            name: The job.
            workflow_id: Its workflow id.
            signal: What the workflow calls it.
            args: Of the signal.
            run_id: Its run id; None means the latest one.
            owners: The project's id and its former ones; empty for a job without a project.

        Raises:
            AlreadyClosedError: The run is over.
            NotFoundError: There is no such run, or it is not the job's.
            RefusedError: It is not known to be the project's.
            UsageError: An argument cannot be sent.
        """
        run = await self._find_own_run("signal", name, workflow_id, run_id, owners)
        await signal_run(self._client, self._deadline, run, signal, args)

    async def cancel(
        self, name: str, workflow_id: str, run_id: str | None = None, *, owners: frozenset[str] = NO_OWNERS
    ) -> None:
        """Ask a run of a job to end; the workflow may clean up, or go on.

        The server takes this for a run that is over, too; so one that ends in this very moment is not reported.

        Args:
            name: The job.
            workflow_id: Its workflow id.
            run_id: Its run id; None means the latest one.
            owners: The project's id and its former ones; empty for a job without a project.

        Raises:
            AlreadyClosedError: The run is over.
            NotFoundError: There is no such run, or it is not the job's.
            RefusedError: It is not known to be the project's.
        """
        run = await self._find_own_run("cancel", name, workflow_id, run_id, owners)
        if run.status.is_terminal:
            raise AlreadyClosedError(f"cannot cancel the run `{workflow_id}`: it is over already ({run.status})")
        await cancel_run(self._client, self._deadline, run)

    async def terminate(
        self,
        name: str,
        workflow_id: str,
        run_id: str | None = None,
        *,
        reason: str,
        owners: frozenset[str] = NO_OWNERS,
    ) -> None:
        """End a run of a job at once; its workflow does not learn of it.

        Args:
            name: The job.
            workflow_id: Its workflow id.
            run_id: Its run id; None means the latest one.
            reason: Shown with the run.
            owners: The project's id and its former ones; empty for a job without a project.

        Raises:
            AlreadyClosedError: The run is over.
            NotFoundError: There is no such run, or it is not the job's.
            RefusedError: It is not known to be the project's.
        """
        run = await self._find_own_run("terminate", name, workflow_id, run_id, owners)
        await terminate_run(self._client, self._deadline, run, reason)

    async def task_queue(self, queue: str) -> TaskQueueInfo:
        """Tell who polls a task queue."""
        workflow_pollers = await self._pollers(queue, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
        activity_pollers = await self._pollers(queue, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
        return TaskQueueInfo(name=queue, workflow_pollers=workflow_pollers, activity_pollers=activity_pollers)

    async def _pollers(self, queue: str, kind: TaskQueueType.ValueType) -> tuple[str, ...]:
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        )
        what = f"describe the task queue `{queue}`"
        answer = await self._requests.send(self._service.describe_task_queue, request, what=what)
        return tuple(sorted({poller.identity for poller in answer.pollers}))

    async def _find_run(self, name: str, workflow_id: str, run_id: str | None) -> RunSummary:
        response = await self._find(name, workflow_id, run_id)
        return read_summary(response.workflow_execution_info)

    async def _find_own_run(
        self, verb: Verb, name: str, workflow_id: str, run_id: str | None, owners: frozenset[str]
    ) -> RunSummary:
        """Describe a run and refuse one that is not the job's, or not the project's."""
        info = (await self._find(name, workflow_id, run_id)).workflow_execution_info
        await check_run_ownership(self._client, self._requests, verb, name, info, owners=owners)
        return read_summary(info)

    async def _find(self, name: str, workflow_id: str, run_id: str | None) -> DescribeWorkflowExecutionResponse:
        """Describe a run and refuse one that is not the job's."""
        response = await self._describe(workflow_id, run_id, f"the job `{name}` has no run `{workflow_id}`")
        owner = read_job(response.workflow_execution_info)
        if owner != name:
            whose = f"it is one of the job `{owner}`" if owner else "neither a schedule nor jobspec started it"
            raise NotFoundError(f"`{workflow_id}` is no run of the job `{name}`: {whose}")
        return response

    async def _describe(self, workflow_id: str, run_id: str | None, missing: str) -> DescribeWorkflowExecutionResponse:
        try:
            execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id or "")
        except ValueError as error:
            raise UsageError(f"{missing!r}: the id is no Unicode text") from error
        request = DescribeWorkflowExecutionRequest(namespace=self._client.namespace, execution=execution)
        rpc = self._service.describe_workflow_execution
        try:
            return await self._requests.send(rpc, request, what=f"describe the run `{workflow_id}`")
        except (NotFoundError, RequestError) as error:
            if isinstance(error, RequestError) and "Invalid RunId" not in message_of(error):
                raise
            which = f" with the run id `{run_id}`" if run_id else ""
            raise NotFoundError(f"{missing}{which}") from error.__cause__
