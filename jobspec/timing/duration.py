"""Lengths of time as text: ``90s``, ``1h30m``, ``1.5h``, ``500ms``, ``7d``.

The syntax is that of Go's ``time.ParseDuration``, which every Temporal tool
uses, with ``d`` and ``w`` added. Arithmetic is exact: what a ``timedelta``
cannot hold is an error and never rounded.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, micro sign
    "μs": 1_000,  # U+03BC, Greek mu: Go accepts both
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
_PART = re.compile(r"([0-9]+)(?:\.([0-9]+))?([^0-9.]*)")
_LONGEST_TEXT = 100
_MOST_NANOSECONDS = 2**63 - 1
"""The longest duration of Go, and so of the server: about 292 years."""

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


class DurationError(ValueError):
    """The text is no duration; the message says why, in words for whoever wrote it."""


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> timedelta:
    """Read a duration such as ``90s``, ``1h30m``, ``1.5h``, ``500ms``, ``7d`` or ``2w``.

    Args:
        text: Numbers with units, one after the other, largest first or not: ``w d h m s ms us ns``.

    Raises:
        DurationError: It is no duration, is negative, or does not fit: finer than a microsecond or above 292 years.
    """
    stripped = text.strip()
    _refuse_other_kinds(stripped)
    if stripped == "0":
        return timedelta()
    nanoseconds, scale = _read_parts(stripped)
    return _make_timedelta(stripped, nanoseconds, scale)


def _refuse_other_kinds(text: str) -> None:
    if not text:
        raise DurationError("a duration is missing; write for example `90s`")
    if len(text) > _LONGEST_TEXT:
        raise DurationError(f"`{text[:20]}…` is too long for a duration")
    if text.startswith("-"):
        raise DurationError(f"`{text}` is negative; durations can't be negative")
    if text.startswith("+"):
        raise DurationError(f"`{text}` has a sign; write `{text[1:]}`")


def _read_parts(text: str) -> tuple[int, int]:
    """Sum of all parts in nanoseconds, as a numerator and a power of ten below it."""
    parts = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise DurationError(f"`{text}` is no duration; write for example `90s`, `1h30m` or `7d`")
        whole, fraction, unit = match[1], match[2] or "", match[3]
        if not unit:
            raise _missing_unit(text, match[0])
        parts.append((int(whole + fraction) * _find_unit(text, unit), len(fraction)))
        position = match.end()
    scale = max(digits for _, digits in parts)
    return sum(value * 10 ** (scale - digits) for value, digits in parts), 10**scale


def _missing_unit(text: str, number: str) -> DurationError:
    if number == text:
        return DurationError(f"`{text}` has no unit; write `{text}s`")
    return DurationError(f"`{text}` has no unit after `{number}`")


def _find_unit(text: str, unit: str) -> int:
    nanoseconds = _NANOSECONDS.get(unit)
    if nanoseconds is not None:
        return nanoseconds
    lower = unit.strip().lower()
    advice = f"; write `{lower}` right after the number" if lower in _NANOSECONDS else ""
    raise DurationError(f"`{text}` has the unknown unit `{unit}`; there are w, d, h, m, s, ms and us{advice}")


def _make_timedelta(text: str, nanoseconds: int, scale: int) -> timedelta:
    if nanoseconds > _MOST_NANOSECONDS * scale:
        raise DurationError(f"`{text}` is longer than 292 years, which Temporal cannot hold")
    microseconds, rest = divmod(nanoseconds, 1_000 * scale)
    if rest:
        raise DurationError(f"`{text}` is finer than a microsecond")
    return timedelta(microseconds=microseconds)


def format_duration(value: timedelta) -> str:
    """Write a duration as short as it can be said exactly: ``1h30m``, ``500ms``, ``365d``, ``0s``.

    Whole days are written in days; ``parse_duration`` reads everything back that is not negative.
    """
    if value < timedelta():
        return "-" + format_duration(-value)
    days, rest = divmod(value, _DAY)
    if days and not rest:
        return f"{days}d"
    seconds, fraction = divmod(value, _SECOND)
    if not seconds and fraction:
        return _format_fraction(fraction.microseconds)
    return _format_clock(seconds, fraction.microseconds)


def _format_fraction(microseconds: int) -> str:
    milliseconds, rest = divmod(microseconds, 1_000)
    return f"{milliseconds}{_decimals(rest, 3)}ms" if milliseconds else f"{rest}us"


def _format_clock(seconds: int, microseconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    text = (f"{hour}h" if hour else "") + (f"{minute}m" if minute else "")
    if second or microseconds or not text:
        text += f"{second}{_decimals(microseconds, 6)}s"
    return text


def _decimals(value: int, width: int) -> str:
    return f".{value:0{width}}".rstrip("0") if value else ""
