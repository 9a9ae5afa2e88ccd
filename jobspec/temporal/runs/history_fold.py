"""What happened in a run: its history, event by event, folded into activities.

A history can have hundreds of thousands of events, so none is kept. What is kept is what the activities and the end of
the run need, as bytes: a part of a protobuf message would keep the whole page that it came in.

Everything about an activity names the event that scheduled it, and is paired by that. The server writes the start of an
activity only when it ends, with the last attempt and what the attempt before failed with; what runs or waits now is
told by a description of the run alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from temporalio.api.enums.v1 import EventType

from jobspec.results import ActivityStatus, Status
from jobspec.temporal.runs.local_activities import LOCAL_ACTIVITY, LocalMarker, local_status
from jobspec.temporal.runs.run_descriptions import read_activity_status, read_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from google.protobuf.message import Message
    from temporalio.api.common.v1 import Payloads
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.api.workflow.v1 import PendingActivityInfo

ENDS: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: Status.COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: Status.FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: Status.TIMED_OUT,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: Status.CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: Status.TERMINATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: Status.CONTINUED_AS_NEW,
}


@dataclass(slots=True, kw_only=True)
class ActivityRecord:
    """An activity as far as its events were read; payloads and failures are serialized messages.

    Attributes:
        event_id: What scheduled it, or recorded it where it is local.
        attempt: The last one; the one to come while it waits for that.
    """

    event_id: int
    activity_id: str
    activity_type: str
    task_queue: str = ""
    status: ActivityStatus
    attempt: int = 0
    input: tuple[bytes, ...] = ()
    result: bytes | None = None
    failure: bytes | None = None
    last_failure: bytes | None = None
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None
    is_local: bool = False


@dataclass(slots=True, kw_only=True)
class HistoryFold:
    """A history as far as it was read.

    Attributes:
        events: How many events were read.
        status: How the run ended; None while no event says so.
        input: Payloads of the workflow's arguments, serialized.
        end: The event that ended the run, serialized.
        activities: By the event that scheduled or recorded them, in that order.
        waiting: Of local activities that wait for their next attempt, by what tells that it is theirs.
    """

    events: int = 0
    status: Status | None = None
    input: tuple[bytes, ...] = ()
    end: bytes | None = None
    activities: dict[int, ActivityRecord] = field(default_factory=dict)
    waiting: dict[tuple[str, datetime | None], int] = field(default_factory=dict)

    def add(self, event: HistoryEvent) -> None:
        """Take the next event into account."""
        self.events += 1
        if event.event_type in ENDS:
            self.add_end(event)
        elif handle := _HANDLERS.get(event.event_type):
            handle(self, event)

    def add_end(self, event: HistoryEvent) -> None:
        """Take the event that ended the run into account, without counting it."""
        self.status = ENDS[event.event_type]
        self.end = event.SerializeToString()

    def settle(self, pending: Iterable[PendingActivityInfo], *, is_over: bool, is_complete: bool) -> None:
        """Complete what the events say by what a description of the run says.

        Args:
            pending: Activities without an end; a description goes on listing them when the run is over.
            is_over: Whether the run is over, so that nothing goes on.
            is_complete: Whether the events were read that there were when the run was described; where not, what those
                that are missing scheduled is added, and what they ended is unknown.
        """
        unfinished = [record for record in self.activities.values() if record.closed_at is None]
        by_id = {record.activity_id: record for record in unfinished if not record.is_local}
        without_end = set()
        for number, info in enumerate(pending, start=1):
            if record := by_id.get(info.activity_id):
                _settle(record, info)
                without_end.add(record.event_id)
            elif not is_complete and not is_over:
                self.activities[-number] = _settle(_record_pending(info), info)
        for record in unfinished:
            if not is_complete and record.event_id not in without_end:
                record.status = ActivityStatus.UNKNOWN
            elif is_over:
                record.status = ActivityStatus.ABANDONED


def _settle(record: ActivityRecord, info: PendingActivityInfo) -> ActivityRecord:
    record.status = read_activity_status(info)
    record.started_at = read_time(info.last_started_time)
    record.attempt = info.attempt if record.started_at or info.attempt > 1 else 0
    record.last_failure = _serialize(info, "last_failure")
    return record


def _record_pending(info: PendingActivityInfo) -> ActivityRecord:
    """Make a record of an activity whose events were not read."""
    return ActivityRecord(
        event_id=0,
        activity_id=info.activity_id,
        activity_type=info.activity_type.name,
        task_queue=info.activity_options.task_queue.name,
        status=ActivityStatus.SCHEDULED,
    )


def _start_run(fold: HistoryFold, event: HistoryEvent) -> None:
    fold.input = _serialize_all(event.workflow_execution_started_event_attributes.input)


def _schedule(fold: HistoryFold, event: HistoryEvent) -> None:
    scheduled = event.activity_task_scheduled_event_attributes
    fold.activities[event.event_id] = ActivityRecord(
        event_id=event.event_id,
        activity_id=scheduled.activity_id,
        activity_type=scheduled.activity_type.name,
        task_queue=scheduled.task_queue.name,
        status=ActivityStatus.SCHEDULED,
        input=_serialize_all(scheduled.input),
        scheduled_at=read_time(event.event_time),
    )


def _start(fold: HistoryFold, event: HistoryEvent) -> None:
    started = event.activity_task_started_event_attributes
    if record := fold.activities.get(started.scheduled_event_id):
        record.attempt = started.attempt
        record.last_failure = _serialize(started, "last_failure")
        record.started_at = read_time(event.event_time)
        if record.status is ActivityStatus.SCHEDULED:  # and no cancellation was asked for
            record.status = ActivityStatus.STARTED


def _request_cancel(fold: HistoryFold, event: HistoryEvent) -> None:
    requested = event.activity_task_cancel_requested_event_attributes
    if record := fold.activities.get(requested.scheduled_event_id):
        record.status = ActivityStatus.CANCEL_REQUESTED


def _complete(fold: HistoryFold, event: HistoryEvent) -> None:
    completed = event.activity_task_completed_event_attributes
    if record := _close(fold, event, completed.scheduled_event_id, ActivityStatus.COMPLETED):
        record.result = _first(completed.result)


def _fail(fold: HistoryFold, event: HistoryEvent) -> None:
    failed = event.activity_task_failed_event_attributes
    if record := _close(fold, event, failed.scheduled_event_id, ActivityStatus.FAILED):
        record.failure = _serialize(failed, "failure")


def _time_out(fold: HistoryFold, event: HistoryEvent) -> None:
    timed_out = event.activity_task_timed_out_event_attributes
    if record := _close(fold, event, timed_out.scheduled_event_id, ActivityStatus.TIMED_OUT):
        record.failure = _serialize(timed_out, "failure")


def _cancel(fold: HistoryFold, event: HistoryEvent) -> None:
    canceled = event.activity_task_canceled_event_attributes
    _close(fold, event, canceled.scheduled_event_id, ActivityStatus.CANCELED)


def _close(
    fold: HistoryFold, event: HistoryEvent, scheduled_event_id: int, status: ActivityStatus
) -> ActivityRecord | None:
    record = fold.activities.get(scheduled_event_id)
    if record is not None:
        record.status = status
        record.closed_at = read_time(event.event_time)
    return record


def _record_marker(fold: HistoryFold, event: HistoryEvent) -> None:
    marker = event.marker_recorded_event_attributes
    if marker.marker_name != LOCAL_ACTIVITY:
        return
    told = LocalMarker.read(marker)
    first = fold.waiting.pop(told.key, event.event_id)
    record = fold.activities.setdefault(first, _record_local(first, told))
    record.attempt = told.attempt
    if told.is_waiting:
        record.attempt += 1
        record.last_failure = _serialize(marker, "failure")
        fold.waiting[told.key] = first
        return
    record.closed_at = read_time(event.event_time)
    record.status = local_status(marker)
    record.failure = _serialize(marker, "failure")
    record.result = _first(marker.details["result"]) if "result" in marker.details else None


def _record_local(event_id: int, told: LocalMarker) -> ActivityRecord:
    return ActivityRecord(
        event_id=event_id,
        activity_id=told.activity_id,
        activity_type=told.activity_type,
        status=ActivityStatus.RETRYING,
        scheduled_at=told.scheduled_at,
        is_local=True,
    )


def _serialize(message: Message, field: str) -> bytes | None:
    part: Message = getattr(message, field)
    return part.SerializeToString() if message.HasField(field) else None


def _serialize_all(payloads: Payloads) -> tuple[bytes, ...]:
    return tuple(payload.SerializeToString() for payload in payloads.payloads)


def _first(payloads: Payloads) -> bytes | None:
    return next(iter(_serialize_all(payloads)), None)


_HANDLERS: Final[Mapping[EventType.ValueType, Callable[[HistoryFold, HistoryEvent], None]]] = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: _start_run,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: _schedule,
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED: _start,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED: _request_cancel,
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: _complete,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED: _fail,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: _time_out,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED: _cancel,
    EventType.EVENT_TYPE_MARKER_RECORDED: _record_marker,
}
