"""Histories folded from generated events: pairing, attempts, ends, and what is kept in memory."""

from __future__ import annotations

import gc
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, strategies as st
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import ActivityType, Payload, Payloads
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.api.failure.v1 import ApplicationFailureInfo, CanceledFailureInfo, Failure, TimeoutFailureInfo
from temporalio.api.history.v1 import (
    ActivityTaskCanceledEventAttributes,
    ActivityTaskCancelRequestedEventAttributes,
    ActivityTaskCompletedEventAttributes,
    ActivityTaskFailedEventAttributes,
    ActivityTaskScheduledEventAttributes,
    ActivityTaskStartedEventAttributes,
    ActivityTaskTimedOutEventAttributes,
    History,
    HistoryEvent,
    MarkerRecordedEventAttributes,
    WorkflowExecutionCompletedEventAttributes,
    WorkflowExecutionSignaledEventAttributes,
    WorkflowExecutionStartedEventAttributes,
    WorkflowExecutionTerminatedEventAttributes,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.results import ActivityEvent, ActivityStatus, RunHistory, RunSummary, Status
from jobspec.temporal.runs.history_fold import HistoryFold
from jobspec.temporal.runs.run_history import read_history
from jobspec.temporal.runs.run_payloads import RunPayloads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

START = datetime(2026, 1, 1, tzinfo=UTC)
PAYLOADS = RunPayloads(converter=pydantic_data_converter, namespace="n", workflow_id="a", workflow_type="A")


def stamp(seconds: float) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(START + timedelta(seconds=seconds))
    return made


def payloads(*values: Any) -> Payloads:
    encoded = [Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode()) for value in values]
    return Payloads(payloads=encoded)


_KINDS = {
    "workflow_execution_started": WorkflowExecutionStartedEventAttributes,
    "workflow_execution_completed": WorkflowExecutionCompletedEventAttributes,
    "workflow_execution_terminated": WorkflowExecutionTerminatedEventAttributes,
    "workflow_execution_signaled": WorkflowExecutionSignaledEventAttributes,
    "activity_task_scheduled": ActivityTaskScheduledEventAttributes,
    "activity_task_started": ActivityTaskStartedEventAttributes,
    "activity_task_completed": ActivityTaskCompletedEventAttributes,
    "activity_task_failed": ActivityTaskFailedEventAttributes,
    "activity_task_timed_out": ActivityTaskTimedOutEventAttributes,
    "activity_task_cancel_requested": ActivityTaskCancelRequestedEventAttributes,
    "activity_task_canceled": ActivityTaskCanceledEventAttributes,
    "marker_recorded": MarkerRecordedEventAttributes,
}


def event(number: int, kind: str, **attributes: Any) -> HistoryEvent:
    """Make an event; its time is its number in seconds."""
    made = HistoryEvent(
        event_id=number, event_time=stamp(number), event_type=EventType.Value(f"EVENT_TYPE_{kind.upper()}")
    )
    getattr(made, f"{kind}_event_attributes").CopyFrom(_KINDS[kind](**attributes))
    return made


def scheduled(number: int, name: str = "fetch", **attributes: Any) -> HistoryEvent:
    given: dict[str, Any] = {"activity_id": str(number), "activity_type": ActivityType(name=name), **attributes}
    return event(number, "activity_task_scheduled", task_queue=TaskQueue(name="q"), **given)


def fold(events: Iterable[HistoryEvent]) -> HistoryFold:
    made = HistoryFold()
    for each in events:
        made.add(each)
    return made


async def read(made: HistoryFold, status: Status = Status.RUNNING) -> RunHistory:
    summary = RunSummary(
        workflow_id="a", run_id="r", workflow_type="A", task_queue="q", status=status, started_at=START
    )
    return await read_history(made, summary, PAYLOADS, is_truncated=False)


async def only(*events: HistoryEvent) -> ActivityEvent:
    (activity,) = (await read(fold(events))).activities
    return activity


OUTCOMES = {
    "completed": ActivityStatus.COMPLETED,
    "failed": ActivityStatus.FAILED,
    "timed_out": ActivityStatus.TIMED_OUT,
    "canceled": ActivityStatus.CANCELED,
    None: ActivityStatus.STARTED,
}


