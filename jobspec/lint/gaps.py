"""The shortest time between two runs of a schedule."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from jobspec.timing.calendar import Calendar
from jobspec.timing.compiled_calendar import compile_calendar
from jobspec.timing.upcoming import Timetable, upcoming_seconds
from jobspec.timing.zones import DAY

if TYPE_CHECKING:
    from jobspec.timing.compiled_calendar import CompiledCalendar

_FIRST_DAY = 19_723
"""2024-01-01 in days since the epoch, a Monday in a leap year: what is looked at instead of all years."""
_DAYS = 366 + 31
_MOST_RUNS = 50_000


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
    runs = upcoming_seconds(plain, start, start + min(_DAYS * DAY, shortest * _MOST_RUNS))
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
    matching = [day for day in range(_FIRST_DAY, _FIRST_DAY + _DAYS) if calendar.matches_date(day)]
    nearest = min(pairwise(matching), key=lambda pair: pair[1] - pair[0], default=None)
    return nearest or tuple(matching)


def _measure_together(calendars: list[CompiledCalendar]) -> int | None:
    """Go through the days of a year; days on which the same calendars hold are alike."""
    known: dict[tuple[int, ...], list[int]] = {}
    gaps: list[int] = []
    last = None
    for day in range(_FIRST_DAY, _FIRST_DAY + _DAYS):
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
