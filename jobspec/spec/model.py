"""What a job is: the vocabulary of a spec, validated and frozen.

One class serves the files and the library: `JobSpec` is what remains of a job
after defaults and the environment were merged, and what code may build by hand.
Every value keeps the form in which it was written (a cron stays its text, a
calendar field stays `"9-17"`); what it means is computed from it on demand.

Validators say what is wrong by raising a pydantic error whose type is a code of
:data:`jobspec.diagnostics.RULES`, so that a mistake in a file and the same
mistake in code read alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from jobspec.timing.calendar import Calendar, CalendarError, parse_field
from jobspec.timing.cron import CronError, parse_cron
from jobspec.timing.duration import DurationError, format_duration, parse_duration
from jobspec.timing.upcoming import Interval, Timetable, is_known_timezone, nearest_timezones

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}"
"""Job names and workflow ids; the server would take nearly anything, also what no shell or URL can carry."""

EXCLUSIVE_KEYS = (("input", "args"), ("input_model", "input_schema"), ("args", "input_schema"))
"""Keys of a job of which only one may be set; a schema judges one value, so several arguments have none."""

LONGEST_TIMEOUT = timedelta(days=36500)
"""The server cuts longer workflow timeouts to this (common/util.go, `MaxDuration` of 100 years)."""

LONGEST_QUEUE_OR_TYPE = 1000
"""Bytes; the server's limit for task queues and workflow types (`limit.maxIDLength`)."""

LONGEST_FAIRNESS_KEY = 64
"""Bytes; the server takes a longer key into the schedule and then never starts the workflow."""


def mistake(code: str, message: str, hint: str = "", **context: Any) -> PydanticCustomError:
    """Make the error that a validator raises.

    Args:
        code: A key of `jobspec.diagnostics.RULES`.
        message: One sentence on what is wrong.
        hint: What to do.
        context: `path` names the offending part where it is deeper than the validated value, `span` is a (start, end)
            offset inside the offending text, and `other` is the key beside the offending one that it does not fit.
    """
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint, **context})


def _check_text(value: Any, what: str, longest: int) -> str:
    if not isinstance(value, str):
        raise mistake("JS110", f"{what} must be text, not {kind_of(value)}", _quoting_hint(value))
    if not value.strip() or value != value.strip():
        raise mistake("JS203", f"{what} must not be empty, nor begin or end with a space")
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise mistake("JS203", f"{what} must not hold control characters such as newlines")
    if len(value.encode()) > longest:
        raise mistake("JS203", f"{what} is longer than {longest} bytes, the most the server takes")
    return value


def kind_of(value: Any) -> str:  # noqa: PLR0911  one line a kind
    """Name a value's type as a person who writes YAML would."""
    match value:
        case None:
            return "null"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number `{value}`"
        case str():
            return "text"
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case _:
            return type(value).__name__


def _identifier(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise mistake("JS110", f"{what} must be text, not {kind_of(value)}", _quoting_hint(value))
    if not re.fullmatch(NAME_PATTERN, value, re.ASCII):
        raise mistake(
            "JS201",
            f"{what} {_quoted(value)} is not allowed",
            "use 1 to 200 letters, digits and . _ : / -, beginning with a letter or digit",
        )
    return value


def _quoting_hint(value: Any) -> str:
    return f'write "{value}" in quotes' if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _quoted(value: str) -> str:
    shown = value if len(value) <= 60 else value[:57] + "..."  # noqa: PLR2004
    return "`" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown) + "`"


def _job_name(value: Any) -> str:
    return _identifier(value, "the name")


def _workflow_id(value: Any) -> str:
    return _identifier(value, "the workflow id")


def _queue(value: Any) -> str:
    text = _check_text(value, "the task queue", LONGEST_QUEUE_OR_TYPE)
    if text.startswith("/_sys/"):
        raise mistake("JS203", "a task queue must not begin with `/_sys/`, which Temporal keeps for itself")
    return text


def _workflow_type(value: Any) -> str:
    return _check_text(value, "the workflow type", LONGEST_QUEUE_OR_TYPE)


