"""Calendars as sets of values: the seconds, minutes … years at which a job may fire.

Temporal holds a calendar as lists of ranges. Two lists that cover the same
values fire alike, so here a calendar is the values themselves: equal calendars
are equal objects. Syntax and limits are the server's
(``service/worker/scheduler/calendar.go``), except that what it takes by
accident, such as ``+5``, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_MONTHS = (
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
)
_DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")


class FieldRange(NamedTuple):
    """What a calendar field may hold.

    Attributes:
        low: The smallest value.
        high: The largest value.
        names: Full names of the values from ``low`` on, in capitals; empty where there are none.
        shortest_name: How many letters of a name the server wants at least.
    """

    low: int
    high: int
    names: tuple[str, ...] = ()
    shortest_name: int = 0


FIELDS = {
    "second": FieldRange(0, 59),
    "minute": FieldRange(0, 59),
    "hour": FieldRange(0, 23),
    "day_of_month": FieldRange(1, 31),
    "month": FieldRange(1, 12, _MONTHS, 3),
    "day_of_week": FieldRange(0, 6, _DAYS, 2),
    "year": FieldRange(2000, 2100),
}
"""The fields of a calendar by name, finest first; a day of the week may also be written 7, which is Sunday."""

_ALL_YEARS = tuple(range(2000, 2101))
_PART = re.compile(r"([^-/]+)(?:-([^-/]+))?(?:/([^-/]+))?")
_SUNDAY_AGAIN = 7
_MOST_DIGITS = 6
_PAIR = 2


class CalendarError(ValueError):
    """A calendar field is wrong.

    Attributes:
        field: The field's name, a key of :data:`FIELDS`.
        hint: What to write instead; empty when the message says it all.
    """

    def __init__(self, message: str, *, field: str, hint: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The wall-clock times at which every field matches. Defaults are Temporal's: midnight, every day.

    Each field holds its values in ascending order, without duplicates.

    Attributes:
        second: 0-59.
        minute: 0-59.
        hour: 0-23.
        day_of_month: 1-31.
        month: 1-12.
        day_of_week: 0-6, 0 is Sunday. Day of month *and* day of week must match, unlike in Unix cron.
        year: 2000-2100; None is every year, and so is the full set, because the server knows no others.
        comment: Text for people; at most 200 bytes of UTF-8 are accepted by the server.
    """

    second: tuple[int, ...] = (0,)
    minute: tuple[int, ...] = (0,)
    hour: tuple[int, ...] = (0,)
    day_of_month: tuple[int, ...] = tuple(range(1, 32))
    month: tuple[int, ...] = tuple(range(1, 13))
    day_of_week: tuple[int, ...] = tuple(range(7))
    year: tuple[int, ...] | None = None
    comment: str = ""

    def __post_init__(self) -> None:
        if self.year == _ALL_YEARS:
            object.__setattr__(self, "year", None)

    @property
    def values(self) -> tuple[tuple[int, ...] | None, ...]:
        """The fields in the order of :data:`FIELDS`: all that decides when it fires."""
        return (self.second, self.minute, self.hour, self.day_of_month, self.month, self.day_of_week, self.year)


def parse_field(name: str, value: int | str | Sequence[int | str]) -> tuple[int, ...] | None:
    """Read one calendar field.

    Args:
        name: A key of :data:`FIELDS`.
        value: A number, text such as ``9-17``, ``*/15``, ``5/15`` (5 to the end), ``MON-FRI``, ``1,15`` or ``*``,
            or a list of these.

    Returns:
        All values that match, ascending; None for every year.

    Raises:
        CalendarError: It cannot be read, is empty, or is outside the field's range.
    """
    if isinstance(value, (bool, float)) or not isinstance(value, (int, str, Sequence)):
        raise CalendarError(f"{_say(name)} must be a number or text, not `{value!r}`", field=name)
    if isinstance(value, int):
        return _finish(name, {_check(name, value, str(value))})
    if isinstance(value, str):
        return _parse_text(name, value)
    return _parse_list(name, value)


