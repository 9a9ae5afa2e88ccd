"""What differs between two schedules, in the words of a spec.

This only explains: whether two schedules differ is decided by `==` on their
canonical form, and every difference that it finds has an explanation here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from jobspec.temporal.schedules.canonical import (
    DEFAULT_BACKOFF,
    DEFAULT_CATCHUP_WINDOW,
    DEFAULT_MAXIMUM_INTERVAL_FACTOR,
    DEFAULT_RETRY_INTERVAL,
    DEFAULT_TASK_TIMEOUT,
    SECOND,
    CanonicalPayload,
    CanonicalPriority,
    CanonicalRetryPolicy,
    CanonicalSchedule,
    uncommented,
)
from jobspec.temporal.schedules.messages import differing_fields
from jobspec.timing.calendar import FIELDS, Calendar, format_calendar, format_field
from jobspec.timing.cron import format_cron
from jobspec.timing.duration import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""A value as JSON has it; None is a null that was written."""


class Absence(Enum):
    """Stands for a value where there is none, which is not the same as a null."""

    ABSENT = "absent"


ABSENT = Absence.ABSENT

_AS_LIVE = "(as it is)"
_AS_SPECIFIED = "(as the spec asks for)"

PRIVATE_FIELDS = ("input", "args", "run.memo", "run.static_summary", "run.static_details")
"""Fields whose values a codec may have been configured to hide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One difference.

    Attributes:
        field: Where it stands in a spec, such as `schedule.cron` or `input.batch_size`.
        before: The live value.
        after: The desired value.
        keys: The steps of `field`, where one of them may be a key of the user's and hold dots.
        is_raw: Whether a value stands for a payload as a whole, so that nothing can be redacted inside it.
    """

    field: str
    before: Plain | Absence
    after: Plain | Absence
    keys: tuple[str, ...] = ()
    is_raw: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        """The steps of the field."""
        return self.keys or tuple(self.field.split("."))

    @property
    def private_field(self) -> str | None:
        """The field of `PRIVATE_FIELDS` that it is, or is a part of; None where it may always be shown."""
        return next((name for name in PRIVATE_FIELDS if self._is_below(name)), None)

    def _is_below(self, name: str) -> bool:
        return self.field == name or self.field.startswith((f"{name}.", f"{name}["))


def explain_difference(
    before: CanonicalSchedule, after: CanonicalSchedule, *, is_live: bool = True
) -> tuple[FieldChange, ...]:
    """Say what differs; empty exactly when the two are equal.

    Args:
        before: The schedule as it is.
        after: The schedule that a spec asks for.
        is_live: Whether `before` is what Temporal has, where nothing says which words it was written in, and not what
            an earlier spec asked for.
    """
    return tuple(
        change
        for field in differing_fields(before, after)
        for change in _explain(field, before, after, is_live=is_live)
    )


def explain_settings(schedule: CanonicalSchedule, *, name: str, is_live: bool = False) -> tuple[FieldChange, ...]:
    """Say all that a schedule sets, apart from what is a default.

    Args:
        schedule: The schedule.
        name: The job's name, which is the default of its workflow id.
        is_live: Whether it is what Temporal has, and not what a spec asks for.
    """
    return tuple(
        replace(change, before=ABSENT, after=change.before)
        for change in explain_difference(schedule, _make_blank(name), is_live=is_live)
        if change.before is not ABSENT
    )


def _make_blank(name: str) -> CanonicalSchedule:
    """Make the schedule that says nothing: every field has its default."""
    return CanonicalSchedule(
        calendars=frozenset(),
        intervals=frozenset(),
        skip=frozenset(),
        start_at=None,
        end_at=None,
        jitter=0,
        timezone="UTC",
        overlap="skip",
        catchup_window=DEFAULT_CATCHUP_WINDOW,
        pause_on_failure=False,
        workflow_id=name,
        workflow_type="",
        queue="",
        input=(),
        execution_timeout=0,
        run_timeout=0,
        task_timeout=DEFAULT_TASK_TIMEOUT,
        retry_policy=None,
        memo=(),
        search_attributes=(),
        static_summary=None,
        static_details=None,
        priority=CanonicalPriority(priority_key=0, fairness_key="", fairness_weight=0.0),
    )


