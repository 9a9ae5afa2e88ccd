"""Desired and live schedules in one comparable form.

The server rewrites what it is given: crons become structured calendars, ranges
gain steps, defaults are filled in, windows are clamped. Desired and live are
both protobuf messages here and both go through `canonicalize`, so that the two
sides can be compared with `==`. Equality decides; nothing else does.

Left out are the fields that belong to the operator (paused, note, limited and
remaining actions) and the fields that jobspec does not know; both are carried
over on every write (:mod:`jobspec.temporal.schedules.messages`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import ScheduleOverlapPolicy
from temporalio.api.schedule.v1 import Schedule, ScheduleAction, StructuredCalendarSpec
from temporalio.api.workflow.v1 import NewWorkflowExecutionInfo

from jobspec.errors import MalformedScheduleError
from jobspec.temporal.plain_json import json_value
from jobspec.timing.calendar import FIELDS, Calendar
from jobspec.timing.upcoming import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.timestamp_pb2 import Timestamp
    from temporalio.api.common.v1 import Payload, Priority as PriorityMessage, RetryPolicy as RetryPolicyMessage
    from temporalio.api.schedule.v1 import IntervalSpec, Range, ScheduleSpec

SECOND = 1_000_000_000
MILLISECOND = 1_000_000

DEFAULT_CATCHUP_WINDOW = 365 * 24 * 3600 * SECOND
SHORTEST_CATCHUP_WINDOW = 10 * SECOND
"""Service/worker/scheduler/workflow.go, `DefaultCatchupWindow` and `MinCatchupWindow`."""

DEFAULT_TASK_TIMEOUT = 10 * SECOND
"""common/primitives/defaults.go, `DefaultWorkflowTaskTimeout`."""

DEFAULT_RETRY_INTERVAL = SECOND
DEFAULT_BACKOFF = 2.0
DEFAULT_MAXIMUM_INTERVAL_FACTOR = 100
"""common/retrypolicy, the default retry settings of dynamic config."""

JSON_ENCODINGS = ("json/plain", "json/protobuf")


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalPayload:
    """A value as Temporal keeps it, with the codec undone.

    Attributes:
        encoding: The payload's `encoding`, such as `json/plain` or `binary/null`.
        value: JSON text with sorted keys, in which `true`, `1` and `1.0` differ; bytes where it is no JSON.
    """

    encoding: str
    value: str | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalRetryPolicy:
    """A retry policy with every default explicit; intervals in nanoseconds."""

    initial_interval: int
    backoff_coefficient: float
    maximum_interval: int
    maximum_attempts: int
    non_retryable_error_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalPriority:
    """A priority; 0 and empty mean the server's default."""

    priority_key: int
    fairness_key: str
    fairness_weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalSchedule:
    """All of a schedule that a spec decides, in the server's vocabulary, every default explicit.

    Times and durations are integers in nanoseconds, times since the Unix epoch; a timeout of 0 is none.
    """

    calendars: frozenset[Calendar]
    intervals: frozenset[Interval]
    skip: frozenset[Calendar]
    start_at: int | None
    end_at: int | None
    jitter: int
    timezone: str
    overlap: str
    catchup_window: int
    pause_on_failure: bool
    workflow_id: str
    workflow_type: str
    queue: str
    input: tuple[CanonicalPayload, ...]
    execution_timeout: int
    run_timeout: int
    task_timeout: int
    retry_policy: CanonicalRetryPolicy | None
    memo: tuple[tuple[str, CanonicalPayload], ...]
    search_attributes: tuple[tuple[str, str], ...]
    static_summary: CanonicalPayload | None
    static_details: CanonicalPayload | None
    priority: CanonicalPriority


def canonicalize(schedule: Schedule) -> CanonicalSchedule:
    """Bring a schedule message into the comparable form.

    Args:
        schedule: As described by the server, or as we would send it; payloads with the codec undone.

    Raises:
        MalformedScheduleError: The schedule starts no workflow, which the workflow-backed scheduler accepts.
    """
    if not schedule.action.HasField("start_workflow"):
        raise MalformedScheduleError("the schedule has no action, so it cannot run anything")
    spec, action, policies = schedule.spec, schedule.action.start_workflow, schedule.policies
    return CanonicalSchedule(
        calendars=canonical_calendars(spec.structured_calendar),
        intervals=frozenset(map(_interval, spec.interval)),
        skip=canonical_calendars(spec.exclude_structured_calendar),
        start_at=_instant(spec, "start_time"),
        end_at=_instant(spec, "end_time"),
        jitter=_whole_milliseconds(spec.jitter),
        timezone=spec.timezone_name or "UTC",
        overlap=_overlap(policies.overlap_policy),
        catchup_window=_catchup_window(policies.catchup_window),
        pause_on_failure=policies.pause_on_failure,
        workflow_id=action.workflow_id,
        workflow_type=action.workflow_type.name,
        queue=action.task_queue.name,
        input=tuple(map(canonical_payload, action.input.payloads)),
        execution_timeout=_nanoseconds(action.workflow_execution_timeout),
        run_timeout=_nanoseconds(action.workflow_run_timeout),
        task_timeout=_nanoseconds(action.workflow_task_timeout) or DEFAULT_TASK_TIMEOUT,
        retry_policy=_retry_policy(action.retry_policy) if action.HasField("retry_policy") else None,
        memo=tuple(sorted((key, canonical_payload(value)) for key, value in action.memo.fields.items())),
        search_attributes=_search_attributes(action.search_attributes.indexed_fields),
        static_summary=_text_payload(action, "summary"),
        static_details=_text_payload(action, "details"),
        priority=_priority(action.priority) if action.HasField("priority") else _NO_PRIORITY,
    )


