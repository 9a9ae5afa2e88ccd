"""Waiting for the end of a run, through restarts of the server, and what the end says."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from temporalio.client import WorkflowHistoryEventFilterType
from temporalio.service import RPCError

from jobspec.errors import RunFailedError
from jobspec.results import Status
from jobspec.temporal.requests import is_passing, is_temporals, translate
from jobspec.temporal.runs.history_fold import ENDS
from jobspec.temporal.runs.run_errors import classify_run_error, explain_unreadable
from jobspec.temporal.runs.run_history import read_end_failure

if TYPE_CHECKING:
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import Client, WorkflowHandle

    from jobspec.temporal.runs.run_payloads import RunPayloads

LONG_POLL: Final = timedelta(seconds=30)
"""Deadline of one request that waits: the server answers it after 20 s where nothing happened
(history.longPollExpirationInterval), and a second before a shorter deadline."""

PATIENCE: Final = timedelta(minutes=2)
"""How long the server may be away while a run is waited for. The first failure is noticed some 10 s late, for the SDK
tries again before it reports one; where nothing at all is answered, after `LONG_POLL`."""

PAUSE: Final = 0.5
"""Seconds from one failure to the next attempt; the SDK's own attempts come on top."""

_SAID: Final = {
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed out",
    Status.CANCELED: "was canceled",
    Status.TERMINATED: "was terminated",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How a run ended, and those that it continued as.

    Attributes:
        handle: The last of these runs.
        event: The event that ended it.
    """

    handle: WorkflowHandle[Any, Any]
    event: HistoryEvent

    @property
    def status(self) -> Status:
        """Its state."""
        return ENDS[self.event.event_type]


async def wait_for_end(client: Client, workflow_id: str, run_id: str, *, patience: timedelta = PATIENCE) -> RunEnd:
    """Wait until a run is over, and those that follow it by a retry or by continuing as new.

    Args:
        client: Whose interceptors see each request.
        workflow_id: Its workflow id.
        run_id: The first of the runs.
        patience: How long the server may be away.

    Raises:
        NotFoundError: The run is not there, or no longer.
        UnreachableError: The server stayed away.
    """
    while True:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id)
        event = await _wait_for_close_event(handle, patience.total_seconds())
        following = _following_run(event)
        if not following:
            return RunEnd(handle=handle, event=event)
        run_id = following


async def _wait_for_close_event(handle: WorkflowHandle[Any, Any], patience: float) -> HistoryEvent:
    pages = handle.fetch_history_events(
        wait_new_event=True,
        event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT,
        skip_archival=True,
        rpc_timeout=LONG_POLL,
    )
    failing_since: float | None = None
    while True:
        try:
            await pages.fetch_next_page()
        except (RPCError, RuntimeError) as error:
            if not is_temporals(error):
                raise
            failing_since = failing_since or time.monotonic()
            if not is_passing(error) or time.monotonic() - failing_since >= patience:
                raise translate(error, f"wait for the run `{handle.id}`", classify_run_error) from error
            await asyncio.sleep(PAUSE)
        else:
            failing_since = None
            if pages.current_page:
                return pages.current_page[-1]


def _following_run(event: HistoryEvent) -> str:
    """Read which run follows; empty where none does."""
    attributes = getattr(event, event.WhichOneof("attributes") or "", None)
    return getattr(attributes, "new_execution_run_id", "")


async def read_outcome(end: RunEnd, payloads: RunPayloads, result_type: Any) -> Any:
    """Give what a run returned.

    Args:
        end: How it ended.
        payloads: How to decode.
        result_type: What to read it as; None leaves what the converter makes of it.

    Raises:
        RunFailedError: It did not complete; the cause is the SDK's error.
        RequestError: What it returned cannot be decoded.
    """
    if end.status is not Status.COMPLETED:
        raise await _make_error(end, payloads) from await _ask_sdk(end)
    returned = end.event.workflow_execution_completed_event_attributes.result.payloads
    hints = [result_type] if result_type else None
    try:
        values = await payloads.in_workflow().decode(returned, hints) if returned else [None]
    except Exception as error:
        # Codec and converter are user code and may raise anything.
        what = f"read the result of the run `{end.handle.id}`"
        raise explain_unreadable(error, what, payloads.converter) from error
    return values[0]


async def _make_error(end: RunEnd, payloads: RunPayloads) -> RunFailedError:
    failure = await read_end_failure(end.event, payloads.of_workflow())
    reason = f": {failure.message}" if failure else ""
    message = f"the run `{end.handle.id}` {_SAID[end.status]}{reason}"
    return RunFailedError(message, status=end.status, failure=failure)


async def _ask_sdk(end: RunEnd) -> Exception | None:
    """Have the SDK raise its own error for a run that is over, or whatever keeps it from that, such as a codec."""
    try:
        await end.handle.result(follow_runs=False, rpc_timeout=LONG_POLL)
    except Exception as error:  # noqa: BLE001  it becomes the cause
        return error
    return None
