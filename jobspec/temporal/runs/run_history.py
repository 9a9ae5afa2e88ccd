"""The history of a run: its events read page by page, folded as they come, and decoded into a value."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.failure.v1 import Failure as FailureMessage
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest

from jobspec.results import ActivityEvent, Failure, RunHistory
from jobspec.temporal.runs.history_fold import ENDS, HistoryFold
from jobspec.temporal.runs.run_failures import read_failure
from jobspec.temporal.runs.run_payloads import decode_all, decode_first

if TYPE_CHECKING:
    from temporalio.api.workflow.v1 import WorkflowExecutionInfo
    from temporalio.client import Client

    from jobspec.results import RunSummary
    from jobspec.temporal.requests import Requests
    from jobspec.temporal.runs.history_fold import ActivityRecord
    from jobspec.temporal.runs.run_payloads import Decode, RunPayloads

PAGE: Final = 256
"""How much is asked for at once; the server gives no more. It counts batches of events that were written together, of
which one may hold thousands, so the last page may bring more events than are wanted."""

DECODED_AT_ONCE: Final = 32
"""How many activities: a codec may be a request to a server of its own."""


async def fold_events(
    client: Client, requests: Requests, info: WorkflowExecutionInfo, max_events: int | None
) -> tuple[HistoryFold, bool]:
    """Read a run's events.

    Args:
        client: Connected.
        requests: How to reach the server.
        info: The run, described a moment ago.
        max_events: How many are read; None reads all.

    Returns:
        What they were folded into, and whether there are more of them.
    """
    fold = HistoryFold()
    request = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace, execution=info.execution, maximum_page_size=PAGE, skip_archival=True
    )
    what = f"read the history of the run `{info.execution.workflow_id}`"
    while True:
        if max_events is not None:
            request.maximum_page_size = min(PAGE, max_events - fold.events)
        page = await requests.send(client.workflow_service.get_workflow_execution_history, request, what=what)
        for event in page.history.events:
            if fold.events == max_events:
                return fold, True
            fold.add(event)
        if not page.next_page_token:
            return fold, False
        if fold.events == max_events:
            return fold, info.history_length > fold.events  # the token may stand for an empty page
        request.next_page_token = page.next_page_token


async def fold_end(client: Client, requests: Requests, info: WorkflowExecutionInfo, fold: HistoryFold) -> None:
    """Read the event that ended a run that is over, past all events between.

    Args:
        client: Connected.
        requests: How to reach the server.
        info: The run, described a moment ago.
        fold: To add it to.
    """
    request = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace,
        execution=info.execution,
        history_event_filter_type=HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        skip_archival=True,
    )
    what = f"read the end of the run `{info.execution.workflow_id}`"
    page = await requests.send(client.workflow_service.get_workflow_execution_history, request, what=what)
    for event in page.history.events:
        if event.event_type in ENDS:
            fold.add_end(event)


async def read_history(
    fold: HistoryFold, summary: RunSummary, payloads: RunPayloads, *, is_truncated: bool
) -> RunHistory:
    """Decode what the events of a run were folded into.

    Args:
        fold: Settled.
        summary: As the run was described.
        payloads: How to decode.
        is_truncated: Whether there are more events.
    """
    decode = payloads.of_workflow()
    end = HistoryEvent.FromString(fold.end) if fold.end is not None else None
    return RunHistory(
        workflow_id=summary.workflow_id,
        run_id=summary.run_id,
        status=fold.status or summary.status,
        input=await decode_all(map(Payload.FromString, fold.input), decode),
        result=await read_result(end, decode) if end else None,
        failure=await read_end_failure(end, decode) if end else None,
        activities=await _read_activities(fold, payloads),
        events=fold.events,
        is_truncated=is_truncated,
    )


async def read_result(end: HistoryEvent, decode: Decode) -> Any:
    """Decode what a run returned, from the event that ended it; None where it returned nothing or did not complete."""
    return await decode_first(end.workflow_execution_completed_event_attributes.result.payloads, decode)


async def read_end_failure(end: HistoryEvent, decode: Decode) -> Failure | None:
    """Read why a run failed or was terminated, from the event that ended it; None where its state says all."""
    if end.HasField("workflow_execution_failed_event_attributes"):
        return await read_failure(end.workflow_execution_failed_event_attributes.failure, decode)
    reason = end.workflow_execution_terminated_event_attributes.reason
    return Failure(message=reason, type="terminated") if reason else None


async def _read_activities(fold: HistoryFold, payloads: RunPayloads) -> tuple[ActivityEvent, ...]:
    turns = asyncio.Semaphore(DECODED_AT_ONCE)

    async def read(record: ActivityRecord) -> ActivityEvent:
        async with turns:
            return await _read_activity(record, payloads)

    return tuple(await asyncio.gather(*map(read, fold.activities.values())))


async def _read_activity(record: ActivityRecord, payloads: RunPayloads) -> ActivityEvent:
    decode = payloads.of_activity(
        record.activity_id, record.activity_type, task_queue=record.task_queue, is_local=record.is_local
    )
    return ActivityEvent(
        scheduled_event_id=0 if record.is_local else record.event_id,
        activity_id=record.activity_id,
        activity_type=record.activity_type,
        status=record.status,
        attempt=record.attempt,
        input=await decode_all(map(Payload.FromString, record.input), decode),
        result=None if record.result is None else await decode(Payload.FromString(record.result)),
        failure=await _read_failure(record.failure, decode),
        last_failure=await _read_failure(record.last_failure, decode),
        scheduled_at=record.scheduled_at,
        started_at=record.started_at,
        closed_at=record.closed_at,
        task_queue=record.task_queue,
        is_local=record.is_local,
    )


async def _read_failure(serialized: bytes | None, decode: Decode) -> Failure | None:
    return None if serialized is None else await read_failure(FailureMessage.FromString(serialized), decode)