@st.composite
def interleaved(draw: st.DrawFn) -> tuple[list[HistoryEvent], dict[int, str | None]]:
    """Draw activities that overlap in any way, each with its end."""
    outcomes: dict[int, str | None] = {}
    under_way: list[list[tuple[str, int]]] = []
    events: list[HistoryEvent] = []
    for number in range(1, draw(st.integers(1, 60))):
        if not under_way or draw(st.booleans()):
            outcomes[number] = draw(st.sampled_from([*OUTCOMES]))
            later = [("started", number)] + ([(outcomes[number] or "", number)] if outcomes[number] else [])
            under_way.append(later)
            events.append(scheduled(number, input=payloads(number)))
            continue
        steps = draw(st.sampled_from(under_way))
        kind, of = steps.pop(0)
        if not steps:
            under_way.remove(steps)
        told: dict[str, dict[str, Any]] = {"completed": {"result": payloads(-of)}, "started": {"attempt": of}}
        more = told.get(kind, {})
        events.append(event(number, f"activity_task_{kind}", scheduled_event_id=of, **more))
    unfinished = {of: steps for steps in under_way for _, of in steps}
    return events, {of: "waits" if of in unfinished else outcome for of, outcome in outcomes.items()}


@given(interleaved())
def test_activities_are_paired_by_what_scheduled_them(
    drawn: tuple[list[HistoryEvent], dict[int, str | None]],
) -> None:
    events, outcomes = drawn
    made = fold(events)
    assert [*made.activities] == [*outcomes]
    for number, record in made.activities.items():
        assert record.event_id == number
        assert [json.loads(Payload.FromString(each).data) for each in record.input] == [number]
        if record.attempt:
            assert record.attempt == number
        if outcomes[number] != "waits":
            assert record.status is OUTCOMES[outcomes[number]]
        if outcomes[number] == "completed":
            assert record.result is not None
            assert json.loads(Payload.FromString(record.result).data) == -number


async def test_a_run_is_told_from_its_first_and_last_event() -> None:
    made = fold(
        [
            event(1, "workflow_execution_started", input=payloads("eu", 7)),
            event(2, "workflow_execution_completed", result=payloads({"rows": 3})),
        ]
    )
    history = await read(made)
    assert (history.status, history.input, history.result, history.events) == (
        Status.COMPLETED,
        ("eu", 7),
        {"rows": 3},
        2,
    )
    terminated = await read(fold([event(1, "workflow_execution_terminated", reason="enough")]))
    assert terminated.failure is not None
    assert (terminated.status, terminated.failure.message) == (Status.TERMINATED, "enough")
    assert (await read(fold([event(1, "workflow_execution_terminated")]))).failure is None


async def test_the_last_attempt_is_told_with_what_the_one_before_failed_with() -> None:
    activity = await only(
        scheduled(5),
        event(6, "activity_task_started", scheduled_event_id=5, attempt=3, last_failure=Failure(message="late")),
        event(7, "activity_task_failed", scheduled_event_id=5, failure=Failure(message="never")),
    )
    assert (activity.attempt, activity.status) == (3, ActivityStatus.FAILED)
    assert activity.last_failure is not None
    assert activity.failure is not None
    assert (activity.last_failure.message, activity.failure.message) == ("late", "never")
    assert activity.scheduled_at == START + timedelta(seconds=5)
    assert activity.started_at == START + timedelta(seconds=6)
    assert activity.closed_at == START + timedelta(seconds=7)


async def test_a_request_to_cancel_shows_until_the_activity_ends() -> None:
    asked = [scheduled(5), event(6, "activity_task_cancel_requested", scheduled_event_id=5)]
    assert (await only(*asked)).status is ActivityStatus.CANCEL_REQUESTED
    started = event(7, "activity_task_started", scheduled_event_id=5, attempt=1)
    assert (await only(*asked, started)).status is ActivityStatus.CANCEL_REQUESTED
    completed = event(8, "activity_task_completed", scheduled_event_id=5)
    assert (await only(*asked, started, completed)).status is ActivityStatus.COMPLETED


