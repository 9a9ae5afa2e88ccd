"""What acts on a run, through the SDK's client, every error in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from temporalio.client import WorkflowHandle, WorkflowQueryRejectedError
from temporalio.service import RPCError

from jobspec.errors import AlreadyClosedError, QueryError, RequestError
from jobspec.results import Status
from jobspec.temporal.requests import is_timeout
from jobspec.temporal.runs.run_errors import Call, add_doubt, explain_unreadable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence
    from datetime import timedelta

    from temporalio.client import Client

    from jobspec.results import RunSummary


async def query_run(client: Client, deadline: timedelta, run: RunSummary, query: str, args: Sequence[Any]) -> Any:
    """Ask a run.

    Args:
        client: Connected.
        deadline: For a worker to answer.
        run: Described a moment ago.
        query: What the workflow calls it.
        args: Of the query.

    Raises:
        QueryError: The workflow knows no such query, failed to answer it, or is paused.
        RequestError: No worker answered in time, or the answer cannot be decoded.
        UsageError: An argument cannot be sent.
    """
    what = f"ask the run `{run.workflow_id}` for `{query}`"
    try:
        return await handle_of(client, run).query(query, args=args, rpc_timeout=deadline)
    except Exception as error:
        attempt = Call(client=client, what=what, workflow_id=run.workflow_id, values=args)
        if isinstance(error, RPCError) and is_timeout(error):
            raise _nobody_answered(what, run, deadline) from error
        reason = await attempt.explain(error)
        if run.status is Status.PAUSED and (reason is None or isinstance(error, WorkflowQueryRejectedError)):
            # The server rejects the query, and the client may fail on the state with which it does.
            reason = QueryError(f"cannot {what}: it is paused")
        raise reason or explain_unreadable(error, what, client.data_converter) from error


def _nobody_answered(what: str, run: RunSummary, deadline: timedelta) -> RequestError:
    seconds = f"{deadline.total_seconds():g}s"
    return RequestError(
        f"cannot {what}: no worker of the task queue `{run.task_queue}` answered within {seconds}; check that one runs"
    )


async def signal_run(client: Client, deadline: timedelta, run: RunSummary, signal: str, args: Sequence[Any]) -> None:
    """Send a signal to a run.

    Args:
        client: Connected.
        deadline: For one attempt.
        run: Described a moment ago.
        signal: What the workflow calls it.
        args: Of the signal.

    Raises:
        AlreadyClosedError: The run is over.
        UsageError: An argument cannot be sent.
    """
    sending = handle_of(client, run).signal(signal, args=args, rpc_timeout=deadline)
    what = f"signal the run `{run.workflow_id}`"
    await _act(sending, run, Call(client=client, what=what, workflow_id=run.workflow_id, values=args))


async def cancel_run(client: Client, deadline: timedelta, run: RunSummary) -> None:
    """Ask a run to end; the server says nothing of it where the run is over."""
    sending = handle_of(client, run).cancel(rpc_timeout=deadline)
    what = f"cancel the run `{run.workflow_id}`"
    await _act(sending, run, Call(client=client, what=what, workflow_id=run.workflow_id))


async def terminate_run(client: Client, deadline: timedelta, run: RunSummary, reason: str) -> None:
    """End a run at once.

    Raises:
        AlreadyClosedError: The run is over.
    """
    sending = handle_of(client, run).terminate(reason=reason, rpc_timeout=deadline)
    what = f"terminate the run `{run.workflow_id}`"
    await _act(sending, run, Call(client=client, what=what, workflow_id=run.workflow_id))


def handle_of(client: Client, run: RunSummary) -> WorkflowHandle[Any, Any]:
    """Give the SDK's handle of the very run, and no other of the same workflow id."""
    return client.get_workflow_handle(run.workflow_id, run_id=run.run_id)


async def _act(sending: Awaitable[None], run: RunSummary, attempt: Call) -> None:
    try:
        await sending
    except Exception as error:
        reason = await attempt.explain(error) or attempt.explain_refusal(error)
        if reason is None:
            raise  # of an interceptor
        if isinstance(reason, AlreadyClosedError) and run.status.is_terminal:
            reason = AlreadyClosedError(f"{reason} ({run.status})")
        raise add_doubt(reason, "it may have been done") from error
