"""What starts a run and what acts on one, through the SDK's client, every error in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from temporalio.client import WorkflowHandle, WorkflowQueryRejectedError
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from jobspec.errors import AlreadyClosedError, InvalidDefinitionError, QueryError, RequestError, UnreachableError
from jobspec.live.requests import is_timeout
from jobspec.live.run_errors import Call, explain_unreadable
from jobspec.live.run_queries import JOB_ATTRIBUTE
from jobspec.results import Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import timedelta

    from temporalio.client import Client

    from jobspec.errors import JobspecError
    from jobspec.results import RunSummary

    StartWorkflow = Callable[..., Awaitable[object]]
    """Has the arguments of `Client.start_workflow`, and should have its result."""

_JOB_KEY = SearchAttributeKey.for_keyword(JOB_ATTRIBUTE)


async def start_run(
    client: Client,
    name: str,
    call: StartWorkflow,
    workflow_type: str,
    options: Mapping[str, Any],
    *,
    is_private: bool = False,
) -> tuple[str, str]:
    """Start a run that is a job's.

    Args:
        client: Whose converter encodes the arguments.
        name: The job.
        call: `client.start_workflow`, or what stands for it.
        workflow_type: What runs.
        options: Keyword arguments for `call`.
        is_private: Whether no message may quote the arguments and the memo.

    Returns:
        Its workflow id and its run id.

    Raises:
        AlreadyStartedError: A run of that workflow id is running.
        UsageError: An argument or an option cannot be sent.
        InvalidDefinitionError: `call` returned something else than a handle.
    """
    given = {**options, "search_attributes": _mark(options.get("search_attributes"), name)}
    try:
        handle = await call(workflow_type, **given)
    except Exception as error:
        attempt = _start_call(client, name, given, is_private=is_private)
        reason = await attempt.explain(error)
        if reason is None and call == client.start_workflow:
            reason = attempt.explain_refusal(error)
        if reason is None:
            raise  # of the user's own code
        raise _add_doubt(reason, f"the run `{attempt.workflow_id}` may have been started") from error
    if not isinstance(handle, WorkflowHandle):
        kind = type(handle).__name__
        raise InvalidDefinitionError(
            f"`execute` of the job `{name}` must return the handle of the run that it started, not a `{kind}`"
        )
    return handle.id, handle.result_run_id or handle.run_id or handle.first_execution_run_id or ""


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
        raise reason or explain_unreadable(error, what) from error


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
        raise _add_doubt(reason, "it may have been done") from error


def _add_doubt(reason: JobspecError, what: str) -> JobspecError:
    """Say of a request without an answer that it may have reached the server: only the answer may have been lost."""
    return UnreachableError(f"{reason}; {what} all the same") if isinstance(reason, UnreachableError) else reason


def _start_call(client: Client, name: str, options: Mapping[str, Any], *, is_private: bool) -> Call:
    values = [*options.get("args", ()), *(options.get("memo") or {}).values()]
    workflow_id = str(options.get("id", ""))
    what = f"start a run of the job `{name}`"
    return Call(client=client, what=what, workflow_id=workflow_id, values=values, is_private=is_private)


def _mark(given: TypedSearchAttributes | None, name: str) -> TypedSearchAttributes:
    """Add the search attribute that makes a run the job's."""
    others = [pair for pair in given or () if pair.key.name != JOB_ATTRIBUTE]
    return TypedSearchAttributes([*others, SearchAttributePair(_JOB_KEY, name)])
