"""Schedule messages: made from a spec, laid over what is live, taken through the codec.

What a write sends is always a copy of what was described a moment ago, in which
only the fields that differ are replaced. So everything that is not ours stays,
fields of a newer server that this version does not know included, and so do the
bytes of an unchanged input, which a codec would otherwise encrypt anew.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Memo, Payload, Payloads, Priority, RetryPolicy, SearchAttributes, WorkflowType
from temporalio.api.enums.v1 import ScheduleOverlapPolicy
from temporalio.api.schedule.v1 import (
    IntervalSpec,
    Range,
    Schedule,
    ScheduleAction,
    SchedulePolicies,
    ScheduleSpec,
    StructuredCalendarSpec,
)
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import NewWorkflowExecutionInfo

from jobspec.errors import UsageError
from jobspec.temporal.plain_json import plain_payload
from jobspec.timing.calendar import to_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from google.protobuf.message import Message
    from temporalio.converter import PayloadCodec, PayloadConverter

    from jobspec.spec import model
    from jobspec.temporal.schedules.canonical import CanonicalSchedule
    from jobspec.timing.calendar import Calendar
    from jobspec.timing.upcoming import Timetable


def make_schedule(spec: model.JobSpec, converter: PayloadConverter) -> Schedule:
    """Make the schedule that a spec asks for, in the server's vocabulary.

    Args:
        spec: A job with a schedule.
        converter: Turns input, memo and texts into payloads; the codec comes later.

    Raises:
        UsageError: The job has no schedule.
    """
    if spec.schedule is None:
        raise UsageError(f"`{spec.name}` has no schedule; it runs on demand only")
    schedule = spec.schedule
    return Schedule(
        spec=_spec(schedule),
        action=ScheduleAction(start_workflow=_action(spec, converter)),
        policies=SchedulePolicies(
            overlap_policy=make_overlap_policy(schedule.overlap),
            catchup_window=_duration(schedule.catchup_window),
            pause_on_failure=schedule.pause_on_failure,
        ),
    )


def make_overlap_policy(policy: str) -> ScheduleOverlapPolicy.ValueType:
    """Turn a policy of a spec, such as `buffer_all`, into the server's number."""
    return ScheduleOverlapPolicy.Value(f"SCHEDULE_OVERLAP_POLICY_{policy.upper()}")


def _spec(schedule: model.ScheduleSpec) -> ScheduleSpec:
    timetable: Timetable = schedule.timetable
    return ScheduleSpec(
        structured_calendar=[_calendar(calendar) for calendar in timetable.calendars],
        interval=[
            IntervalSpec(interval=Duration(seconds=interval.every), phase=Duration(seconds=interval.offset))
            for interval in timetable.intervals
        ],
        exclude_structured_calendar=[_calendar(calendar) for calendar in timetable.skip],
        start_time=_timestamp(schedule.start_at),
        end_time=_timestamp(schedule.end_at),
        jitter=_duration(schedule.jitter),
        timezone_name=schedule.timezone,
    )


@lru_cache(maxsize=8192)
def _calendar(calendar: Calendar) -> StructuredCalendarSpec:
    return StructuredCalendarSpec(
        second=_ranges(calendar.second),
        minute=_ranges(calendar.minute),
        hour=_ranges(calendar.hour),
        day_of_month=_ranges(calendar.day_of_month),
        month=_ranges(calendar.month),
        year=_ranges(calendar.year or ()),
        day_of_week=_ranges(calendar.day_of_week),
        comment=calendar.comment,
    )


def _ranges(values: tuple[int, ...]) -> list[Range]:
    return [Range(start=start, end=end, step=step) for start, end, step in to_ranges(values)]


def _action(spec: model.JobSpec, converter: PayloadConverter) -> NewWorkflowExecutionInfo:
    run = spec.run
    return NewWorkflowExecutionInfo(
        workflow_id=spec.workflow_id,
        workflow_type=WorkflowType(name=spec.workflow.type),
        task_queue=TaskQueue(name=spec.queue),
        input=Payloads(payloads=converter.to_payloads(spec.arguments)) if spec.arguments else None,
        workflow_execution_timeout=_duration(run.execution_timeout),
        workflow_run_timeout=_duration(run.run_timeout),
        workflow_task_timeout=_duration(run.task_timeout),
        retry_policy=_retry_policy(run.retry_policy) if run.retry_policy else None,
        memo=Memo(fields={key: _payload(converter, value) for key, value in run.memo.items()}) if run.memo else None,
        search_attributes=_search_attributes(run.search_attributes) if run.search_attributes else None,
        user_metadata=_user_metadata(run, converter) if run.static_summary or run.static_details else None,
        priority=_priority(run.priority) if run.priority else None,
    )


def _payload(converter: PayloadConverter, value: Any) -> Payload:
    return converter.to_payloads([value])[0]


def _search_attributes(values: Mapping[str, model.SearchAttributeValue]) -> SearchAttributes:
    return SearchAttributes(
        indexed_fields={
            key: plain_payload(list(value) if isinstance(value, tuple) else value) for key, value in values.items()
        }
    )


def _user_metadata(run: model.RunOptions, converter: PayloadConverter) -> UserMetadata:
    return UserMetadata(
        summary=_payload(converter, run.static_summary) if run.static_summary else None,
        details=_payload(converter, run.static_details) if run.static_details else None,
    )


def _retry_policy(policy: model.RetryPolicy) -> RetryPolicy:
    return RetryPolicy(
        initial_interval=_duration(policy.initial_interval),
        backoff_coefficient=policy.backoff_coefficient,
        maximum_interval=_duration(policy.maximum_interval),
        maximum_attempts=policy.maximum_attempts,
        non_retryable_error_types=policy.non_retryable_error_types,
    )