def _import_path(value: Any) -> str:
    if not isinstance(value, str):
        raise mistake("JS110", f"an import path must be text, not {kind_of(value)}")
    module, colon, attribute = value.partition(":")
    if not colon:
        package, _, last = value.rpartition(".")
        hint = f"write `{package}:{last}`" if package and last else "write it as `package.module:Name`"
        raise mistake("JS202", f"the import path {_quoted(value)} has no `:` between module and name", hint)
    if not (_is_dotted(module) and _is_dotted(attribute)):
        raise mistake("JS202", f"{_quoted(value)} is no import path", "write it as `package.module:Name`")
    return value


@lru_cache(maxsize=1024)
def _is_dotted(name: str) -> bool:
    """Whether a name is identifiers with dots between; jobs share modules and classes."""
    return all(part.isidentifier() for part in name.split("."))


def check_duration(value: Any) -> timedelta:
    """Read a duration of a spec, or say in a person's words why it is none."""
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise mistake("JS210", "a duration cannot be negative")
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise mistake(
            "JS210", f"`{value}` has no unit", f"write `{value}s` if seconds are meant, or `5m`, `1h30m`, `2d`"
        )
    if not isinstance(value, str):
        raise mistake("JS210", f"a duration must be text such as `90s`, not {kind_of(value)}")
    try:
        return parse_duration(value)
    except DurationError as error:
        raise mistake("JS210", str(error), "write it as `90s`, `5m`, `1h30m`, `500ms` or `2d`") from error


def _positive_duration(value: Any) -> timedelta:
    duration = check_duration(value)
    if not duration:
        raise mistake("JS211", "this duration must be longer than zero", "leave it out to have no limit")
    return duration


def _timeout(value: Any) -> timedelta:
    duration = _positive_duration(value)
    if duration > LONGEST_TIMEOUT:
        raise mistake("JS211", "the server cuts timeouts longer than 100 years", "leave it out to have no timeout")
    return duration


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
            raise mistake("JS215", f"{_quoted(value)} is finer than a microsecond")
        try:
            instant = datetime.fromisoformat(value.upper())
        except ValueError as error:
            raise mistake("JS215", f"{_quoted(value)} is no date and time: {error}", _INSTANT_HINT) from error
    else:
        shown = _quoted(value) if isinstance(value, str) else kind_of(value)
        raise mistake("JS215", f"a date and time is wanted, not {shown}", _INSTANT_HINT)
    if instant.tzinfo is None:
        raise mistake("JS215", f"`{value}` does not say in which time zone it is", _INSTANT_HINT)
    return instant


_INSTANT_HINT = "write it as `2027-01-01T00:00:00Z` or with an offset such as `+01:00`"


def _timezone(value: Any) -> str:
    if not isinstance(value, str):
        raise mistake("JS216", f"a time zone is a name such as `Europe/Berlin`, not {kind_of(value)}")
    if not is_known_timezone(value):
        nearest = nearest_timezones(value)
        hint = f"did you mean `{nearest[0]}`?" if nearest else "use an IANA name such as `Europe/Berlin` or `UTC`"
        raise mistake("JS216", f"there is no time zone {_quoted(value)}", hint)
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


