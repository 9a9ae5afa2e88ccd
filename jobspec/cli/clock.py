"""Times on the command line: the zone in which they are shown and read, and moments as people give them."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from jobspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobspec.render.clock import Clock

    Command = TypeVar("Command", bound=Callable[..., Any])

_LOCALTIME: Final = Path("/etc/localtime")
_NAMES_OF_UTC: Final = ("Etc/UTC", "Etc/UCT", "Etc/Zulu", "UCT", "Universal", "Zulu")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)
_FORMS: Final = "write how long ago it was, as `2h`, or a time, as `2026-11-24T09:00:00Z`, or a date, as `2026-11-24`"


def tz_option(command: Command) -> Command:
    """Add `--tz`."""
    return click.option(
        "--tz", "zone", metavar="ZONE", help="IANA time zone in which times are shown and read; default: the local one."
    )(command)


def open_clock(zone: str | None) -> Clock:
    """Make the clock by which a command shows and reads times.

    Args:
        zone: As given by `--tz`.

    Raises:
        UsageError: There is no such zone.
    """
    from zoneinfo import ZoneInfo

    from jobspec.render.clock import Clock
    from jobspec.timing.upcoming import is_known_timezone, nearest_timezones

    now = datetime.now(UTC)
    if zone is None:
        name = find_local_zone()
        return Clock(zone=ZoneInfo(name) if name else None, name=name or f"{now.astimezone():%Z}", now=now)
    if not is_known_timezone(zone):
        nearest = "".join(f"; did you mean `{name}`?" for name in nearest_timezones(zone)[:1])
        raise UsageError(f"there is no time zone `{zone}`{nearest or '; write an IANA name such as `Europe/Berlin`'}")
    return Clock(zone=ZoneInfo(zone), name=zone, now=now)


def find_local_zone() -> str | None:
    """Find the IANA name of the machine's zone, as the C library finds the zone: `TZ`, else /etc/localtime.

    Returns:
        None where it has none, for example where `TZ` is a rule such as `CET-1CEST`.
    """
    from jobspec.timing.upcoming import is_known_timezone

    variable = os.environ.get("TZ")
    if variable is not None:
        name = variable.removeprefix(":") or "UTC"
    elif not _LOCALTIME.exists():
        name = "UTC"
    else:
        name = os.path.realpath(_LOCALTIME).rpartition("zoneinfo/")[2]
    if name in _NAMES_OF_UTC:
        return "UTC"
    return name if is_known_timezone(name) else None


def read_moment(text: str, clock: Clock, *, is_end: bool = False) -> datetime:
    """Read a moment that somebody gave.

    Args:
        text: How long ago, such as `2h`; a date; or a time, by the clock where it has no offset.
        clock: The clock.
        is_end: Whether a date means its end, or now where that is still to come, and not its beginning.

    Raises:
        UsageError: It is none of these.
    """
    stripped = text.strip()
    if _DATE.fullmatch(stripped):
        return _read_date(stripped, clock, is_end=is_end)
    if match := _TIME.fullmatch(stripped):
        return _read_time(stripped, match, clock)
    return _read_distance(text, clock)


def _read_date(text: str, clock: Clock, *, is_end: bool) -> datetime:
    try:
        day = date.fromisoformat(text)
        begins = [clock.read(datetime.combine(each, time())) for each in (day, day + timedelta(days=1))]
    except (ValueError, OverflowError) as error:
        raise UsageError(f"there is no date `{text}`") from error
    if not is_end:
        return begins[0].astimezone(UTC)
    return min(begins[1].astimezone(UTC) - timedelta(microseconds=1), max(clock.now, begins[0].astimezone(UTC)))


def _read_time(text: str, match: re.Match[str], clock: Clock) -> datetime:
    try:
        wall = datetime.fromisoformat(f"{match[1]}T{match[2]}")
        if match[3]:
            return datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3].upper()}").astimezone(UTC)
        if clock.is_repeated(wall):
            raise UsageError(f"`{text}` comes twice in {clock.name}; add the offset from UTC, such as `+01:00`")
        return clock.read(wall).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"there is no time `{text}`") from error


def _read_distance(text: str, clock: Clock) -> datetime:
    from jobspec.timing.duration import DurationError, parse_duration

    try:
        return clock.now - parse_duration(text.strip())
    except (DurationError, OverflowError) as error:
        raise UsageError(f"`{text}` is no moment; {_FORMS}") from error
