"""The run times of a schedule.

Everything is nominal: a jitter only delays a run. The rules are those of
``CompiledSpec.GetNextTime`` in ``service/worker/scheduler/spec.go``: calendars
and intervals together, less what is skipped, between a start and an end that
both count, and never after 2100. Results equal the server's to the second, as
long as both know the same time zone data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING

from jobspec.timing.compiled_calendar import compile_calendar
from jobspec.timing.compiled_timetable import CompiledTimetable, Repeat
from jobspec.timing.zones import LAST_SECOND, UnknownTimezoneError, find_zone, is_known_timezone, suggest_timezone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.timing.calendar import Calendar
    from jobspec.timing.compiled_calendar import CompiledCalendar

__all__ = [
    "Interval",
    "Timetable",
    "UnknownTimezoneError",
    "count_runs",
    "fires_plainly",
    "has_run",
    "is_known_timezone",
    "next_run",
    "suggest_timezone",
    "upcoming",
    "upcoming_seconds",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_FIRST_SECOND = -(2**32)
_YEAR = 365 * 86_400
_SHORTEST_MONTH = 28
_PLAIN_YEAR = 2080
"""From then on the end of all schedules, in 2100, is near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Every so many seconds, counted from the epoch in UTC.

    Attributes:
        every: Whole seconds, at least 1.
        offset: Seconds from the start of each interval, not negative and, as the server drops fractions after it has
            compared, at most ``every``.
    """

    every: int
    offset: int = 0

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"an interval must be at least one second, not {self.every}")
        if self.offset < 0:
            raise ValueError(f"the offset of an interval can't be negative: {self.offset}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """All that decides when a schedule fires.

    Attributes:
        calendars: Fires when any of them matches, by the clock of ``timezone``.
        intervals: Fires at these as well, whatever the time zone.
        skip: Does not fire when one of these matches.
        start_at: Not before; aware.
        end_at: Not after; aware.
        timezone: IANA name; empty means UTC.
    """

    calendars: tuple[Calendar, ...] = ()
    intervals: tuple[Interval, ...] = ()
    skip: tuple[Calendar, ...] = ()
    start_at: datetime | None = None
    end_at: datetime | None = None
    timezone: str = "UTC"


def next_run(timetable: Timetable, after: datetime) -> datetime | None:
    """The first nominal run strictly after a time, in UTC; None if there is none.

    Args:
        timetable: The schedule.
        after: Aware; a fraction of a second is dropped, as the server does.

    Raises:
        UnknownTimezoneError: The time zone is not known here.
    """
    found = _compile(timetable).find_next(_floor(after))
    return None if found is None else _to_datetime(found)


def has_run(timetable: Timetable, after: datetime) -> bool:
    """Whether the schedule still fires after that time."""
    return fires_plainly(timetable, after) or next_run(timetable, after) is not None


def fires_plainly(timetable: Timetable, after: datetime) -> bool:
    """Whether one look tells that the schedule still fires, as it does for nearly all; False where it does not tell.

    A day up to the 28th is in its month every year, and is each day of the week at least once in 12 years.
    """
    if timetable.skip or timetable.end_at is not None or timetable.start_at is not None or after.year > _PLAIN_YEAR:
        return False
    is_plain = any(interval.every <= _YEAR for interval in timetable.intervals)
    return is_plain or any(_is_plain(compile_calendar(calendar)) for calendar in timetable.calendars)


def _is_plain(calendar: CompiledCalendar) -> bool:
    is_every_year = calendar.years is None and calendar.weekdays != frozenset()
    return is_every_year and bool(calendar.months and calendar.days) and calendar.days[0] <= _SHORTEST_MONTH


def upcoming(
    timetable: Timetable, after: datetime, *, count: int | None = None, until: datetime | None = None
) -> Iterator[datetime]:
    """All nominal runs strictly after a time, one by one, computed as they are asked for.

    Args:
        timetable: The schedule.
        after: Aware.
        count: Stop after so many.
        until: Stop after this time, which counts; aware.
    """
    seconds = _compile(timetable).list_runs(_floor(after), LAST_SECOND if until is None else _floor(until))
    return map(_to_datetime, islice(seconds, count))


def upcoming_seconds(timetable: Timetable, start: int, end: int) -> list[int]:
    """All nominal runs after ``start`` up to ``end``, which counts, in seconds since the epoch.

    A year of a run every minute takes some tens of milliseconds.
    """
    return list(chain.from_iterable(_compile(timetable).list_batches(start, end)))


def count_runs(timetable: Timetable, start: int, end: int) -> int:
    """How many nominal runs there are after ``start`` up to ``end``, in seconds since the epoch."""
    return sum(map(len, _compile(timetable).list_batches(start, end)))


def _compile(timetable: Timetable) -> CompiledTimetable:
    earliest = -1 if timetable.start_at is None else _floor(timetable.start_at) - 1
    last = LAST_SECOND if timetable.end_at is None else min(_floor(timetable.end_at), LAST_SECOND)
    return CompiledTimetable(
        zone=find_zone(timetable.timezone),
        calendars=[compile_calendar(calendar) for calendar in timetable.calendars],
        repeats=[Repeat(interval.every, interval.offset) for interval in timetable.intervals],
        skips=[compile_calendar(calendar) for calendar in timetable.skip],
        earliest=max(earliest, _FIRST_SECOND),
        last=last,
    )


def _floor(when: datetime) -> int:
    return (when - _EPOCH) // _SECOND


def _to_datetime(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