def _as_list(value: Any) -> Any:
    """Let one entry stand for a list of one, as the file format does."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _attribute(value: Any) -> Any:
    if isinstance(value, list | tuple) and not value:
        raise mistake("JS110", "a search attribute must not be an empty list", "leave it out to have none")
    return _as_tuple(value)


def _interval_text(value: Any) -> Any:
    return {"every": value} if isinstance(value, str | timedelta | int | float) else value


def _workflow_text(value: Any) -> Any:
    if isinstance(value, Mapping | WorkflowRef):
        return value
    path = _import_path(value)
    return {"type": path.rpartition(":")[2].rpartition(".")[2], "class": path}


def _skip_date(value: Any) -> Any:
    if isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, date):
        value = value.isoformat()
    if isinstance(value, Mapping | CalendarSpec):
        return value
    if not isinstance(value, str):
        raise mistake("JS222", f"a date or a calendar is wanted, not {kind_of(value)}", _SKIP_HINT)
    try:
        day = date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII) else None
    except ValueError as error:
        raise mistake("JS222", f"{_quoted(value)} is no date: {error}") from error
    if day is None:
        raise mistake("JS222", f"{_quoted(value)} is no date", _SKIP_HINT)
    return {"year": day.year, "month": day.month, "day_of_month": day.day}


_SKIP_HINT = "write a date as `2026-12-25`, or a calendar mapping such as `{month: 12, day_of_month: 25}`"


def _calendar_field(name: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        value = _as_tuple(value)
        try:
            parse_field(name, value)
        except CalendarError as error:
            path = () if error.index is None else (error.index,)
            raise mistake("JS221", str(error), error.hint, path=path) from error
        return value

    return BeforeValidator(check)


def _calendar_schema(low: int, high: int, examples: list[Any]) -> WithJsonSchema:
    entry = {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, {"type": "string", "minLength": 1}]}
    return WithJsonSchema(
        {"anyOf": [*entry["anyOf"], {"type": "array", "items": entry, "minItems": 1}], "examples": examples}
    )


DURATION_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w)",
        "examples": ["90s", "5m", "1h30m", "2d"],
    }
)
_INSTANT_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "format": "date-time",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].*([Zz]|[+-][0-9]{2}:?[0-9.:]*)$",
        "examples": ["2027-01-01T00:00:00Z"],
    }
)
_NAME_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN}$", "examples": ["orders-sync"]})
_IMPORT_PATH_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^[^:\s]+:[^:\s]+$"})
_TEXT_SCHEMA = WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_QUEUE_OR_TYPE})

JobName = Annotated[str, BeforeValidator(_job_name), _NAME_SCHEMA]
WorkflowId = Annotated[str, BeforeValidator(_workflow_id), _NAME_SCHEMA]
TaskQueue = Annotated[str, BeforeValidator(_queue), _TEXT_SCHEMA]
WorkflowType = Annotated[str, BeforeValidator(_workflow_type), _TEXT_SCHEMA]
ImportPath = Annotated[str, BeforeValidator(_import_path), _IMPORT_PATH_SCHEMA]
PositiveDuration = Annotated[timedelta, BeforeValidator(_positive_duration), DURATION_SCHEMA]
Timeout = Annotated[timedelta, BeforeValidator(_timeout), DURATION_SCHEMA]
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
CalendarField = int | str | tuple[int | str, ...] | None


class OverlapPolicy(StrEnum):
    """What happens when a run is due while the one before still runs; Temporal's policies."""

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    BUFFER_ALL = "buffer_all"
    CANCEL_OTHER = "cancel_other"
    TERMINATE_OTHER = "terminate_other"
    ALLOW_ALL = "allow_all"


