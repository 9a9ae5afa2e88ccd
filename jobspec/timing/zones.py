"""Time zones in whole seconds since the epoch, as Go's ``time`` package computes with them.

The standard library gives offsets but no list of changes, so the changes are
found by asking for the offset of every day and searching between two that
differ; no zone since 1970 changes forth and back within a day. That is done for
about a year at once, when first needed.
"""

from __future__ import annotations

import re
import zoneinfo
from bisect import bisect_right
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = 86_400
HOUR = 3_600
EPOCH_WEEKDAY = 4
"""1970-01-01 was a Thursday."""
LAST_SECOND = 4_133_980_799
"""The end of 2100, UTC: the server's calendars know no later year."""

_FIRST_SECOND = -(2**32)
_BLOCK_BITS = 25
_BLOCK = 1 << _BLOCK_BITS
_MARGIN = 2 * HOUR
"""How far the effects of a change reach: the hours beside the repeated or missing ones, and the comparison with the
time an hour ago."""


class UnknownTimezoneError(ValueError):
    """There is no time zone of that name."""


class Window(NamedTuple):
    """A stretch around a change of offset, in which wall clocks need care: from ``start`` up to before ``stop``."""

    start: int
    stop: int


_NEVER = Window(LAST_SECOND + DAY, LAST_SECOND + 2 * DAY)


class _Block(NamedTuple):
    """Offsets during one block of time; the first start is the block's own.

    ``moved_midnights`` has the local days whose midnight does not exist and is taken for a time of another day.
    """

    starts: list[int]
    offsets: list[int]
    windows: list[Window]
    moved_midnights: dict[int, int]


