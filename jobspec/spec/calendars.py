"""Calendars as a spec writes them: times and days at which a job runs, or is skipped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from jobspec.spec.frozen_model import SpecPart, kind_of, mistake
from jobspec.spec.positions import quote
from jobspec.spec.scalars import as_tuple
from jobspec.timing.calendar import Calendar, CalendarError, parse_field


def _calendar_field(name: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        value = as_tuple(value)
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


CalendarField = int | str | tuple[int | str, ...] | None


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


def as_calendar(value: Any) -> Any:
    """Let a date stand for the calendar of that day, as `skip` does."""
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
        raise mistake("JS222", f"{quote(value)} is no date: {error}") from error
    if day is None:
        raise mistake("JS222", f"{quote(value)} is no date", _SKIP_HINT)
    return {"year": day.year, "month": day.month, "day_of_month": day.day}


_SKIP_HINT = "write a date as `2026-12-25`, or a calendar mapping such as `{month: 12, day_of_month: 25}`"