def _explain(
    field: str, before: CanonicalSchedule, after: CanonicalSchedule, *, is_live: bool
) -> Iterator[FieldChange]:
    old, new = getattr(before, field), getattr(after, field)
    match field:
        case "calendars":
            changes = _calendar_changes(old, new, is_live=is_live)
        case "input":
            changes = _input_changes(old, new)
        case "memo":
            changes = _memo_changes(dict(old), dict(new))
        case "static_summary" | "static_details":
            changes = [_payload_change(("run", field), old, new)]
        case "search_attributes":
            changes = _mapping_changes("run.search_attributes", _json_values(old), _json_values(new))
        case "retry_policy":
            changes = _retry_changes(old, new)
        case "priority":
            changes = _mapping_changes("run.priority", _priority_values(old), _priority_values(new))
        case _:
            name, show = _SIMPLE_FIELDS[field]
            changes = [_change(name, show(old), show(new))]
    shown = [change for change in changes if not _same(change.before, change.after)]
    # Equality decides: two values that look alike in a spec's words differ all the same.
    yield from shown or [FieldChange(field=_FIELD_NAMES[field], before=_AS_LIVE, after=_AS_SPECIFIED)]


def _change(field: str, before: Plain, after: Plain) -> FieldChange:
    """Make a change of a field that cannot hold a null, so that None is an absence."""
    return FieldChange(
        field=field, before=ABSENT if before is None else before, after=ABSENT if after is None else after
    )


def _calendar_changes(old: frozenset[Calendar], new: frozenset[Calendar], *, is_live: bool) -> list[FieldChange]:
    only_comments = uncommented(old) == uncommented(new) and not all(map(_is_cron_comment, old | new))
    if only_comments and _comments(old) != _comments(new):
        return [_change("schedule.calendar.comment", _comments(old), _comments(new))]
    key = _find_key(new)
    before = _by_key(old, None if is_live and key != "calendar" else _find_key(old))
    after = _by_key(new, key)
    return [
        _change(f"schedule.{name}", _one_or_list(before[name]), _one_or_list(after[name]))
        for name in ("cron", "calendar")
    ]


def _find_key(calendars: frozenset[Calendar]) -> Literal["cron", "calendar"]:
    """Tell in which key a spec has its calendars: only those from `cron` all have their cron text as their comment."""
    return "cron" if all(map(_is_cron_comment, calendars)) else "calendar"


def _by_key(calendars: frozenset[Calendar], key: Literal["cron", "calendar"] | None) -> dict[str, list[Plain]]:
    """Show calendars under the key of the spec; without one, as cron where that is exact."""
    shown: dict[str, list[Plain]] = {"cron": [], "calendar": []}
    for calendar in sorted(calendars, key=_calendar_order):
        cron = None if key == "calendar" or _has_words(calendar) else format_cron(calendar)
        if cron is not None:
            shown["cron"].append(cron)
        else:
            shown["calendar"].append(_show_calendar(calendar))
    return shown


def _has_words(calendar: Calendar) -> bool:
    """Whether its comment says something else than its cron text, which cron has no place for."""
    return bool(calendar.comment) and not _is_cron_comment(calendar)


def _calendar_order(calendar: Calendar) -> tuple[Any, ...]:
    """Order by time, coarsest field first, so that dates stand in their order."""
    return (calendar.year or (), *reversed(calendar.values[:-1]), calendar.comment)


def _is_cron_comment(calendar: Calendar) -> bool:
    return format_cron(calendar) == calendar.comment


def _show_calendar(calendar: Calendar) -> Plain:
    return dict(format_calendar(calendar))


def _comments(calendars: frozenset[Calendar]) -> Plain:
    return _one_or_list(sorted(calendar.comment for calendar in calendars if calendar.comment))


def _one_or_list(values: list[Any]) -> Plain:
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def _input_changes(old: tuple[CanonicalPayload, ...], new: tuple[CanonicalPayload, ...]) -> list[FieldChange]:
    if max(len(old), len(new)) == 1:
        change = _payload_change(("input",), old[0] if old else None, new[0] if new else None)
        return [change] if change.is_raw else _value_changes(("input",), change.before, change.after)
    arguments = [_payload_change(("args",), *pair) for pair in zip_longest(old, new)]
    before = [change.before for change in arguments if change.before is not ABSENT]
    after = [change.after for change in arguments if change.after is not ABSENT]
    is_raw = any(change.is_raw for change in arguments)
    return [FieldChange(field="args", before=before or ABSENT, after=after or ABSENT, is_raw=is_raw)]


def _memo_changes(old: dict[str, CanonicalPayload], new: dict[str, CanonicalPayload]) -> list[FieldChange]:
    return [
        _payload_change(("run", "memo", key), old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys())
    ]