def canonical_calendars(calendars: Iterable[StructuredCalendarSpec]) -> frozenset[Calendar]:
    """Bring structured calendars into sets of values; order and repetition mean nothing to the server."""
    return frozenset(_calendar(calendar.SerializeToString(deterministic=True)) for calendar in calendars)


def uncommented(calendars: frozenset[Calendar]) -> frozenset[Calendar]:
    """Leave out the comments, which people read and the server does not."""
    return frozenset(replace(calendar, comment="") for calendar in calendars)


@lru_cache(maxsize=8192)
def _calendar(encoded: bytes) -> Calendar:
    """Expand one calendar; many schedules share few, and holidays are expanded to every second of a day."""
    message = StructuredCalendarSpec.FromString(encoded)
    years = _values(message.year, "year")
    low, high, *_ = FIELDS["year"]
    return Calendar(
        second=_values(message.second, "second"),
        minute=_values(message.minute, "minute"),
        hour=_values(message.hour, "hour"),
        day_of_month=_values(message.day_of_month, "day_of_month"),
        month=_values(message.month, "month"),
        year=None if not message.year or len(years) == high - low + 1 else years,
        day_of_week=_values(message.day_of_week, "day_of_week"),
        comment=message.comment,
    )


def _values(ranges: Iterable[Range], field: str) -> tuple[int, ...]:
    """Expand ranges to the values that can occur; skip calendars of strangers may hold any numbers."""
    low, high, *_ = FIELDS[field]
    values: set[int] = set()
    for entry in ranges:
        step = max(entry.step, 1)
        end = max(entry.end, entry.start)
        first = entry.start if entry.start >= low else entry.start + -(-(low - entry.start) // step) * step
        values.update(range(first, min(end, high) + 1, step))
    if field == "day_of_week":
        values = {value % 7 for value in values}
    return tuple(sorted(values))


def _interval(message: IntervalSpec) -> Interval:
    return Interval(every=max(message.interval.seconds, 1), offset=message.phase.seconds)


def _instant(spec: ScheduleSpec, field: str) -> int | None:
    stamp: Timestamp = getattr(spec, field)
    return stamp.seconds * SECOND + stamp.nanos if spec.HasField(field) else None  # type: ignore[arg-type]


def _nanoseconds(duration: Duration) -> int:
    return max(duration.seconds * SECOND + duration.nanos, 0)


def _whole_milliseconds(duration: Duration) -> int:
    return _nanoseconds(duration) // MILLISECOND * MILLISECOND


_OVERLAP_NAMES = {
    number: name.removeprefix("SCHEDULE_OVERLAP_POLICY_").lower() for name, number in ScheduleOverlapPolicy.items()
} | {ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED: "skip"}


def _overlap(value: ScheduleOverlapPolicy.ValueType) -> str:
    """Name the policy in the spec's words; a number that this version does not know stays a number."""
    return _OVERLAP_NAMES.get(value, str(value))


def _catchup_window(duration: Duration) -> int:
    window = _nanoseconds(duration)
    return max(window, SHORTEST_CATCHUP_WINDOW) if window else DEFAULT_CATCHUP_WINDOW


def _retry_policy(message: RetryPolicyMessage) -> CanonicalRetryPolicy:
    initial = _nanoseconds(message.initial_interval) or DEFAULT_RETRY_INTERVAL
    return CanonicalRetryPolicy(
        initial_interval=initial,
        backoff_coefficient=message.backoff_coefficient or DEFAULT_BACKOFF,
        maximum_interval=_nanoseconds(message.maximum_interval) or initial * DEFAULT_MAXIMUM_INTERVAL_FACTOR,
        maximum_attempts=message.maximum_attempts,
        non_retryable_error_types=tuple(sorted(set(message.non_retryable_error_types))),
    )


def _priority(message: PriorityMessage) -> CanonicalPriority:
    return CanonicalPriority(
        priority_key=message.priority_key,
        fairness_key=message.fairness_key,
        fairness_weight=message.fairness_weight,
    )


_NO_PRIORITY = CanonicalPriority(priority_key=0, fairness_key="", fairness_weight=0.0)


def _text_payload(action: NewWorkflowExecutionInfo, field: str) -> CanonicalPayload | None:
    metadata = action.user_metadata
    if not metadata.HasField(field):  # type: ignore[arg-type]
        return None
    payload: Payload = getattr(metadata, field)
    return canonical_payload(payload) if payload.metadata or payload.data else None


def _search_attributes(fields: Mapping[str, Payload]) -> tuple[tuple[str, str], ...]:
    """Compare search attributes by value: the server adds the type, and a list of one is that one."""
    values = []
    for key, payload in fields.items():
        value = json_value(payload)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is not None:
            values.append((key, canonical_json(value)))
    return tuple(sorted(values))


def canonical_payload(payload: Payload) -> CanonicalPayload:
    """Bring a payload into the form in which two equal values are equal."""
    encoding = payload.metadata.get("encoding", b"").decode("utf-8", "replace")
    if encoding in JSON_ENCODINGS:
        try:
            return CanonicalPayload(encoding=encoding, value=canonical_json(json.loads(payload.data)))
        except (ValueError, RecursionError):
            pass  # no JSON after all: bytes are all there is to compare
    return CanonicalPayload(encoding=encoding, value=payload.data)


def canonical_json(value: Any) -> str:
    """Write JSON so that equal values give equal text, and `1`, `1.0` and `true` do not."""
    return _encode(value)


_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
"""One encoder for all: `json.dumps` makes a new one each time, which takes longer than to encode."""

EMPTY = canonicalize(Schedule(action=ScheduleAction(start_workflow=NewWorkflowExecutionInfo())))
"""A schedule that says nothing: for one of which no more than the name is known."""