def _parse_list(name: str, items: Sequence[int | str]) -> tuple[int, ...] | None:
    if not items:
        raise CalendarError(f"{_say(name)} is an empty list, which would never match", field=name, hint="leave it out")
    found: set[int] = set()
    for item in items:
        if not isinstance(item, (int, str)):
            raise CalendarError(f"{_say(name)} must list numbers and text, not `{item!r}`", field=name)
        values = parse_field(name, item)
        found.update(_ALL_YEARS if values is None else values)
    return _finish(name, found)


@lru_cache(maxsize=4096)
def _parse_text(name: str, text: str) -> tuple[int, ...] | None:
    stripped = text.strip(" \t\r\n")
    if not stripped:
        raise CalendarError(f"{_say(name)} is empty", field=name, hint="write `*` for every value, or leave it out")
    found: set[int] = set()
    for part in stripped.split(","):
        found.update(_parse_part(name, part))
    return _finish(name, found)


def _parse_part(name: str, part: str) -> range:
    match = _PART.fullmatch(part)
    if match is None:
        raise _malformed(name, part)
    first, last, step_text = match.groups()
    low, high = FIELDS[name].low, _highest(name)
    step = _parse_step(name, part, step_text)
    if first == "*" and last is None:
        return range(low, high + 1, step)
    start = _parse_value(name, first, part)
    if last is None:
        return range(start, (start if step_text is None else high) + 1, step)
    end = _parse_value(name, last, part)
    if end < start:
        raise CalendarError(f"{_say(name)} `{part}` ends before it starts", field=name, hint=_unwrap(name, first, last))
    return range(start, end + 1, step)


def _parse_step(name: str, part: str, text: str | None) -> int:
    if text is None:
        return 1
    if not _is_number(text) or int(text) < 1:
        raise CalendarError(f"{_say(name)} `{part}` needs a step of 1 or more after the slash", field=name)
    return int(text)


def _parse_value(name: str, text: str, part: str) -> int:
    if _is_number(text):
        return _check(name, int(text), part)
    field = FIELDS[name]
    if len(text) >= field.shortest_name > 0:
        for value, full in enumerate(field.names, field.low):
            if full.startswith(text.upper()) and text.isascii():
                return value
    raise _malformed(name, part)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def _highest(name: str) -> int:
    return _SUNDAY_AGAIN if name == "day_of_week" else FIELDS[name].high


def _check(name: str, value: int, part: str) -> int:
    if FIELDS[name].low <= value <= _highest(name):
        return value
    raise CalendarError(f"{_say(name)} `{part}` is outside {_limits(name)}", field=name)


def _finish(name: str, found: set[int]) -> tuple[int, ...] | None:
    if name == "day_of_week" and _SUNDAY_AGAIN in found:
        found = {value % _SUNDAY_AGAIN for value in found}
    values = tuple(sorted(found))
    return None if name == "year" and values == _ALL_YEARS else values


def _say(name: str) -> str:
    return name.replace("_", " ")


def _limits(name: str) -> str:
    return f"{FIELDS[name].low}-{_highest(name)}"


def _malformed(name: str, part: str) -> CalendarError:
    names = FIELDS[name].names
    example = f" or {names[0][:3]}-{names[-1][:3]}" if names else ""
    return CalendarError(
        f"{_say(name)} `{part}` is not understood; it takes {_limits(name)}{example}, ranges, `*` and steps",
        field=name,
        hint=_explain_foreign(name, part),
    )