def _priority(priority: model.Priority) -> Priority:
    return Priority(
        priority_key=priority.priority_key or 0,
        fairness_key=priority.fairness_key,
        fairness_weight=priority.fairness_weight or 0.0,
    )


def _duration(value: timedelta | None) -> Duration | None:
    if not value:
        return None
    duration = Duration()
    duration.FromTimedelta(value)
    return duration


def _timestamp(value: datetime | None) -> Timestamp | None:
    if value is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(value)
    return timestamp


FIELD_PATHS: Mapping[str, tuple[str, ...]] = {
    "calendars": ("spec", "structured_calendar"),
    "intervals": ("spec", "interval"),
    "skip": ("spec", "exclude_structured_calendar"),
    "start_at": ("spec", "start_time"),
    "end_at": ("spec", "end_time"),
    "jitter": ("spec", "jitter"),
    "timezone": ("spec", "timezone_name"),
    "overlap": ("policies", "overlap_policy"),
    "catchup_window": ("policies", "catchup_window"),
    "pause_on_failure": ("policies", "pause_on_failure"),
    "workflow_id": ("action", "start_workflow", "workflow_id"),
    "workflow_type": ("action", "start_workflow", "workflow_type", "name"),
    "queue": ("action", "start_workflow", "task_queue", "name"),
    "input": ("action", "start_workflow", "input"),
    "execution_timeout": ("action", "start_workflow", "workflow_execution_timeout"),
    "run_timeout": ("action", "start_workflow", "workflow_run_timeout"),
    "task_timeout": ("action", "start_workflow", "workflow_task_timeout"),
    "retry_policy": ("action", "start_workflow", "retry_policy"),
    "memo": ("action", "start_workflow", "memo"),
    "search_attributes": ("action", "start_workflow", "search_attributes"),
    "static_summary": ("action", "start_workflow", "user_metadata", "summary"),
    "static_details": ("action", "start_workflow", "user_metadata", "details"),
    "priority": ("action", "start_workflow", "priority"),
}
"""Where each field of `CanonicalSchedule` stands in the message: all that a write may replace."""


_PAYLOAD_FIELDS = ("input", "memo", "static_summary", "static_details")
"""The fields that go through the codec."""


def overlay(live: Schedule, desired: Schedule, *, fields: Sequence[str]) -> Schedule:
    """Lay the given fields of the desired message over a copy of the live one.

    Args:
        live: As described, just now.
        desired: As it shall be sent, payloads encoded.
        fields: Names of `CanonicalSchedule` fields that differ.
    """
    merged = Schedule()
    merged.CopyFrom(live)
    # A codec may derive its key from the workflow's id, so that nobody could decode the present bytes under another id.
    sealed_anew = _PAYLOAD_FIELDS if "workflow_id" in fields else ()
    for field in (*fields, *sealed_anew):
        *parents, name = FIELD_PATHS[field]
        target: Message = merged
        source: Message = desired
        for parent in parents:
            target, source = getattr(target, parent), getattr(source, parent)
        _replace(target, source, name)
    if "timezone" in fields:
        merged.spec.ClearField("timezone_data")  # it outweighs the name, so the time zone would stay the old one
    return merged


def _replace(target: Message, source: Message, name: str) -> None:
    one_field = type(source)()
    value = getattr(source, name)
    descriptor = source.DESCRIPTOR.fields_by_name[name]
    target.ClearField(name)
    if descriptor.is_repeated:
        getattr(one_field, name).extend(value)
    elif descriptor.message_type is None:
        setattr(one_field, name, value)
    elif source.HasField(name):
        getattr(one_field, name).CopyFrom(value)
    target.MergeFrom(one_field)


def differing_fields(before: CanonicalSchedule, after: CanonicalSchedule) -> tuple[str, ...]:
    """Name the fields in which two schedules differ."""
    return tuple(field for field in FIELD_PATHS if getattr(before, field) != getattr(after, field))


async def encode_payloads(schedule: Schedule, codec: PayloadCodec | None) -> Schedule:
    """Make a copy in which the codec was applied to input, memo and texts."""
    return await _with_payloads(schedule, codec.encode) if codec else schedule


async def decode_payloads(schedule: Schedule, codec: PayloadCodec | None) -> Schedule:
    """Make a copy in which the codec is undone; what it cannot decode stays as it is.

    A stranger's payload, or one of a lost key, is compared as bytes then.
    """

    async def decode(payloads: Sequence[Payload]) -> Sequence[Payload]:
        assert codec is not None  # noqa: S101  for the type checker: only called below
        try:
            return await codec.decode(payloads)
        except Exception:  # noqa: BLE001  a codec is user code and may raise anything
            return payloads

    return await _with_payloads(schedule, decode) if codec else schedule


async def read_plain_text(schedule: Schedule) -> str:
    """Read all that a codec hides in a schedule that is not encoded yet, as text."""
    found: list[bytes] = []

    async def collect(payloads: Sequence[Payload]) -> Sequence[Payload]:
        found.extend(payload.data for payload in payloads)
        return payloads

    await _with_payloads(schedule, collect)
    return b"\n".join(found).decode("utf-8", "replace")


async def _with_payloads(schedule: Schedule, transform: Any) -> Schedule:
    copy = Schedule()
    copy.CopyFrom(schedule)
    action = copy.action.start_workflow
    if action.input.payloads:
        payloads = await transform(list(action.input.payloads))
        del action.input.payloads[:]
        action.input.payloads.extend(payloads)
    for payload in action.memo.fields.values():
        payload.CopyFrom((await transform([payload]))[0])
    metadata = action.user_metadata
    for name in ("summary", "details"):
        if metadata.HasField(name):
            payload = getattr(metadata, name)
            payload.CopyFrom((await transform([payload]))[0])
    return copy