class SpecPart(BaseModel):
    """What all parts of a spec have in common: frozen, strict, and no unknown key."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


class WorkflowRef(SpecPart):
    """Which workflow a job runs: its type in Temporal and, for Python, where its class is."""

    type: WorkflowType
    """The workflow type that Temporal starts."""

    import_path: Annotated[ImportPath | None, Field(alias="class", examples=["shop.workflows:SyncOrders"])] = None
    """Import path of the class, as `package.module:Class`; left out for workflows in other languages."""


class IntervalSpec(SpecPart):
    """Every so often, counted from the Unix epoch, whatever the time zone."""

    every: Annotated[Every, Field(examples=["1h"])]
    """Time between two runs; whole seconds, one at least."""

    offset: Annotated[Offset, Field(examples=["5m"])] = timedelta(0)
    """Shift of every run against the epoch; whole seconds, shorter than `every`."""

    @field_validator("offset")
    @classmethod
    def _offset_fits(cls, offset: timedelta, info: ValidationInfo) -> timedelta:
        every = info.data.get("every")
        if every and offset >= every:
            raise mistake("JS212", "the offset must be shorter than the interval", other="every")
        return offset


class CalendarSpec(SpecPart):
    """Times of day and days at which a job runs; all fields must match.

    In `calendar` what is left out means 0 for second, minute and hour and every value for the rest; in `skip` it means
    every value.
    """

    second: Annotated[CalendarField, _calendar_field("second"), _calendar_schema(0, 59, [0, "*/15"])] = None
    """Seconds, 0 to 59."""
    minute: Annotated[CalendarField, _calendar_field("minute"), _calendar_schema(0, 59, [30, "*/5"])] = None
    """Minutes, 0 to 59."""
    hour: Annotated[CalendarField, _calendar_field("hour"), _calendar_schema(0, 23, [9, "9-17"])] = None
    """Hours, 0 to 23."""
    day_of_month: Annotated[CalendarField, _calendar_field("day_of_month"), _calendar_schema(1, 31, [1, "1,15"])] = None
    """Days of the month, 1 to 31."""
    month: Annotated[CalendarField, _calendar_field("month"), _calendar_schema(1, 12, [1, "JAN-MAR"])] = None
    """Months, 1 to 12 or their English names."""
    year: Annotated[CalendarField, _calendar_field("year"), _calendar_schema(2000, 2100, [2027])] = None
    """Years, 2000 to 2100."""
    day_of_week: Annotated[CalendarField, _calendar_field("day_of_week"), _calendar_schema(0, 7, ["MON-FRI", 0])] = None
    """Days of the week, 0 (Sunday) to 6 or their English names; 7 is Sunday too."""
    comment: Annotated[str, Field(examples=["mornings"])] = ""
    """Shown in the Temporal UI; 200 bytes at most."""

    @field_validator("comment")
    @classmethod
    def _comment_fits(cls, comment: str) -> str:
        if len(comment.encode()) > 200:  # noqa: PLR2004  the server's limit, service/worker/scheduler/calendar.go
            raise mistake("JS221", "the comment is longer than 200 bytes, the most the server takes")
        return comment

    def compile(self, *, left_out: Literal["start", "every"]) -> Calendar:
        """Make the sets of values that match.

        Args:
            left_out: What an absent second, minute or hour means: `start` is 0, `every` is all of them.
        """
        time_default = 0 if left_out == "start" else "*"
        defaults: dict[str, int | str] = {"second": time_default, "minute": time_default, "hour": time_default}
        fields = {name: getattr(self, name) for name in _CALENDAR_FIELDS}
        values = {
            name: parse_field(name, defaults.get(name, "*") if value is None else value)
            for name, value in fields.items()
        }
        return Calendar(**values, comment=self.comment)  # type: ignore[arg-type]


_CALENDAR_FIELDS = ("second", "minute", "hour", "day_of_month", "month", "year", "day_of_week")


class ScheduleSpec(SpecPart):
    """When a job runs: exactly one of `interval`, `cron` and `calendar`, or a list of entries of that one kind."""

    interval: Annotated[
        tuple[Annotated[IntervalSpec, BeforeValidator(_interval_text)], ...],
        BeforeValidator(_as_list),
        Field(examples=["1h", {"every": "1h", "offset": "5m"}]),
    ] = ()
    """Every so often: a duration, or `every` with an `offset`, or a list of these."""

    cron: Annotated[tuple[CronText, ...], BeforeValidator(_as_list), Field(examples=["0 9 * * MON-FRI"])] = ()
    """Cron expression of 5, 6 (with year) or 7 (with seconds and year) fields, or `@daily` and its like, or a list."""

    calendar: Annotated[
        tuple[CalendarSpec, ...], BeforeValidator(_as_list), Field(examples=[{"hour": 9, "day_of_week": "MON-FRI"}])
    ] = ()
    """Calendar fields, or a list of such mappings."""

    timezone: TimezoneName = "UTC"
    """IANA time zone of `cron`, `calendar` and `skip`; has no meaning for intervals."""

    skip: Annotated[
        tuple[Annotated[CalendarSpec, BeforeValidator(_skip_date)], ...],
        BeforeValidator(_as_tuple),
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


class RetryPolicy(SpecPart):
    """How a failed run is tried again; Temporal's words and defaults."""

    initial_interval: PositiveDuration = timedelta(seconds=1)
    """Wait before the first retry."""

    backoff_coefficient: Annotated[float, Field(json_schema_extra={"minimum": 1})] = 2.0
    """Factor by which each wait grows; 1 at least."""

    maximum_interval: PositiveDuration | None = None
    """Longest wait; default: a hundred times the initial interval."""

    maximum_attempts: Annotated[int, Field(json_schema_extra={"minimum": 0})] = 0
    """How many attempts in all; 0 has no limit."""

    non_retryable_error_types: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    """Error types that are not tried again."""

    # The scheduler stores any policy; starting the workflow then fails (common/retrypolicy, Validate).

    @field_validator("backoff_coefficient")
    @classmethod
    def _backoff_grows(cls, coefficient: float) -> float:
        if not 1.0 <= coefficient < float("inf"):
            raise mistake("JS230", "the backoff coefficient must be 1 or more")
        return coefficient

    @field_validator("maximum_interval")
    @classmethod
    def _intervals_grow(cls, maximum: timedelta | None, info: ValidationInfo) -> timedelta | None:
        initial = info.data.get("initial_interval")
        if maximum and initial and maximum < initial:
            message = "the maximum interval must not be shorter than the initial one"
            raise mistake("JS230", message, other="initial_interval")
        return maximum

    @field_validator("maximum_attempts")
    @classmethod
    def _attempts_count(cls, attempts: int) -> int:
        if attempts < 0:
            raise mistake("JS230", "the number of attempts cannot be negative", "write 0 for no limit")
        return attempts