def local(number: int, *, attempt: int = 1, **more: Any) -> HistoryEvent:
    failure = more.pop("failure", None)
    data = {
        "activity_id": str(number),
        "activity_type": "fetch",
        "attempt": attempt,
        "original_schedule_time": {"seconds": int(START.timestamp()), "nanos": 250_000_999},
        **more.pop("data", {}),
    }
    details = {"data": payloads(data), **more.pop("details", {})}
    return event(number, "marker_recorded", marker_name="core_local_activity", details=details, failure=failure)


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (None, ActivityStatus.COMPLETED),
        (Failure(application_failure_info=ApplicationFailureInfo()), ActivityStatus.FAILED),
        (Failure(timeout_failure_info=TimeoutFailureInfo()), ActivityStatus.TIMED_OUT),
        (Failure(canceled_failure_info=CanceledFailureInfo()), ActivityStatus.CANCELED),
    ],
)
async def test_local_activities_are_told_by_their_markers(failure: Failure | None, status: ActivityStatus) -> None:
    activity = await only(local(4, attempt=2, failure=failure, details={"result": payloads(8)}))
    assert (activity.status, activity.attempt, activity.result, activity.is_local) == (status, 2, 8, True)
    assert activity.scheduled_at == START + timedelta(microseconds=250_000)
    assert activity.closed_at == START + timedelta(seconds=4)


async def test_attempts_of_a_local_activity_with_a_timer_between_are_one() -> None:
    waits = local(4, failure=Failure(message="late"), data={"backoff": {"seconds": 60}})
    activity = await only(waits)
    assert (activity.status, activity.attempt) == (ActivityStatus.RETRYING, 2)
    activity = await only(waits, local(9, attempt=2, data={"activity_id": "9"}))
    assert (activity.status, activity.attempt) == (ActivityStatus.COMPLETED, 2)
    assert activity.last_failure is not None
    assert activity.last_failure.message == "late"
    other = local(9, data={"activity_type": "other"})
    assert [record.event_id for record in fold([waits, other]).activities.values()] == [4, 9]


@pytest.mark.parametrize(
    "details", [{}, {"data": Payloads()}, {"data": payloads([])}, {"data": payloads({"attempt": "x"})}]
)
async def test_a_marker_that_says_little_is_told_as_little(details: dict[str, Payloads]) -> None:
    marker = event(4, "marker_recorded", marker_name="core_local_activity", details=details)
    activity = await only(marker)
    assert (activity.activity_type, activity.attempt, activity.scheduled_at) == ("", 1, None)


def test_other_markers_are_no_activities() -> None:
    assert fold([event(4, "marker_recorded", marker_name="core_patch")]).activities == {}


def pending(activity_id: str, **more: Any) -> PendingActivityInfo:
    options = ActivityOptions(task_queue=TaskQueue(name="q"))
    return PendingActivityInfo(
        activity_id=activity_id, activity_type=ActivityType(name="fetch"), activity_options=options, **more
    )


@pytest.mark.parametrize(
    ("info", "status", "attempt"),
    [
        ({"state": PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED, "attempt": 1}, ActivityStatus.SCHEDULED, 0),
        ({"state": PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED, "attempt": 2}, ActivityStatus.SCHEDULED, 2),
        (
            {
                "state": PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED,
                "attempt": 4,
                "next_attempt_schedule_time": stamp(90),
            },
            ActivityStatus.RETRYING,
            4,
        ),
        (
            {
                "state": PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
                "attempt": 1,
                "last_started_time": stamp(6),
            },
            ActivityStatus.STARTED,
            1,
        ),
        (
            {"state": PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED, "attempt": 3},
            ActivityStatus.CANCEL_REQUESTED,
            3,
        ),
        ({"state": PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED, "attempt": 2}, ActivityStatus.PAUSED, 2),
        (
            {"state": PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED, "attempt": 2},
            ActivityStatus.STARTED,
            2,
        ),
        ({"state": 99, "attempt": 2}, ActivityStatus.SCHEDULED, 2),
    ],
)
def test_what_goes_on_is_told_by_the_description(info: dict[str, Any], status: ActivityStatus, attempt: int) -> None:
    made = fold([scheduled(5)])
    made.settle([pending("5", last_failure=Failure(message="late"), **info)], is_over=False, is_complete=True)
    record = made.activities[5]
    assert (record.status, record.attempt) == (status, attempt)
    assert record.last_failure == Failure(message="late").SerializeToString()
    made.settle([pending("5", **info)], is_over=True, is_complete=True)
    assert (record.status, record.attempt) == (ActivityStatus.ABANDONED, attempt)


