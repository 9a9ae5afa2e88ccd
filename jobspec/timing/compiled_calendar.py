"""The next time of one calendar, step by step as the server finds it.

The server walks wall-clock fields from the outside in and turns the result into
a time (``compiledCalendar.next`` in ``service/worker/scheduler/calendar.go``).
Around changes of the clock that walk has effects of its own: hours that are
missing are passed over, a repeated hour fires twice, and east of Greenwich it is
the hour before the repeated one that fires again. They are reproduced, not
mended, because the point is to say what the server will do.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from jobspec.timing.zones import DAY, EPOCH_WEEKDAY, HOUR

if TYPE_CHECKING:
    from jobspec.timing.calendar import Calendar
    from jobspec.timing.zones import Zone

_EPOCH = date(1970, 1, 1).toordinal()
_LAST_YEAR = 2100
LAST_DAY = date(_LAST_YEAR, 12, 31).toordinal() - _EPOCH
"""The last local day on which a calendar fires, in days since the epoch; a skip knows no such limit."""
_HOURS = 24
_MINUTE = 60
_FEBRUARY = 2
_MONTH_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class CompiledCalendar:
    """A calendar made ready for computing: only values that can occur, in the shapes that lookups want."""

    __slots__ = (
        "day_set",
        "days",
        "hours",
        "in_hour",
        "minutes",
        "month_set",
        "months",
        "seconds",
        "weekdays",
        "years",
    )

    def __init__(self, calendar: Calendar) -> None:
        self.seconds = _keep(calendar.second, range(_MINUTE))
        self.minutes = _keep(calendar.minute, range(_MINUTE))
        self.hours = _keep(calendar.hour, range(_HOURS))
        can_fire = bool(self.seconds and self.minutes and self.hours)
        self.days = _keep(calendar.day_of_month, range(1, 32)) if can_fire else ()
        self.months = _keep(calendar.month, range(1, 13))
        self.day_set, self.month_set = frozenset(self.days), frozenset(self.months)
        weekdays = frozenset(_keep(calendar.day_of_week, range(7)))
        self.weekdays = None if len(weekdays) == len(range(7)) else weekdays
        self.years = None if calendar.year is None else frozenset(calendar.year)

    def matches_date(self, day: int) -> bool:
        """Whether an ordinary local day, in days since the epoch, is one of its dates."""
        if self.weekdays is not None and (day + EPOCH_WEEKDAY) % 7 not in self.weekdays:
            return False
        when = date.fromordinal(day + _EPOCH)
        return (
            when.day in self.day_set
            and when.month in self.month_set
            and (self.years is None or when.year in self.years)
        )

    def matches_wall(self, wall: int) -> bool:
        """Whether a local time matches in every field."""
        day, second = divmod(wall, DAY)
        minutes, second = divmod(second, _MINUTE)
        hour, minute = divmod(minutes, _MINUTE)
        return minute in self.minutes and hour in self.hours and second in self.seconds and self.matches_date(day)

    def list_seconds_of_day(self) -> list[int]:
        """All its times of day."""
        in_hour = [minute * _MINUTE + second for minute in self.minutes for second in self.seconds]
        return [hour * HOUR + second for hour in self.hours for second in in_hour]


def _keep(values: tuple[int, ...], possible: range) -> tuple[int, ...]:
    """The server ignores values that cannot occur: it takes them in calendars to be skipped."""
    if not values or (values[0] >= possible[0] and values[-1] <= possible[-1]):
        return values
    return tuple(value for value in values if value in possible)


@lru_cache(maxsize=4096)
def compile_calendar(calendar: Calendar) -> CompiledCalendar:
    """The calendar made ready for computing."""
    return CompiledCalendar(calendar)


def find_date(calendar: CompiledCalendar, zone: Zone, day: int) -> int | None:
    """The first matching local day from ``day`` on, in days since the epoch; None if there is none to the end of 2100.

    Days are entered at midnight, and where midnight does not exist the server may take it for the day before.
    """
    when = date.fromordinal(day + _EPOCH)
    month, first = when.month, when.day
    for year in range(when.year, _LAST_YEAR + 1):
        if calendar.years is None or year in calendar.years:
            for matching in calendar.months[bisect_left(calendar.months, month) :]:
                found = _find_in_month(calendar, zone, (year, matching), first if matching == month else 1)
                if found is not None:
                    return found
        month, first = 1, 1
    return None


def _find_in_month(calendar: CompiledCalendar, zone: Zone, year_month: tuple[int, int], first: int) -> int | None:
    year, month = year_month
    leap = month == _FEBRUARY and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    length = _MONTH_LENGTHS[month] + leap
    before = date(year, month, 1).toordinal() - _EPOCH - 1
    for number in calendar.days[bisect_left(calendar.days, first) :]:
        if number > length:
            return None
        if calendar.weekdays is None or zone.weekday_at_midnight(before + number) in calendar.weekdays:
            return before + number
    return None


def find_next(calendar: CompiledCalendar, zone: Zone, after: int) -> int | None:
    """The first time strictly after ``after``, in seconds since the epoch; None if there is none to the end of 2100.

    The walk stands at a day, an hour and a second of that hour, and is in the second copy of a repeated hour while
    ``shift`` is an hour.
    """
    day, second = divmod(after + zone.offset(after), DAY)
    hour, second = divmod(second, HOUR)
    second += 1
    shift = HOUR if not zone.fixed and _hour_of(zone, after - HOUR) == hour else 0
    while True:
        if second >= HOUR:
            second = 0
            hour, shift = (hour, HOUR) if shift == 0 and _is_repeated(zone, day, hour) else (hour + 1, 0)
        if hour >= _HOURS:
            day, hour, second = day + 1, 0, 0
        matching = _find_date_from(calendar, zone, day, hour * HOUR + second)
        if matching is None:
            return None
        if matching != day:
            day, hour, second, shift = matching, 0, 0, 0
        next_hour = _find_hour(calendar, hour)
        if next_hour != hour:
            hour, second, shift = next_hour, 0, 0
        second = _find_in_hour(calendar, second)
        if hour >= _HOURS or second >= HOUR:
            continue
        found = zone.to_utc(day * DAY + hour * HOUR + second)
        if not zone.fixed and _hour_of(zone, found) != hour:
            hour, second = hour + 1, 0
        elif found + shift > after:
            return found + shift
        else:
            second += 1


def _hour_of(zone: Zone, second: int) -> int:
    return (second + zone.offset(second)) % DAY // HOUR


def _is_repeated(zone: Zone, day: int, hour: int) -> bool:
    """Whether the server sees more than an hour pass from this full hour to the next."""
    if zone.fixed:
        return False
    wall = day * DAY + hour * HOUR
    return zone.to_utc(wall + HOUR) - zone.to_utc(wall) > HOUR


def _find_date_from(calendar: CompiledCalendar, zone: Zone, day: int, second_of_day: int) -> int | None:
    """The matching day, where the walk stands on ``day`` already and its weekday is that of the time reached."""
    when = date.fromordinal(day + _EPOCH)
    if (
        when.day in calendar.day_set
        and when.month in calendar.month_set
        and (calendar.years is None or when.year in calendar.years)
    ):
        if when.year > _LAST_YEAR:
            return None
        if calendar.weekdays is None or zone.weekday(day * DAY + second_of_day) in calendar.weekdays:
            return day
    return find_date(calendar, zone, day + 1)


def _find_hour(calendar: CompiledCalendar, hour: int) -> int:
    """The first matching hour from ``hour`` on, or 24."""
    index = bisect_left(calendar.hours, hour)
    return calendar.hours[index] if index < len(calendar.hours) else _HOURS


def _find_in_hour(calendar: CompiledCalendar, second: int) -> int:
    """The first matching second of an hour from ``second`` on, or 3600."""
    minute, second = divmod(second, _MINUTE)
    index = bisect_left(calendar.minutes, minute)
    if index < len(calendar.minutes) and calendar.minutes[index] == minute:
        if second <= calendar.seconds[-1]:
            return minute * _MINUTE + calendar.seconds[bisect_left(calendar.seconds, second)]
        index += 1
    return calendar.minutes[index] * _MINUTE + calendar.seconds[0] if index < len(calendar.minutes) else HOUR
