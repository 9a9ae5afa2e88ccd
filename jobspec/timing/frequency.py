"""How often a schedule runs."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from jobspec.timing.upcoming import count_runs
from jobspec.timing.zones import DAY

if TYPE_CHECKING:
    from datetime import datetime

    from jobspec.timing.calendar import Calendar
    from jobspec.timing.upcoming import Timetable

_DAYS_OF_MONTH, _MONTHS, _DAYS_OF_WEEK = 31, 12, 7
_WEEKS = 28 * DAY
_YEAR = 365 * DAY
_LEAP_YEARS = 4 * 365 * DAY + DAY
_FEW = 12
"""So few runs a year say little: whether there is a 29th of February makes a difference."""


@lru_cache(maxsize=4096)
def runs_per_day(timetable: Timetable, after: datetime) -> float:
    """How often it runs on an average day, nominally.

    Exact where one calendar or interval says it all; otherwise counted over four weeks, a year, or four years for what
    runs a few times a year. Dates of a single year that are skipped are exceptions and do not count.

    Args:
        timetable: The schedule.
        after: The average begins here, or where the schedule does; aware.

    Raises:
        UnknownTimezoneError: The time zone is not known here.
    """
    usual = replace(timetable, skip=tuple(calendar for calendar in timetable.skip if calendar.year is None))
    steady = _find_steady_rate(usual)
    return _count(usual, int(after.timestamp())) if steady is None else steady


def _find_steady_rate(timetable: Timetable) -> float | None:
    if timetable.skip or timetable.start_at is not None or timetable.end_at is not None:
        return None
    match timetable.calendars, timetable.intervals:
        case [], [interval]:
            return DAY / interval.every
        case [calendar], [] if _is_weekly(calendar):
            times = len(calendar.hour) * len(calendar.minute) * len(calendar.second)
            return times * len(calendar.day_of_week) / _DAYS_OF_WEEK
        case _:
            return None


def _is_weekly(calendar: Calendar) -> bool:
    """Whether one week is like the other."""
    is_every_year = calendar.year is None and len(calendar.month) == _MONTHS
    return is_every_year and len(calendar.day_of_month) == _DAYS_OF_MONTH


def _count(timetable: Timetable, after: int) -> float:
    begin = after if timetable.start_at is None else max(after, int(timetable.start_at.timestamp()) - 1)
    if all(map(_is_weekly, (*timetable.calendars, *timetable.skip))):
        return _average(timetable, begin, _WEEKS)
    rate = _average(timetable, begin, _YEAR)
    return rate if rate * _YEAR > _FEW * DAY else _average(timetable, begin, _LEAP_YEARS)


def _average(timetable: Timetable, begin: int, length: int) -> float:
    """Count over that many seconds, or to the end of the schedule where that comes first, a day at least."""
    if timetable.end_at is not None:
        length = max(min(length, int(timetable.end_at.timestamp()) - begin), DAY)
    return count_runs(timetable, begin, begin + length) * DAY / length
