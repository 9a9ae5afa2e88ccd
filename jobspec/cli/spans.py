"""From and to, as people give them: a moment with its offset, or a date in the zone that is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from jobspec.errors import UsageError

if TYPE_CHECKING:
    from datetime import tzinfo

    from jobspec.planning.outlook import Span

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_HINT = "write a date such as `2027-03-28`, or a time with its offset such as `2027-03-28T01:30:00Z`"
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
            own: The zone of dates where none is shown.
            now: The present moment.
            count: So many runs at most.

        Raises:
            UsageError: The end lies before the start.
        """
        from jobspec.planning.outlook import Span

        zone = self.zone or own
        start = now + _TICK if self.start is None else resolve_start(self.start, zone)
        end = None if self.end is None else _resolve_end(self.end, zone)
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
    from jobspec.cli.clock import open_clock

    return Bounds(
        start=None if start is None else read_bound(start, "--from"),
        end=None if end is None else read_bound(end, "--to"),
        zone=None if zone is None else open_clock(zone).zone,
    )


def read_bound(text: str, option: str) -> date | datetime:
    """Read a moment or a date.

    Args:
        text: As given.
        option: By which option, for messages.

    Raises:
        UsageError: It is neither.
    """
    stripped = text.strip()
    try:
        if _DATE.fullmatch(stripped):
            bound: date = date.fromisoformat(stripped)
        else:
            bound = datetime.fromisoformat(stripped.upper())
    except ValueError as error:
        raise UsageError(f"{option}: `{text}` is no time; {_HINT}") from error
    if not _FIRST_YEAR <= bound.year <= _LAST_YEAR:
        raise UsageError(f"{option}: `{text}` is out of range; Temporal's calendars end with the year {_LAST_YEAR}")
    if not isinstance(bound, datetime):
        return bound
    if bound.tzinfo is None:
        raise UsageError(f"{option}: `{text}` does not say its offset from UTC; {_HINT}")
    return bound.astimezone(UTC)


def resolve_start(bound: date | datetime, zone: tzinfo) -> datetime:
    """Find the first moment of a bound; of a date, its midnight."""
    return bound if isinstance(bound, datetime) else datetime.combine(bound, time(), zone).astimezone(UTC)


def _resolve_end(bound: date | datetime, zone: tzinfo) -> datetime:
    if isinstance(bound, datetime):
        return bound
    return datetime.combine(bound + timedelta(days=1), time(), zone).astimezone(UTC) - _TICK