class Zone:
    """One time zone.

    A *wall* is a local time in seconds, as if the wall clock showed UTC; a *day* is a wall divided by 86,400.

    Attributes:
        name: IANA name.
        fixed: Whether it is UTC, so that no wall clock is ever set.
    """

    __slots__ = ("_blocks", "_tz", "fixed", "name")

    def __init__(self, name: str) -> None:
        if not is_known_timezone(name):
            raise UnknownTimezoneError(f"unknown time zone `{name}`")
        self.name = name
        self.fixed = name in {"UTC", "Etc/UTC"}
        self._tz = zoneinfo.ZoneInfo(name)
        self._blocks: dict[int, _Block] = {}

    def offset(self, second: int) -> int:
        """Seconds east of UTC at that time."""
        if self.fixed:
            return 0
        block = self._blocks.get(second >> _BLOCK_BITS) or self._load(second >> _BLOCK_BITS)
        offsets = block.offsets
        return offsets[0] if len(offsets) == 1 else offsets[bisect_right(block.starts, second) - 1]

    def to_utc(self, wall: int) -> int:
        """The time that Go's ``time.Date`` makes of a wall clock.

        It asks for the offset twice, first as if the wall clock showed UTC. So a repeated wall is its first copy west
        of Greenwich and the second one east of it, and a missing wall is moved out of the gap one way or the other.
        """
        if self.fixed:
            return wall
        guess = self.offset(wall)
        return wall - self.offset(wall - guess) if guess else wall

    def weekday(self, wall: int) -> int:
        """Day of the week, 0 is Sunday, of ``to_utc(wall)``; of a missing wall it may be that of another day."""
        if self.fixed:
            return (wall // DAY + EPOCH_WEEKDAY) % 7
        second = self.to_utc(wall)
        return ((second + self.offset(second)) // DAY + EPOCH_WEEKDAY) % 7

    def weekday_at_midnight(self, day: int) -> int:
        """The same for the start of a day, quickly."""
        if not self.fixed:
            block = self._blocks.get(day * DAY >> _BLOCK_BITS) or self._load(day * DAY >> _BLOCK_BITS)
            day = block.moved_midnights.get(day, day)
        return (day + EPOCH_WEEKDAY) % 7

    def find_window(self, second: int, until: int) -> Window:
        """The first change of offset whose window ends after ``second``, or one beyond all time."""
        if self.fixed:
            return _NEVER
        for number in range(second - 2 * DAY >> _BLOCK_BITS, (min(until, LAST_SECOND) + 2 * DAY >> _BLOCK_BITS) + 1):
            block = self._blocks.get(number) or self._load(number)
            for window in block.windows:
                if window.stop > second:
                    return window
        return _NEVER

    def _load(self, number: int) -> _Block:
        block = self._blocks[number] = _make_block(self._tz, number)
        return block


def _make_block(tz: zoneinfo.ZoneInfo, number: int) -> _Block:
    first = number << _BLOCK_BITS
    last = first + _BLOCK
    block = _Block([first], [_read_offset(tz, first)], [], {})
    for change in _find_changes(tz, first - DAY, last + DAY):
        for day, taken_for in change.find_moved_midnights():
            if first <= day * DAY < last:
                block.moved_midnights[day] = taken_for
        if first < change.second < last:
            block.starts.append(change.second)
            block.offsets.append(change.after)
        if first <= change.second < last:
            reach = abs(change.after - change.before) + _MARGIN
            block.windows.append(Window(change.second - reach, change.second + reach))
    return block


class _OffsetChange(NamedTuple):
    """The wall clock is set: the first second of the new offset, and the offsets on both sides of it."""

    second: int
    before: int
    after: int

    def find_moved_midnights(self) -> list[tuple[int, int]]:
        """Days whose midnight is skipped by this change, each with the day that Go takes that midnight for."""
        first_missing, first_shown = self.second + self.before, self.second + self.after
        moved = []
        for day in range(-(-first_missing // DAY), -(-first_shown // DAY)):
            guess = self._offset(day * DAY)
            second = day * DAY - self._offset(day * DAY - guess)
            taken_for = (second + self._offset(second)) // DAY
            if taken_for != day:
                moved.append((day, taken_for))
        return moved

    def _offset(self, second: int) -> int:
        return self.after if second >= self.second else self.before


def _find_changes(tz: zoneinfo.ZoneInfo, first: int, last: int) -> list[_OffsetChange]:
    changes = []
    before = _read_offset(tz, first)
    for day in range(first, last, DAY):
        after = _read_offset(tz, min(day + DAY, last))
        if after != before:
            changes.append(_OffsetChange(_find_change(tz, day, min(day + DAY, last)), before, after))
            before = after
    return changes


def _find_change(tz: zoneinfo.ZoneInfo, low: int, high: int) -> int:
    """The first second of the new offset, given a time before it and one that is not."""
    before = _read_offset(tz, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _read_offset(tz, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _read_offset(tz: zoneinfo.ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(max(second, _FIRST_SECOND), tz).utcoffset()
    return offset.days * DAY + offset.seconds if offset else 0


@lru_cache(maxsize=1024)
def find_zone(name: str) -> Zone:
    """The zone of that name; an empty name is UTC, as it is for the server.

    Raises:
        UnknownTimezoneError: There is none.
    """
    return Zone(name or "UTC")


@lru_cache(maxsize=1)
def _read_listed_names() -> frozenset[str]:
    """The names that the tzdata package lists: one file, where the standard library would walk a tree."""
    try:
        text = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii")
    except (ModuleNotFoundError, FileNotFoundError):
        return frozenset()
    return frozenset(text.split())


@lru_cache(maxsize=1)
def _read_all_names() -> frozenset[str]:
    return frozenset(_read_listed_names() | zoneinfo.available_timezones()) - {"localtime"}


def is_known_timezone(name: str) -> bool:
    """Whether it is the IANA name of a time zone, in the exact spelling.

    ``Local`` is none: it is the server's own zone, whatever that is.
    """
    return name in _read_listed_names() or name in _read_all_names()


CITIES_OF_ABBREVIATIONS: Final[Mapping[str, str]] = {
    "CET": "Europe/Berlin",
    "CST6CDT": "America/Chicago",
    "EET": "Europe/Athens",
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "HST": "Pacific/Honolulu",
    "MET": "Europe/Berlin",
    "MST": "America/Denver",
    "MST7MDT": "America/Denver",
    "PST8PDT": "America/Los_Angeles",
    "WET": "Europe/Lisbon",
}
"""Names of the tz database that are abbreviations, and a city whose clock people usually mean by them."""

_CITIES_OF_OTHERS: Final[Mapping[str, str]] = {
    "AEDT": "Australia/Sydney",
    "AEST": "Australia/Sydney",
    "BST": "Europe/London",
    "CDT": "America/Chicago",
    "CEST": "Europe/Berlin",
    "CST": "America/Chicago",
    "EDT": "America/New_York",
    "EEST": "Europe/Athens",
    "HKT": "Asia/Hong_Kong",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "MDT": "America/Denver",
    "MSK": "Europe/Moscow",
    "NZST": "Pacific/Auckland",
    "PDT": "America/Los_Angeles",
    "PST": "America/Los_Angeles",
    "SGT": "Asia/Singapore",
}
"""Abbreviations that the tz database does not have as names."""

_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])0?(\d{1,2})(?::?00)?", re.IGNORECASE)


def suggest_timezone(name: str) -> str:
    """Say what to write instead of a time zone that is not known; empty where nothing comes near."""
    city = {**CITIES_OF_ABBREVIATIONS, **_CITIES_OF_OTHERS}.get(name.strip().upper())
    if city:
        return f"name a city, such as `{city}`: its clock says when it changes, which an abbreviation does not"
    if match := _OFFSET.fullmatch(name.strip()):
        fixed = f"Etc/GMT{'-' if match[1] == '+' else '+'}{match[2]}"
        if is_known_timezone(fixed):
            return (
                f"name a city, such as `Europe/Berlin`, or write `{fixed}` for UTC{match[1]}{match[2]} all year round "
                "(its sign is the opposite)"
            )
    nearest = nearest_timezones(name)
    return f"did you mean `{nearest[0]}`?" if nearest else ""


def nearest_timezones(name: str) -> list[str]:
    """Up to three names that a misspelt or abbreviated one may mean, the likeliest first."""
    import difflib

    names = {known.lower(): known for known in sorted(_read_all_names())}
    wanted = name.strip().lower().replace(" ", "_")
    if wanted in names:
        return [names[wanted]]
    cities = [known for lower, known in names.items() if wanted and lower.rpartition("/")[2] == wanted]
    close = [names[lower] for lower in difflib.get_close_matches(wanted, names, n=3, cutoff=0.7)]
    return list(dict.fromkeys(cities + close))[:3]