class Priority(SpecPart):
    """Which of the waiting runs a worker takes first; Temporal's words."""

    priority_key: Annotated[int | None, Field(json_schema_extra={"minimum": 1})] = None
    """1 is the most urgent."""

    fairness_key: str = ""
    """Runs with the same key share their part of the capacity; 64 bytes at most."""

    fairness_weight: Annotated[float | None, Field(json_schema_extra={"minimum": 0.001, "maximum": 1000})] = None
    """Share of the capacity of this key against others; 0.001 to 1000."""

    # The scheduler stores any priority; starting the workflow then fails (common/priorities, Validate).

    @field_validator("priority_key")
    @classmethod
    def _key_counts(cls, key: int | None) -> int | None:
        if key is not None and key < 1:
            raise mistake("JS231", "the priority key must be 1 or more")
        return key

    @field_validator("fairness_key")
    @classmethod
    def _key_fits(cls, key: str) -> str:
        if len(key.encode()) > LONGEST_FAIRNESS_KEY:
            raise mistake("JS231", "the fairness key is longer than 64 bytes")
        return key

    @field_validator("fairness_weight")
    @classmethod
    def _weight_fits(cls, weight: float | None) -> float | None:
        if weight is not None and not 0.001 <= weight <= 1000:  # noqa: PLR2004
            raise mistake("JS231", "the fairness weight must be from 0.001 to 1000")
        return weight


SearchAttributeValue = str | int | float | bool | tuple[str, ...]


