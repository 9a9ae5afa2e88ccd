"""The events of a run's history, read page by page and folded as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest

from jobspec.live.histories import ENDS, HistoryFold

if TYPE_CHECKING:
    from temporalio.api.workflow.v1 import WorkflowExecutionInfo
    from temporalio.client import Client

    from jobspec.live.requests import Requests

PAGE: Final = 256
"""How much is asked for at once; the server gives no more. It counts batches of events that were written together, of
which one may hold thousands, so the last page may bring more events than are wanted."""


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