def _payload_change(keys: tuple[str, ...], old: CanonicalPayload | None, new: CanonicalPayload | None) -> FieldChange:
    """Show two payloads as their values, and with their encodings where the values alone look alike."""
    looks_alike = old and new and old != new and _same(_payload_value(old), _payload_value(new))
    before, after = [
        ABSENT if payload is None else _payload_document(payload) if looks_alike else _payload_value(payload)
        for payload in (old, new)
    ]
    is_raw = looks_alike or any(payload is not None and _is_opaque(payload) for payload in (old, new))
    return FieldChange(field=".".join(keys), before=before, after=after, keys=keys, is_raw=bool(is_raw))


def _value_changes(keys: tuple[str, ...], old: Plain | Absence, new: Plain | Absence) -> list[FieldChange]:
    """Descend into mappings, so that one changed key of a large input is one line."""
    if isinstance(old, dict) and isinstance(new, dict) and (old.keys() & new.keys()):
        return [
            change
            for key in sorted(old.keys() | new.keys())
            for change in (
                _value_changes((*keys, key), old[key], new[key])
                if key in old and key in new
                else [_change_of_key((*keys, key), old, new)]
            )
            if not _same(change.before, change.after)
        ]
    return [FieldChange(field=".".join(keys), before=old, after=new, keys=keys)]


def _change_of_key(keys: tuple[str, ...], old: dict[str, Plain], new: dict[str, Plain]) -> FieldChange:
    before, after = [side.get(keys[-1], ABSENT) for side in (old, new)]
    return FieldChange(field=".".join(keys), before=before, after=after, keys=keys)


def _same(old: Plain | Absence, new: Plain | Absence) -> bool:
    """Compare as JSON does, where `1`, `1.0` and `true` differ."""
    if old is ABSENT or new is ABSENT:
        return old is new
    return json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)


def _mapping_changes(field: str, old: dict[str, Plain], new: dict[str, Plain]) -> list[FieldChange]:
    return [
        _change_of_key((*field.split("."), key), old, new)
        for key in sorted(old.keys() | new.keys())
        if not (key in old and key in new and _same(old[key], new[key]))
    ]


def _is_opaque(payload: CanonicalPayload) -> bool:
    """Whether it holds bytes that a spec has no words for."""
    is_null = payload.encoding == "binary/null" and not payload.value
    return isinstance(payload.value, bytes) and not is_null


def _payload_value(payload: CanonicalPayload) -> Plain:
    if isinstance(payload.value, str):
        value: Plain = json.loads(payload.value)
        return value
    if not _is_opaque(payload):
        return None
    digest = hashlib.sha256(payload.value).hexdigest()[:12]
    return f"({len(payload.value)} bytes of {payload.encoding or 'unknown encoding'}, sha256 {digest})"


def _payload_document(payload: CanonicalPayload) -> Plain:
    return {"encoding": payload.encoding, "value": _payload_value(payload)}


def _json_values(fields: tuple[tuple[str, str], ...]) -> dict[str, Plain]:
    return {key: json.loads(value) for key, value in fields}


def _retry_changes(old: CanonicalRetryPolicy | None, new: CanonicalRetryPolicy | None) -> list[FieldChange]:
    """Show a policy that comes or goes as one, for only one of its parts may have been written."""
    if old and new:
        return _mapping_changes("run.retry_policy", _retry_values(old), _retry_values(new))
    before, after = [_retry_settings(policy) if policy else None for policy in (old, new)]
    return [_change("run.retry_policy", before, after)]


def _retry_settings(policy: CanonicalRetryPolicy) -> dict[str, Plain]:
    """Show of a whole policy what is no default."""
    defaults = _retry_values(
        CanonicalRetryPolicy(
            initial_interval=DEFAULT_RETRY_INTERVAL,
            backoff_coefficient=DEFAULT_BACKOFF,
            maximum_interval=policy.initial_interval * DEFAULT_MAXIMUM_INTERVAL_FACTOR,
            maximum_attempts=0,
            non_retryable_error_types=(),
        )
    )
    return {key: value for key, value in _retry_values(policy).items() if value != defaults[key]}


def _retry_values(policy: CanonicalRetryPolicy) -> dict[str, Plain]:
    return {
        "initial_interval": _show_duration(policy.initial_interval),
        "backoff_coefficient": policy.backoff_coefficient,
        "maximum_interval": _show_duration(policy.maximum_interval),
        "maximum_attempts": policy.maximum_attempts,
        "non_retryable_error_types": list(policy.non_retryable_error_types),
    }


