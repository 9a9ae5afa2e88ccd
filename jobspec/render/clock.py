"""Times as people read them: by one clock, whose zone is named once, and lengths that are rounded to what matters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

NO_TIME: Final = "-"
"""What stands where there is no time."""

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The clock by which times are shown.

    Attributes:
        zone: Its zone; None for that of the machine, where its IANA name is not known.
        name: The zone's name, to be shown beside the times.
        now: The present moment; aware.
    """

    zone: tzinfo | None
    name: str
    now: datetime

    def show(self, when: datetime | None) -> str:
        """Write a moment to the second; in the hour that a change of the clock repeats, with its offset from UTC."""
        if when is None:
            return NO_TIME
        local = when.astimezone(self.zone)
        text = local.replace(tzinfo=None).isoformat(" ", "seconds")
        return f"{text}{local:%z}" if self.is_repeated(local.replace(tzinfo=None)) else text

    def is_repeated(self, wall: datetime) -> bool:
        """Whether the clock shows a time twice, as it does when it is set back; `wall` is naive."""
        first, second = (self.read(wall.replace(fold=fold)).utcoffset() for fold in (0, 1))
        return first is not None and second is not None and first > second  # PEP 495: the other way round in a gap

    def read(self, wall: datetime) -> datetime:
        """Find the moment at which the clock shows a time; `wall` is naive, and of two such moments `fold` chooses."""
        return wall.astimezone() if self.zone is None else wall.replace(tzinfo=self.zone)

    def since(self, when: datetime) -> str:
        """Say how long ago a moment was; of one that lies ahead, how far away it is."""
        passed = self.now - when
        return f"{tell_length(passed)} ago" if passed >= timedelta() else f"in {tell_length(-passed)}"


def tell_length(length: timedelta) -> str:
    """Write a length of time in one or two units: `48ms`, `1.5s`, `12s`, `3m05s`, `2h07m`, `4d03h`.

    Args:
        length: A negative one is taken for none, as clocks of two machines differ.
    """
    length = max(length, timedelta())
    if length < timedelta(seconds=1):
        return f"{length // timedelta(milliseconds=1)}ms"
    if length < timedelta(seconds=10):
        return f"{length / timedelta(seconds=1):.1f}s"
    if length < _MINUTE:
        return f"{length // timedelta(seconds=1)}s"
    if length < _HOUR:
        return f"{length // _MINUTE}m{length % _MINUTE // timedelta(seconds=1):02}s"
    if length < _DAY:
        return f"{length // _HOUR}h{length % _HOUR // _MINUTE:02}m"
    return f"{length // _DAY}d{length % _DAY // _HOUR:02}h"
