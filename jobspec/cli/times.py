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
_FORMS: Final = (
    "write `2h` ago or `+2h` from now, a time such as `2026-11-24T09:00:00Z`, or a date such as `2026-11-24`"
)


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
    from jobspec.timing.upcoming import is_known_timezone, suggest_timezone

    now = datetime.now(UTC)
    if zone is None:
        name = find_local_zone()
        return Clock(zone=ZoneInfo(name) if name else None, name=name or f"{now.astimezone():%Z}", now=now)
    if not is_known_timezone(zone):
        hint = suggest_timezone(zone) or "write an IANA name such as `Europe/Berlin`"
        raise UsageError(f"there is no time zone `{zone}`; {hint}")
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
    """Read a moment that somebody gave where the past is meant.

    Args:
        text: See `parse_time`.
        clock: The clock.
        is_end: Whether a date means its end, or now where that is still to come, and not its beginning.

    Raises:
        UsageError: It is none.
    """
    given = parse_time(text, clock.now)
    moment = resolve_time(given, clock, is_end=is_end)
    if not is_end or isinstance(given, datetime):
        return moment
    return min(moment, max(clock.now, resolve_time(given, clock)))


def parse_time(text: str, now: datetime) -> date | datetime:
    """Read a time, as every option takes it.

    Args:
        text: How long ago, such as `2h`; how far ahead, such as `+2h`; a date; or a time, with its offset from UTC or
            by the clock that is shown.
        now: What distances are counted from.

    Returns:
        A moment, aware; a time by a clock that is chosen later, naive; or a date.

    Raises:
        UsageError: It is none of these.
    """
    stripped = text.strip()
    try:
        if _DATE.fullmatch(stripped):
            return date.fromisoformat(stripped)
        if match := _TIME.fullmatch(stripped):
            given = datetime.fromisoformat(f"{match[1]}T{match[2]}{(match[3] or '').upper()}")
            return given.astimezone(UTC) if match[3] else given
    except (ValueError, OverflowError) as error:
        raise UsageError(f"there is no {'date' if _DATE.fullmatch(stripped) else 'time'} `{stripped}`") from error
    return _parse_distance(text, now)


def _parse_distance(text: str, now: datetime) -> datetime:
    from jobspec.timing.duration import DurationError, parse_duration

    stripped = text.strip()
    try:
        distance = parse_duration(stripped.removeprefix("+"))
        return now + distance if stripped.startswith("+") else now - distance
    except (DurationError, OverflowError) as error:
        raise UsageError(f"`{text}` is no time; {_FORMS}") from error


def resolve_time(given: date | datetime, clock: Clock, *, is_end: bool = False) -> datetime:
    """Find the moment that is meant by what `parse_time` read.

    Args:
        given: What it read.
        clock: By which dates and times without an offset are meant.
        is_end: Whether a date means its last moment and not its first.

    Raises:
        UsageError: The clock shows that time twice, or the time is beyond all calendars.
    """
    try:
        if not isinstance(given, datetime):
            midnight = datetime.combine(given + timedelta(days=1) if is_end else given, time())
            moment = clock.read(midnight).astimezone(UTC)
            return moment - timedelta(microseconds=1) if is_end else moment
        if given.tzinfo is not None:
            return given
        if clock.is_repeated(given):
            shown = given.isoformat()
            raise UsageError(f"`{shown}` comes twice in {clock.name}; add the offset from UTC, such as `+01:00`")
        return clock.read(given).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"there is no {'time' if isinstance(given, datetime) else 'date'} `{given}`") from error