def _priority_values(priority: CanonicalPriority) -> dict[str, Plain]:
    values: dict[str, Plain] = {
        "priority_key": priority.priority_key,
        "fairness_key": priority.fairness_key,
        "fairness_weight": priority.fairness_weight,
    }
    return {key: value for key, value in values.items() if value}


def _show_duration(nanoseconds: int) -> str:
    microseconds, rest = divmod(nanoseconds, 1000)
    return f"{nanoseconds}ns" if rest else format_duration(timedelta(microseconds=microseconds))


def _show_optional_duration(nanoseconds: int) -> str | None:
    return _show_duration(nanoseconds) if nanoseconds else None


def show_instant(nanoseconds: int | None) -> str | None:
    """Write a time as RFC 3339 in UTC; years that Python cannot hold stay a number."""
    if nanoseconds is None:
        return None
    seconds, rest = divmod(nanoseconds, SECOND)
    try:
        text = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError, OSError):
        return f"{nanoseconds}ns since 1970"
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{text}{fraction}Z"


def _show_intervals(intervals: frozenset[Any]) -> Plain:
    shown = []
    for interval in sorted(intervals, key=lambda entry: (entry.every, entry.offset)):
        every = _show_duration(interval.every * SECOND)
        offset = interval.offset * SECOND
        shown.append({"every": every, "offset": _show_duration(offset)} if offset else every)
    return _one_or_list(shown)


def _show_skip(skip: frozenset[Calendar]) -> Plain:
    return [_show_skip_entry(calendar) for calendar in sorted(skip, key=_calendar_order)] or None


def _show_skip_entry(calendar: Calendar) -> Plain:
    date = _as_date(calendar)
    return date if date is not None else _show_skip_calendar(calendar)


def _show_skip_calendar(calendar: Calendar) -> Plain:
    """Show the fields of a calendar in `skip`, where what is left out means every value."""
    texts = {name: format_field(name, getattr(calendar, name)) for name in FIELDS}
    shown: dict[str, Plain] = {
        name: int(text) if text.isdigit() else text for name, text in texts.items() if text != "*"
    }
    return {**shown, "comment": calendar.comment} if calendar.comment else shown


def _as_date(calendar: Calendar) -> str | None:
    whole_day = (len(calendar.second), len(calendar.minute), len(calendar.hour)) == (60, 60, 24)
    one_day = calendar.year and len(calendar.year) == len(calendar.month) == len(calendar.day_of_month) == 1
    if not (whole_day and one_day and len(calendar.day_of_week) == 7 and not calendar.comment):  # noqa: PLR2004
        return None
    assert calendar.year is not None  # noqa: S101  one_day says so
    return f"{calendar.year[0]:04d}-{calendar.month[0]:02d}-{calendar.day_of_month[0]:02d}"


def _show_as_is(value: Plain) -> Plain:
    return value


_SIMPLE_FIELDS: Mapping[str, tuple[str, Any]] = {
    "intervals": ("schedule.interval", _show_intervals),
    "skip": ("schedule.skip", _show_skip),
    "start_at": ("schedule.start_at", show_instant),
    "end_at": ("schedule.end_at", show_instant),
    "jitter": ("schedule.jitter", _show_optional_duration),
    "timezone": ("schedule.timezone", _show_as_is),
    "overlap": ("schedule.overlap", _show_as_is),
    "catchup_window": ("schedule.catchup_window", _show_duration),
    "pause_on_failure": ("schedule.pause_on_failure", _show_as_is),
    "workflow_id": ("run.workflow_id", _show_as_is),
    "workflow_type": ("workflow", _show_as_is),
    "queue": ("queue", _show_as_is),
    "execution_timeout": ("run.execution_timeout", _show_optional_duration),
    "run_timeout": ("run.run_timeout", _show_optional_duration),
    "task_timeout": ("run.task_timeout", _show_duration),
}
_FIELD_NAMES: Mapping[str, str] = {
    "calendars": "schedule.calendar",
    "input": "input",
    "memo": "run.memo",
    "search_attributes": "run.search_attributes",
    "retry_policy": "run.retry_policy",
    "priority": "run.priority",
    "static_summary": "run.static_summary",
    "static_details": "run.static_details",
    **{field: name for field, (name, _) in _SIMPLE_FIELDS.items()},
}
