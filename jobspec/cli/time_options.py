"""Times on the command line: the zone in which they are shown and read, moments, and bounds of a time span."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from jobspec.errors import UsageError
from jobspec.timing.duration import DurationError, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from jobspec.planning.forecast import RunSpan
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

_FIRST_YEAR, _LAST_YEAR = 1971, 2100
"""Nothing runs before 1970; a year later every clock is past its first midnight."""
_TICK = timedelta(microseconds=1)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a command line says of the time to look at.

    Attributes:
        start: From then on; None for now. A date begins at its midnight.
        end: Up to then; None has no end. A date ends with its last moment.
        zone: The zone that is shown; None for each job's own.
    """

    start: date | datetime | None = None
    end: date | datetime | None = None
    zone: tzinfo | None = None

    def resolve(self, own: tzinfo, now: datetime, count: int | None) -> RunSpan:
        """Find the moments that are meant.

        Args:
            own: The zone of dates and times where none is shown.
            now: The present moment.
            count: So many runs at most.

        Raises:
            UsageError: The end lies before the start, or the clock shows one of them twice.
        """
        from jobspec.planning.forecast import RunSpan
        from jobspec.render.clock import Clock

        clock = Clock(zone=self.zone or own, name=str(self.zone or own), now=now)
        start = now + _TICK if self.start is None else resolve_time(self.start, clock)
        end = None if self.end is None else resolve_time(self.end, clock, is_end=True)
        if end is not None and end < start:
            given = "now" if self.start is None else self.start.isoformat()
            raise UsageError(f"--to is before --from: {self.end and self.end.isoformat()} is not after {given}")
        return RunSpan(start=start, end=end, count=count)


def read_bounds(start: str | None, end: str | None, zone: str | None) -> Bounds:
    """Read what a command line says of the time to look at.

    Args:
        start: As given by `--from`.
        end: As given by `--to`.
        zone: As given by `--tz`.

    Raises:
        UsageError: One of them cannot be read.
    """
    return Bounds(
        start=None if start is None else read_bound(start, "--from"),
        end=None if end is None else read_bound(end, "--to"),
        zone=None if zone is None else open_clock(zone).zone,
    )


def read_bound(text: str, option: str) -> date | datetime:
    """Read a time that a schedule can have.

    Args:
        text: As given.
        option: By which option, for messages.

    Returns:
        See `parse_time`.

    Raises:
        UsageError: It is none.
    """
    try:
        bound = parse_time(text, datetime.now(UTC))
    except UsageError as error:
        raise UsageError(f"{option}: {error}") from error
    if not _FIRST_YEAR <= bound.year <= _LAST_YEAR:
        raise UsageError(f"{option}: `{text}` is out of range; Temporal's calendars end with the year {_LAST_YEAR}")
    return bound
