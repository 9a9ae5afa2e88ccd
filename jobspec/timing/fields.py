"""Reading one field of a calendar: ``*/15``, ``9-17``, ``MON-FRI``.

Syntax and limits are the server's (``service/worker/scheduler/calendar.go``), except that what it takes by accident,
such as ``+5``, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

_MONTH_NAMES = (
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
DAY_NAMES = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")


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
    "month": FieldRange(1, 12, _MONTH_NAMES, 3),
    "day_of_week": FieldRange(0, 6, DAY_NAMES, 2),
    "year": FieldRange(2000, 2100),
}
"""The fields of a calendar by name, finest first; a day of the week may also be written 7, which is Sunday."""

ALL_YEARS = tuple(range(2000, 2101))
"""The same as every year, because the server knows no others."""
_PART = re.compile(r"([^-/]+)(?:-([^-/]+))?(?:/([^-/]+))?")
_SUNDAY_AGAIN = 7
_MOST_DIGITS = 6


class CalendarError(ValueError):
    """A calendar field is wrong.

    Attributes:
        field: The field's name, a key of :data:`FIELDS`.
        hint: What to write instead; empty when the message says it all.
        index: Which entry of a list is wrong; None where it is the value as a whole.
    """

    def __init__(self, message: str, *, field: str, hint: str = "", index: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.hint = hint
        self.index = index


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
        raise CalendarError(f"{_say(name)} must be a number or text, not {_say_other(value)}", field=name)
    if isinstance(value, int):
        return _finish(name, {_check(name, value, _show(value))})
    if isinstance(value, str):
        return _parse_text(name, value)
    return _parse_list(name, value)


def _parse_list(name: str, items: Sequence[int | str]) -> tuple[int, ...] | None:
    if not items:
        raise CalendarError(f"{_say(name)} is an empty list, which would never match", field=name, hint="leave it out")
    found: set[int] = set()
    for index, item in enumerate(items):
        try:
            values = _parse_entry(name, item)
        except CalendarError as error:
            error.index = index
            raise
        found.update(ALL_YEARS if values is None else values)
    return _finish(name, found)


def _parse_entry(name: str, item: int | str) -> tuple[int, ...] | None:
    if not isinstance(item, (int, str)):
        raise CalendarError(f"{_say(name)} must list numbers and text, not {_say_other(item)}", field=name)
    return parse_field(name, item)


def _say_other(value: object) -> str:
    """Name a value that is neither number nor text as a person who writes YAML would."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "`true`", False: "`false`"}[value]
    if isinstance(value, float):
        return f"`{value}`"
    return "a mapping" if isinstance(value, Mapping) else "a list"


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
    return None if name == "year" and values == ALL_YEARS else values


def _show(number: int) -> str:
    """The number as text; Python refuses to write a very long one."""
    return str(number) if abs(number) < 10**_MOST_DIGITS else "that large a number"


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