class RunOptions(SpecPart):
    """Options of every run, scheduled or started by hand; Temporal's names."""

    workflow_id: WorkflowId | None = None
    """Workflow id of scheduled runs, to which the server adds the time; default: the job's name."""

    execution_timeout: Timeout | None = None
    """Longest time for a run with all its retries and continuations."""

    run_timeout: Timeout | None = None
    """Longest time for one attempt."""

    task_timeout: Timeout | None = None
    """Longest time for one workflow task; default: 10s."""

    retry_policy: RetryPolicy | None = None
    """How a failed run is tried again; without it a failed run stays failed."""

    memo: dict[str, Any] = Field(default={}, examples=[{"team": "orders"}])
    """Shown with every run."""

    search_attributes: dict[
        str,
        Annotated[
            SearchAttributeValue,
            BeforeValidator(_attribute),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"type": ["string", "number", "boolean"]},
                        {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    ]
                }
            ),
        ],
    ] = Field(default={}, examples=[{"Region": "eu"}])
    """Makes runs findable; the attributes must be registered in the namespace."""

    static_summary: Annotated[str, Field(examples=["Orders of the last hour"])] = ""
    """One line of Markdown, shown with every run in the UI."""

    static_details: str = ""
    """Markdown of several lines, shown with every run in the UI."""

    priority: Priority | None = None
    """Which of the waiting runs a worker takes first."""

    # The server shortens an inner timeout that is longer than an outer one, without a word.

    @field_validator("run_timeout")
    @classmethod
    def _run_ends_in_time(cls, timeout: timedelta | None, info: ValidationInfo) -> timedelta | None:
        outer = info.data.get("execution_timeout")
        if timeout and outer and timeout > outer:
            raise mistake("JS211", "`run_timeout` is longer than `execution_timeout`", other="execution_timeout")
        return timeout

    @field_validator("task_timeout")
    @classmethod
    def _task_ends_in_time(cls, timeout: timedelta | None, info: ValidationInfo) -> timedelta | None:
        key = "run_timeout" if info.data.get("run_timeout") else "execution_timeout"
        outer = info.data.get(key)
        if timeout and outer and timeout > outer:
            raise mistake("JS211", f"`task_timeout` is longer than `{key}`", other=key)
        return timeout


class JobSpec(SpecPart):
    """One job, complete: defaults and the environment are merged in, all values are checked."""

    name: JobName
    """Unique in the project; is the Schedule ID."""

    description: str = ""
    """What the job is for; stays in the file."""

    owner: Annotated[str, Field(examples=["team-orders"])] = ""
    """Who answers for it; stays in the file."""

    tags: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(examples=[["orders", "hourly"]])] = ()
    """Words to select by; stay in the file."""

    queue: Annotated[TaskQueue, Field(examples=["sync-orders"])]
    """Task queue of the workers that run it."""

    workflow: Annotated[
        WorkflowRef,
        BeforeValidator(_workflow_text),
        Field(examples=["shop.workflows:SyncOrders", {"type": "sync-orders"}]),
    ]
    """Import path of the workflow class, or `{type, class}` where the type has another name, or `{type}` alone."""

    activities: Annotated[
        tuple[ImportPath, ...], BeforeValidator(_as_tuple), Field(examples=[["shop.activities:fetch_orders"]])
    ] = ()
    """Import paths of the activities that a worker registers."""

    input: Annotated[Any, Field(examples=[{"region": "eu", "batch_size": 500}])] = None
    """The one argument of the workflow, any value; `null` is a value."""

    args: Annotated[tuple[Any, ...], BeforeValidator(_as_tuple), Field(examples=[["eu", 500]])] = ()
    """The arguments of the workflow where there are several."""

    input_model: Annotated[ImportPath | None, Field(examples=["shop.models:OrdersInput"])] = None
    """Import path of the input's type, anything pydantic can validate; default: the annotation of `run`."""

    input_schema: Annotated[str | None, Field(examples=["orders.schema.json"])] = None
    """JSON Schema file for the input; relative to the file that names it."""

    run: RunOptions = RunOptions()
    """Options of every run."""

    schedule: ScheduleSpec | None = None
    """When it runs; without one it runs on demand."""

    @model_validator(mode="after")
    def _exclusive_fields(self) -> Self:
        for first, second in EXCLUSIVE_KEYS:
            if {first, second} <= self.model_fields_set:
                hint = "keep one of them"
                raise mistake("JS120", f"`{first}` and `{second}` exclude each other", hint, path=(second,))
        return self

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The workflow's arguments as written: none, the one `input`, or `args`."""
        return (self.input,) if "input" in self.model_fields_set else self.args

    @property
    def workflow_id(self) -> str:
        """Workflow id of scheduled runs, without the time that the server adds."""
        return self.run.workflow_id or self.name
