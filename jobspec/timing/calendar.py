"""Calendars as sets of values: the seconds, minutes … years at which a job may fire.

Temporal holds a calendar as lists of ranges. Two lists that cover the same
values fire alike, so here a calendar is the values themselves: equal calendars
are equal objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobspec.timing.fields import ALL_YEARS, DAY_NAMES, FIELDS, CalendarError, FieldRange, parse_field

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "EVERY_SECOND",
    "FIELDS",
    "Calendar",
    "CalendarError",
    "FieldRange",
    "format_calendar",
    "format_field",
    "parse_field",
    "to_ranges",
]

_PAIR = 2


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
        if self.year == ALL_YEARS:
            object.__setattr__(self, "year", None)

    @property
    def values(self) -> tuple[tuple[int, ...] | None, ...]:
        """The fields in the order of :data:`FIELDS`: all that decides when it fires."""
        return (self.second, self.minute, self.hour, self.day_of_month, self.month, self.day_of_week, self.year)


EVERY_SECOND = Calendar(second=tuple(range(60)), minute=tuple(range(60)), hour=tuple(range(24)))
"""Matches always: what the calendars of ``skip`` start from, in which what is left out means every value."""


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
    return DAY_NAMES[value][:3] if name == "day_of_week" and 0 <= value < len(DAY_NAMES) else str(value)


def format_calendar(calendar: Calendar) -> dict[str, int | str]:
    """The calendar as a spec would say it: only what differs from the defaults, single numbers as numbers."""
    default = Calendar()
    shown: dict[str, int | str] = {}
    for name in FIELDS:
        values = getattr(calendar, name)
        if values != getattr(default, name):
            text = format_field(name, values)
            shown[name] = int(text) if text.isdecimal() else text
    if calendar.comment:
        shown["comment"] = calendar.comment
    return shown