def test_an_id_that_was_used_again_means_the_open_activity() -> None:
    done = event(6, "activity_task_completed", scheduled_event_id=5)
    made = fold([scheduled(5, activity_id="same"), done, scheduled(7, activity_id="same")])
    made.settle([pending("same", attempt=9)], is_over=False, is_complete=True)
    assert [record.attempt for record in made.activities.values()] == [0, 9]


@pytest.mark.parametrize("is_over", [True, False])
def test_what_ended_past_the_cap_is_neither_abandoned_nor_going_on(is_over: bool) -> None:  # noqa: FBT001
    started = event(6, "activity_task_started", scheduled_event_id=5, attempt=2)
    made = fold([scheduled(5), started, scheduled(7), scheduled(8)])
    made.settle([pending("8", attempt=3)], is_over=is_over, is_complete=False)
    left = ActivityStatus.ABANDONED if is_over else ActivityStatus.SCHEDULED
    assert [record.status for record in made.activities.values()] == [
        ActivityStatus.UNKNOWN,
        ActivityStatus.UNKNOWN,
        left,
    ]


@pytest.mark.parametrize(
    ("is_over", "is_complete", "added"), [(False, False, True), (False, True, False), (True, False, False)]
)
async def test_only_what_runs_past_the_cap_is_added(is_over: bool, is_complete: bool, added: bool) -> None:  # noqa: FBT001
    made = fold([scheduled(5)])
    infos = [pending("8", attempt=3), pending("9", attempt=2)]
    made.settle(infos, is_over=is_over, is_complete=is_complete)
    found = (await read(made)).activities[1:]
    expected = [(0, "8", "fetch", "q", 3), (0, "9", "fetch", "q", 2)] if added else []
    assert [
        (each.scheduled_event_id, each.activity_id, each.activity_type, each.task_queue, each.attempt) for each in found
    ] == expected


def many_events(activities: int, *, of: int) -> Iterator[HistoryEvent]:
    """Generate a history in pages as the server sends them, each a message of its own: mostly signals of 1 KiB."""
    signal = event(1, "workflow_execution_signaled", input=payloads("x" * 1024))
    told: Iterator[HistoryEvent] = chain.from_iterable(
        (
            scheduled(number, input=payloads("y" * 200)),
            event(number + 1, "activity_task_started", scheduled_event_id=number, attempt=1),
            event(number + 2, "activity_task_completed", scheduled_event_id=number, result=payloads("z" * 200)),
        )
        for number in range(1, activities * 3, 3)
    )
    signals = [signal] * 250
    sent = 0
    while sent < of:
        page = History(events=[*islice(told, 50), *signals][: of - sent])
        sent += len(page.events)
        yield from History.FromString(page.SerializeToString()).events


def kept_by(activities: int, *, events: int) -> int:
    """Fold a history and count the bytes that stay, once nothing else of it is there."""
    gc.collect()
    tracemalloc.start()
    try:
        made = fold(many_events(activities, of=events))
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (made.events, len(made.activities)) == (events, activities)
    assert not [each for each in walk(made) if isinstance(each, Message)]
    return kept


def walk(root: object) -> Iterator[object]:
    """Find everything that is reachable; messages would keep the page that they came in."""
    seen: set[int] = set()
    queue = [root]
    while queue:
        each = queue.pop()
        if id(each) not in seen and not isinstance(each, type):
            seen.add(id(each))
            queue += gc.get_referents(each)
            yield each


def test_memory_grows_with_the_activities_and_not_with_the_events() -> None:
    few = kept_by(10, events=200_000)
    assert few < 200_000
    per_activity = (kept_by(1000, events=20_000) - few) / 990
    assert 500 < per_activity < 3000
