"""From and to, as people give them, by the zone that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jobspec.cli.times import open_clock, parse_time, resolve_time
from jobspec.errors import UsageError

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from jobspec.planning.outlook import Span

_FIRST_YEAR, _LAST_YEAR = 1971, 2100
"""Nothing runs before 1970; a year later every clock is past its first midnight."""
_TICK = timedelta(microseconds=1)


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

    def resolve(self, own: tzinfo, now: datetime, count: int | None) -> Span:
        """Find the moments that are meant.

        Args:
            own: The zone of dates and times where none is shown.
            now: The present moment.
            count: So many runs at most.

        Raises:
            UsageError: The end lies before the start, or the clock shows one of them twice.
        """
        from jobspec.planning.outlook import Span
        from jobspec.render.clock import Clock

        clock = Clock(zone=self.zone or own, name=str(self.zone or own), now=now)
        start = now + _TICK if self.start is None else resolve_time(self.start, clock)
        end = None if self.end is None else resolve_time(self.end, clock, is_end=True)
        if end is not None and end < start:
            given = "now" if self.start is None else self.start.isoformat()
            raise UsageError(f"--to is before --from: {self.end and self.end.isoformat()} is not after {given}")
        return Span(start=start, end=end, count=count)


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
        See `jobspec.cli.times.parse_time`.

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