def _explain_foreign(name: str, part: str) -> str:
    """Why something that other cron dialects know is not understood, and what says the same."""
    text = part.upper()
    nth = re.fullmatch(r"([A-Z]+|[0-7])#([1-5])", text)
    if nth and name == "day_of_week":
        last = 7 * int(nth[2])
        return (
            f"for that weekday of the month write day of week `{nth[1]}` and day of month `{last - 6}-{min(last, 31)}`"
        )
    if part == "?":
        return "Temporal has no `?`; write `*`"
    if name == "day_of_month" and text in {"L", "LW"} | {f"{day}W" for day in range(1, 32)}:
        return "Temporal has no `L` and no `W`; write days from 1 to 31"
    if name == "day_of_week" and text.endswith("L"):
        return f"Temporal has no `L`; write day of week `{part[:-1] or 6}` and a range of days of the month"
    if part != part.strip() or not part:
        return "write the list without spaces and empty places, as in `1,15`"
    return f"write `{part[1:]}`" if _is_number(part[1:]) and part[0] == "+" else ""


def _unwrap(name: str, first: str, last: str) -> str:
    """A range that runs over the end, as the two ranges that the server understands."""
    field = FIELDS[name]
    if name == "year":
        return f"write `{last}-{first}`"
    named = bool(field.names) and not _is_number(first)
    top = field.names[-1][:3] if named else str(field.high)
    bottom = field.names[0][:3] if named else str(field.low)
    return f"write `{_join(first.upper(), top)},{_join(bottom, last.upper())}`"


def _join(first: str, last: str) -> str:
    return first if first == last else f"{first}-{last}"


def to_ranges(values: Sequence[int]) -> list[tuple[int, int, int]]:
    """Compact ranges ``(start, end, step)`` that cover exactly these ascending values.

    ``(0, 15, 30, 45)`` becomes ``[(0, 45, 15)]``. The same values always give the same ranges.
    """
    ranges = []
    index = 0
    while index < len(values):
        length, step = _measure_run(values, index)
        ranges.append((values[index], values[index + length - 1], step))
        index += length
    return ranges


def _measure_run(values: Sequence[int], index: int) -> tuple[int, int]:
    """How many values from here on are evenly spaced, and by how much; a spaced pair counts as single values."""
    if index + 1 == len(values):
        return 1, 1
    step = values[index + 1] - values[index]
    length = _PAIR
    while index + length < len(values) and values[index + length] - values[index + length - 1] == step:
        length += 1
    return (1, 1) if length == _PAIR and step > 1 else (length, step)


def format_field(name: str, values: Sequence[int] | None) -> str:
    """Write a field as short text that ``parse_field`` reads back: ``*``, ``*/15``, ``9-17``, ``MON-FRI``, ``1,15``."""
    low, high = FIELDS[name].low, FIELDS[name].high
    if values is None or list(values) == list(range(low, high + 1)):
        return "*"
    if step := _find_step(name, values):
        return f"*/{step}"
    return ",".join(_format_range(name, *bounds) for bounds in to_ranges(values))


def _find_step(name: str, values: Sequence[int]) -> int:
    """The step of a field that runs through its whole range, where ``*/step`` is how people write it; else 0."""
    low, high = FIELDS[name].low, FIELDS[name].high
    if name == "day_of_week" or len(values) < (3 if low else 2):
        return 0
    step = values[1] - values[0]
    return step if step > 1 and list(values) == list(range(low, high + 1, step)) else 0


def _format_range(name: str, start: int, end: int, step: int) -> str:
    first, last = _format_value(name, start), _format_value(name, end)
    if start == end:
        return first
    if end - start == step:
        return f"{first},{last}"
    return f"{first}-{last}" + (f"/{step}" if step > 1 else "")


def _format_value(name: str, value: int) -> str:
    return _DAYS[value][:3] if name == "day_of_week" and 0 <= value < len(_DAYS) else str(value)


def format_calendar(calendar: Calendar) -> dict[str, int | str]:
    """The calendar as a spec would say it: only what differs from the defaults, single numbers as numbers."""
    default = Calendar()
    shown: dict[str, int | str] = {}
    for name in FIELDS:
        values = getattr(calendar, name)
        if values != getattr(default, name):
            text = format_field(name, values)
            shown[name] = int(text) if _is_number(text) else text
    if calendar.comment:
        shown["comment"] = calendar.comment
    return shown
