"""When a job runs: the `schedule` of a spec and its parts.

Every value keeps the form in which it was written (a cron stays its text, a
calendar field stays `"9-17"`); what it means is computed from it on demand.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from jobspec.spec.calendars import CalendarSpec, as_calendar
from jobspec.spec.frozen_model import SpecPart, kind_of, mistake
from jobspec.spec.positions import quote
from jobspec.spec.scalars import DURATION_SCHEMA, as_list, as_tuple, check_duration
from jobspec.timing.cron import CronError, parse_cron
from jobspec.timing.duration import format_duration
from jobspec.timing.upcoming import Interval, Timetable, is_known_timezone, suggest_timezone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


def _whole_seconds(value: Any) -> timedelta:
    duration = check_duration(value)
    if duration.microseconds:
        rounded = format_duration(timedelta(seconds=max(1, round(duration.total_seconds()))))
        raise mistake(
            "JS212",
            f"`{format_duration(duration)}` has parts of a second, which the scheduler ignores",
            f"round it to whole seconds, such as `{rounded}`",
        )
    return duration


def _interval_every(value: Any) -> timedelta:
    every = _whole_seconds(value)
    if every < timedelta(seconds=1):
        raise mistake("JS212", "an interval must be at least one second")
    return every


def _jitter(value: Any) -> timedelta:
    jitter = check_duration(value)
    if jitter.microseconds % 1000:
        raise mistake("JS213", "the scheduler ignores jitter finer than a millisecond", "round it to milliseconds")
    return jitter


def _catchup_window(value: Any) -> timedelta:
    window = check_duration(value)
    if not window:
        raise mistake(
            "JS214",
            "a catch-up window of zero means 10s on one of Temporal's schedulers and 365 days on the other",
            "write the shortest window that is meant, `10s` at least",
        )
    return window


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        instant = value
    elif isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}([Tt ]|$)", value, re.ASCII):
        if re.search(r"\.\d{7,}", value):
            raise mistake("JS215", f"{quote(value)} is finer than a microsecond")
        try:
            instant = datetime.fromisoformat(value.upper())
        except ValueError as error:
            raise mistake("JS215", f"{quote(value)} is no date and time: {error}", _INSTANT_HINT) from error
    else:
        shown = quote(value) if isinstance(value, str) else kind_of(value)
        raise mistake("JS215", f"a date and time is wanted, not {shown}", _INSTANT_HINT)
    if instant.tzinfo is None:
        raise mistake("JS215", f"`{value}` does not say in which time zone it is", _INSTANT_HINT)
    return instant


_INSTANT_HINT = "write it as `2027-01-01T00:00:00Z` or with an offset such as `+01:00`"


def _timezone(value: Any) -> str:
    if not isinstance(value, str):
        raise mistake("JS216", f"a time zone is a name such as `Europe/Berlin`, not {kind_of(value)}")
    if not is_known_timezone(value):
        hint = suggest_timezone(value) or "use an IANA name such as `Europe/Berlin` or `UTC`"
        raise mistake("JS216", f"there is no time zone {quote(value)}", hint)
    return value


def _cron(value: Any) -> str:
    if not isinstance(value, str):
        raise mistake("JS220", f"a cron expression is text such as `0 9 * * MON-FRI`, not {kind_of(value)}")
    try:
        parse_cron(value)
    except CronError as error:
        raise mistake("JS220", str(error), error.hint, span=error.span) from error
    return value


def _paused(value: Any) -> str | Literal[True]:
    if value is True:
        return True
    if value is False:
        raise mistake(
            "JS217",
            "`paused: false` is not allowed: a spec that does not pause leaves the pause to the operator",
            "leave `paused` out (or set it to null); `jobspec resume` unpauses",
        )
    if not isinstance(value, str):
        raise mistake("JS217", f"`paused` is true or the reason as text, not {kind_of(value)}")
    if not value.strip():
        raise mistake("JS217", "the reason of a pause must not be empty", "write `paused: true` or a reason")
    return value


def _interval_text(value: Any) -> Any:
    return {"every": value} if isinstance(value, str | timedelta | int | float) else value


_INSTANT_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "format": "date-time",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].*([Zz]|[+-][0-9]{2}:?[0-9.:]*)$",
        "examples": ["2027-01-01T00:00:00Z"],
    }
)

Every = Annotated[timedelta, BeforeValidator(_interval_every), DURATION_SCHEMA]
Offset = Annotated[timedelta, BeforeValidator(_whole_seconds), DURATION_SCHEMA]
Jitter = Annotated[timedelta, BeforeValidator(_jitter), DURATION_SCHEMA]
CatchupWindow = Annotated[timedelta, BeforeValidator(_catchup_window), DURATION_SCHEMA]
Instant = Annotated[datetime, BeforeValidator(_instant), _INSTANT_SCHEMA]
TimezoneName = Annotated[
    str, BeforeValidator(_timezone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin", "UTC"]})
]
CronText = Annotated[
    str, BeforeValidator(_cron), WithJsonSchema({"type": "string", "examples": ["0 9 * * MON-FRI", "@daily"]})
]


class OverlapPolicy(StrEnum):
    """What happens when a run is due while the one before still runs; Temporal's policies."""

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    BUFFER_ALL = "buffer_all"
    CANCEL_OTHER = "cancel_other"
    TERMINATE_OTHER = "terminate_other"
    ALLOW_ALL = "allow_all"


