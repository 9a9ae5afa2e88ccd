"""Entries of `skip` that exclude nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from jobspec.lint.warning import warn
from jobspec.timing.calendar import FIELDS, Calendar
from jobspec.timing.upcoming import Timetable, next_run, upcoming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.spec.model import ScheduleSpec
    from jobspec.spec.validation import Problem

_BEGINNING = datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Before all years that a calendar can have: whether an entry is of use does not depend on the day it is asked."""

_MOST_DAYS = 40
_MOST_RUNS = 20_000
_DAY = timedelta(days=1)


def lint_skips(schedule: ScheduleSpec) -> Iterator[Problem]:
    """Warn of entries that match no time at which the job would run otherwise; past dates were of use once."""
    timetable = schedule.timetable
    for index, skip in enumerate(timetable.skip):
        if not _excludes(skip, timetable):
            yield warn(
                ("schedule", "skip", index),
                "JS505",
                f"{_name(skip)} excludes nothing, because the job never runs then",
                "remove it, or correct it",
            )


def _excludes(skip: Calendar, timetable: Timetable) -> bool:
    if timetable.intervals:
        return _meets_interval(skip, timetable)
    return any(_meets(skip, calendar) for calendar in timetable.calendars)


def _meets(skip: Calendar, calendar: Calendar) -> bool:
    """Tell whether both match at some time."""
    fields = {name: _intersect(name, skip, calendar) for name in FIELDS}
    if not all(fields.values()):
        return False
    both = Calendar(**fields)  # type: ignore[arg-type]  # one type for all fields
    return next_run(Timetable(calendars=(both,)), _BEGINNING) is not None


def _intersect(name: str, one: Calendar, other: Calendar) -> tuple[int, ...]:
    every = tuple(range(FIELDS[name].low, FIELDS[name].high + 1))
    first, second = getattr(one, name), getattr(other, name)
    return tuple(sorted(set(every if first is None else first) & set(every if second is None else second)))


def _meets_interval(skip: Calendar, timetable: Timetable) -> bool:
    """Look at the runs on the first days of the entry; True where that takes too long to tell."""
    zone = timetable.timezone
    midnights = Timetable(calendars=(replace(skip, second=(0,), minute=(0,), hour=(0,)),), timezone=zone)
    plain = Timetable(intervals=timetable.intervals)
    kept = replace(plain, skip=(skip,), timezone=zone)
    left = _MOST_RUNS
    for day in islice(upcoming(midnights, _BEGINNING), _MOST_DAYS):
        before, after = day - timedelta(seconds=1), day + _DAY
        runs = list(islice(upcoming(plain, before, until=after), left))
        left -= len(runs)
        if left <= 0 or runs != list(islice(upcoming(kept, before, until=after), len(runs))):
            return True
    return False


def _name(skip: Calendar) -> str:
    if skip.year is None or not all(len(part) == 1 for part in (skip.year, skip.month, skip.day_of_month)):
        return "this entry of `skip`"
    try:
        day = date(skip.year[0], skip.month[0], skip.day_of_month[0])
    except ValueError:  # no day of the calendar, such as the 30th of February
        return "this entry of `skip`"
    return f"`{day}`, a {day:%A},"
