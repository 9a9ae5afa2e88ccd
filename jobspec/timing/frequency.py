"""How often a schedule runs: its average rate, and the shortest time between two runs."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from jobspec.timing.calendar import Calendar
from jobspec.timing.compiled_calendar import compile_calendar
from jobspec.timing.upcoming import Timetable, count_runs, upcoming_seconds
from jobspec.timing.zones import DAY

if TYPE_CHECKING:
    from datetime import datetime

    from jobspec.timing.compiled_calendar import CompiledCalendar

_DAYS_OF_MONTH, _MONTHS, _DAYS_OF_WEEK = 31, 12, 7
_WEEKS = 28 * DAY
_YEAR = 365 * DAY
_LEAP_YEARS = 4 * 365 * DAY + DAY
_FEW = 12
"""So few runs a year say little: whether there is a 29th of February makes a difference."""
_FIRST_DAY = 19_723
"""2024-01-01 in days since the epoch, a Monday in a leap year: what is looked at instead of all years."""
_LOOKED_AT_DAYS = 366 + 31
_MOST_RUNS = 50_000


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


@lru_cache(maxsize=4096)
def find_shortest_gap(timetable: Timetable) -> int | None:
    """Find the shortest time between two runs, in seconds; None where hardly two come in a year.

    Skipped times, changes of the clock, start and end are left out, and so are the years of calendars: the answer is
    that of an ordinary year and the same on every day.
    """
    if timetable.intervals:
        return _measure_intervals(timetable)
    calendars = [replace(calendar, year=None, comment="") for calendar in timetable.calendars]
    if len(calendars) == 1:
        return _measure_calendar(calendars[0])
    return _measure_together([compile_calendar(calendar) for calendar in calendars])


def _measure_intervals(timetable: Timetable) -> int:
    shortest = min(interval.every for interval in timetable.intervals)
    if len(timetable.intervals) == 1:
        return shortest
    start = _FIRST_DAY * DAY
    plain = Timetable(intervals=timetable.intervals)
    runs = upcoming_seconds(plain, start, start + min(_LOOKED_AT_DAYS * DAY, shortest * _MOST_RUNS))
    return min((after - before for before, after in pairwise(runs)), default=shortest)


def _measure_calendar(calendar: Calendar) -> int | None:
    seconds = compile_calendar(calendar).list_seconds_of_day()
    days = _find_days(calendar.day_of_month, calendar.month, calendar.day_of_week)
    if not seconds or not days:
        return None
    gaps = [after - before for before, after in pairwise(seconds)]
    gaps += [(after - before) * DAY - seconds[-1] + seconds[0] for before, after in pairwise(days)]
    return min(gaps, default=None)


@lru_cache(maxsize=1024)
def _find_days(days: tuple[int, ...], months: tuple[int, ...], weekdays: tuple[int, ...]) -> tuple[int, ...]:
    """Find two days of a calendar that are as near to each other as any; fewer where it has no two."""
    calendar = compile_calendar(Calendar(day_of_month=days, month=months, day_of_week=weekdays))
    matching = [day for day in range(_FIRST_DAY, _FIRST_DAY + _LOOKED_AT_DAYS) if calendar.matches_date(day)]
    nearest = min(pairwise(matching), key=lambda pair: pair[1] - pair[0], default=None)
    return nearest or tuple(matching)


def _measure_together(calendars: list[CompiledCalendar]) -> int | None:
    """Go through the days of a year; days on which the same calendars hold are alike."""
    known: dict[tuple[int, ...], list[int]] = {}
    gaps: list[int] = []
    last = None
    for day in range(_FIRST_DAY, _FIRST_DAY + _LOOKED_AT_DAYS):
        matching = tuple(index for index, calendar in enumerate(calendars) if calendar.matches_date(day))
        if matching not in known:
            times = {second for index in matching for second in calendars[index].list_seconds_of_day()}
            known[matching] = sorted(times)
            gaps += [after - before for before, after in pairwise(known[matching])]
        if seconds := known[matching]:
            if last is not None:
                gaps.append(day * DAY + seconds[0] - last)
            last = day * DAY + seconds[-1]
    return min(gaps, default=None)