class IntervalSpec(SpecPart):
    """Every so often, counted from the Unix epoch, whatever the time zone."""

    every: Annotated[Every, Field(examples=["1h"])]
    """Time between two runs; whole seconds, one at least."""

    offset: Annotated[Offset, Field(examples=["5m"])] = timedelta(0)
    """Shift of every run against the epoch; whole seconds, shorter than `every`."""

    if TYPE_CHECKING:  # what may be written, which is more than what is kept

        def __init__(self, *, every: timedelta | str, offset: timedelta | str = ...) -> None: ...

    @field_validator("offset")
    @classmethod
    def _offset_fits(cls, offset: timedelta, info: ValidationInfo) -> timedelta:
        every = info.data.get("every")
        if every and offset >= every:
            raise mistake("JS212", "the offset must be shorter than the interval", other="every")
        return offset


class ScheduleSpec(SpecPart):
    """When a job runs: exactly one of `interval`, `cron` and `calendar`, or a list of entries of that one kind."""

    interval: Annotated[
        tuple[Annotated[IntervalSpec, BeforeValidator(_interval_text)], ...],
        BeforeValidator(as_list),
        Field(examples=["1h", {"every": "1h", "offset": "5m"}]),
    ] = ()
    """Every so often: a duration, or `every` with an `offset`, or a list of these."""

    cron: Annotated[tuple[CronText, ...], BeforeValidator(as_list), Field(examples=["0 9 * * MON-FRI"])] = ()
    """Cron expression of 5, 6 (with year) or 7 (with seconds and year) fields, or `@daily` and its like, or a list."""

    calendar: Annotated[
        tuple[CalendarSpec, ...], BeforeValidator(as_list), Field(examples=[{"hour": 9, "day_of_week": "MON-FRI"}])
    ] = ()
    """Calendar fields, or a list of such mappings."""

    timezone: TimezoneName = "UTC"
    """IANA time zone of `cron`, `calendar` and `skip`; has no meaning for intervals."""

    skip: Annotated[
        tuple[Annotated[CalendarSpec, BeforeValidator(as_calendar)], ...],
        BeforeValidator(as_tuple),
        Field(examples=[["2026-12-25", {"month": 1, "day_of_month": 1}]]),
    ] = ()
    """When not to run: a list of dates or calendars; what a calendar leaves out means every value."""

    start_at: Instant | None = None
    """No run before this time; an offset is required."""

    end_at: Instant | None = None
    """No run after this time; an offset is required."""

    jitter: Annotated[Jitter, Field(examples=["30s"])] = timedelta(0)
    """Each run starts up to this much later, by an amount that is fixed for the run."""

    overlap: Annotated[OverlapPolicy, Field(strict=False)] = OverlapPolicy.SKIP
    """What happens when a run is due while the one before still runs."""

    catchup_window: Annotated[CatchupWindow, Field(examples=["1h"])] = timedelta(days=365)
    """How late a run may still start after the server was away."""

    pause_on_failure: bool = False
    """Whether the schedule pauses itself when a run fails."""

    paused: Annotated[
        str | Literal[True] | None,
        BeforeValidator(_paused),
        WithJsonSchema({"anyOf": [{"const": True}, {"type": "string", "minLength": 1}]}),
        Field(examples=[True, "Waiting for the new warehouse"]),
    ] = None
    """`true` or a reason pauses the schedule; left out, the operator decides."""

    if TYPE_CHECKING:  # what may be written, which is more than what is kept

        def __init__(  # noqa: PLR0913  one argument a field
            self,
            *,
            interval: IntervalSpec | timedelta | str | Sequence[IntervalSpec | timedelta | str] = ...,
            cron: str | Sequence[str] = ...,
            calendar: CalendarSpec | Sequence[CalendarSpec] = ...,
            timezone: str = ...,
            skip: Sequence[CalendarSpec | date | str] = ...,
            start_at: datetime | str | None = ...,
            end_at: datetime | str | None = ...,
            jitter: timedelta | str = ...,
            overlap: OverlapPolicy | str = ...,
            catchup_window: timedelta | str = ...,
            pause_on_failure: bool = ...,
            paused: str | Literal[True] | None = ...,
        ) -> None: ...

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [kind for kind in ("interval", "cron", "calendar") if getattr(self, kind)]
        if len(kinds) > 1:
            named = " and ".join(f"`{kind}`" for kind in kinds)
            raise mistake("JS120", f"{named} exclude each other", "keep one of them", path=(kinds[-1],))
        if not kinds:
            raise mistake("JS120", "the schedule does not say when", "set one of `interval`, `cron` and `calendar`")
        return self

    @cached_property
    def timetable(self) -> Timetable:
        """When the job fires, with all text compiled."""
        calendars = [parse_cron(text) for text in self.cron]
        calendars += [calendar.compile(left_out="start") for calendar in self.calendar]
        return Timetable(
            calendars=tuple(calendars),
            intervals=tuple(
                Interval(every=_seconds(interval.every), offset=_seconds(interval.offset)) for interval in self.interval
            ),
            skip=tuple(calendar.compile(left_out="every") for calendar in self.skip),
            start_at=self.start_at,
            end_at=self.end_at,
            timezone=self.timezone,
        )


def _seconds(duration: timedelta) -> int:
    return duration // timedelta(seconds=1)
