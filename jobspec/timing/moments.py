"""Moments and distances, as programs read them and as people say them.

Such as `2026-11-25T01:00:00Z`, `Wed 2026-11-25 02:00 CET`, `01:15 today` and `in 4 minutes`.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime, tzinfo

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAYS = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_UNITS = (
    ("year", timedelta(days=365)),
    ("month", timedelta(days=30)),
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)
_FINE = {"hour": timedelta(hours=2), "day": timedelta(days=2), "month": timedelta(days=60), "year": timedelta(days=730)}
"""From so much on a unit is used: `90 minutes` says more than `1 hour`."""


def write_utc(when: datetime, precision: str = "auto") -> str:
    """Write a moment as RFC 3339 has it, in UTC: `2027-03-28T01:30:00Z`.

    Args:
        when: Aware.
        precision: The last unit that is written, as `datetime.isoformat` names it; what is smaller is cut off. `auto`
            means seconds, or microseconds where there are any.
    """
    return when.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def tell_clock(local: datetime) -> str:
    """Write the time of day; seconds only where there are any."""
    return local.time().isoformat("seconds" if local.second else "minutes")


def tell_date(local: date) -> str:
    """Write day of the week and date, in English whatever the locale."""
    return f"{_WEEKDAYS[local.weekday()]} {local.isoformat()[:10]}"


def tell_zone(local: datetime) -> str:
    """Write the abbreviation that the time zone has at that moment; where it has none, the offset from UTC."""
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in {"+", "-"} else name


def tell_moment(when: datetime, zone: tzinfo, *, now: datetime | None = None) -> str:
    """Write a moment by the wall clock of a zone.

    Args:
        when: Aware.
        zone: Whose clock.
        now: Where given, days beside it are called today, tomorrow and yesterday.
    """
    local = when.astimezone(zone)
    if now is not None:
        day = _DAYS.get((local.date() - now.astimezone(zone).date()).days)
        if day is not None:
            return f"{tell_clock(local)} {day}"
    return f"{tell_date(local)} {tell_clock(local)} {tell_zone(local)}"


def tell_times(times: Iterable[datetime]) -> list[str]:
    """Write ascending local times of one zone, date and zone only where they are not those of the one before."""
    told = []
    date_before = zone_before = ""
    for local in times:
        date, zone = tell_date(local), tell_zone(local)
        text = tell_clock(local) if date == date_before else f"{date} {tell_clock(local)}"
        told.append(text if zone == zone_before else f"{text} {zone}")
        date_before, zone_before = date, zone
    return told


def tell_distance(distance: timedelta) -> str:
    """Write how far away something is: `in 4 minutes`, `in 3 hours`, or `2 days ago`."""
    length = _tell_length(abs(distance))
    return f"in {length}" if distance >= timedelta(0) else f"{length} ago"


def _tell_length(distance: timedelta) -> str:
    for unit, length in _UNITS:
        if distance >= _FINE.get(unit, length):
            number = distance // length
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return "less than a minute"


def tell_rate(per_day: float) -> str:
    """Write how often something happens, by the unit in which it happens at least once: `24 a day`, `5 a week`."""
    if per_day <= 0:
        return "never"
    for unit, days in (("day", 1.0), ("week", 7.0), ("month", 365.25 / 12), ("year", 365.25)):
        number = round(per_day * days, 1)
        if number >= 1:
            return f"{number:,.10g} a {unit}"
    return f"1 in {1 / per_day / 365.25:,.2g} years"
