"""Where a change of the clock bends a schedule: what is skipped, moved, fires twice or not at all.

Nothing is guessed: the runs that the server's walk finds around the change
(:mod:`jobspec.timing.compiled_calendar`) are compared with the times at which the
wall clock shows what the calendar asks for. A calendar with a run in every hour
is passed over, because it runs through a change as if there were none.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from jobspec.timing.compiled_calendar import compile_calendar
from jobspec.timing.compiled_timetable import CompiledTimetable
from jobspec.timing.zones import DAY, EPOCH_WEEKDAY, HOUR, LAST_SECOND, find_zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Set as AbstractSet

    from jobspec.timing.compiled_calendar import CompiledCalendar
    from jobspec.timing.upcoming import Timetable
    from jobspec.timing.zones import Window, Zone

_HOURS_OF_DAY = 24


class OddityKind(StrEnum):
    """What a change of the clock does to one time of a calendar."""

    SKIPPED = "skipped"
    MOVED = "moved"
    REPEATED = "repeated"
    LOST = "lost"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Oddity:
    """One time that does not fire exactly once.

    Attributes:
        wall: What the calendar asks for, by the wall clock: seconds since the epoch as if that showed UTC.
        kind: `skipped`: the clock never shows it; `moved`: it fires an hour late, or at the time that a clock shows
            instead; `repeated`: it fires twice; `lost`: the clock shows it, and the server does not fire all the same;
            `extra`: nothing asks for it, and the server fires all the same: the day has no midnight and is taken for
            the day before, or the hour before is skipped and comes again.
        runs: When it fires, in seconds since the epoch: two times where repeated, one where moved or extra, else none.
        near: The change of the clock or the last of the runs, by which to sort it in among the runs.
    """

    near: int
    wall: int
    kind: OddityKind
    runs: tuple[int, ...] = ()


def find_oddities(timetable: Timetable, start: int, end: int) -> list[Oddity]:
    """Find all times between two moments that a change of the clock bends, in order.

    Args:
        timetable: The schedule; its intervals know no clock.
        start: Seconds since the epoch; changes after it count.
        end: Changes up to it count.
    """
    calendars = [
        calendar for calendar in map(compile_calendar, timetable.calendars) if len(calendar.hours) < _HOURS_OF_DAY
    ]
    zone = find_zone(timetable.timezone)
    if not calendars or zone.fixed:
        return []
    skips = [compile_calendar(calendar) for calendar in timetable.skip]
    found = {
        oddity
        for window in _walk_windows(zone, start, min(end, LAST_SECOND))
        for calendar in calendars
        for oddity in _compare(_Scene(zone, calendar, skips, window))
    }
    return sorted(oddity for oddity in found if _is_within(oddity, timetable))


def _is_within(oddity: Oddity, timetable: Timetable) -> bool:
    begins, ends = timetable.start_at, timetable.end_at
    return (begins is None or oddity.near >= begins.timestamp()) and (ends is None or oddity.near <= ends.timestamp())


def _walk_windows(zone: Zone, start: int, end: int) -> Iterator[Window]:
    while start < end:
        window = zone.find_window(start, end)
        middle = (window.start + window.stop) // 2
        if middle > end:
            return
        if middle > start:
            yield window
        start = window.stop


class _Scene(NamedTuple):
    """One calendar around one change of the clock, from `start` to before `stop`."""

    zone: Zone
    calendar: CompiledCalendar
    skips: list[CompiledCalendar]
    window: Window

    @property
    def change(self) -> int:
        """The first second of the new offset."""
        return (self.window.start + self.window.stop) // 2

    @property
    def stop(self) -> int:
        """How far the change is felt: a day longer where it takes away a midnight, by which the weekday is told."""
        day = (self.window.stop + self.zone.offset(self.window.stop)) // DAY
        is_moved = self.zone.weekday_at_midnight(day) != (day + EPOCH_WEEKDAY) % 7
        return self.window.stop + DAY if is_moved else self.window.stop

    def list_walls(self) -> list[int]:
        """All that the calendar asks for around the change, by the wall clock."""
        first, last = [edge + self.zone.offset(edge) for edge in (self.window.start, self.stop)]
        days = [day for day in range(first // DAY, last // DAY + 1) if self.calendar.matches_date(day)]
        seconds = self.calendar.list_seconds_of_day() if days else []
        walls = (day * DAY + second for day in days for second in seconds)
        return [wall for wall in walls if first < wall < last and not self.is_skipped(wall)]

    def is_skipped(self, wall: int) -> bool:
        """Whether the schedule leaves that time out."""
        return any(skip.matches_wall(wall) for skip in self.skips)

    def list_runs(self) -> AbstractSet[int]:
        """All runs around the change."""
        timetable = CompiledTimetable(
            zone=self.zone,
            calendars=[self.calendar],
            repeats=[],
            skips=self.skips,
            earliest=self.window.start - DAY,
            last=self.stop - 1,
        )
        return {run for batch in timetable.list_batches(self.window.start, self.stop) for run in batch}

    def find_moments(self, wall: int) -> list[int]:
        """When the wall clock shows that: never, once or twice."""
        offsets = sorted({self.zone.offset(edge) for edge in (self.window.start, self.window.stop)}, reverse=True)
        return [wall - offset for offset in offsets if self.zone.offset(wall - offset) == offset]


def _compare(scene: _Scene) -> Iterator[Oddity]:
    walls, runs = scene.list_walls(), scene.list_runs()
    strays = runs - {moment for wall in walls for moment in scene.find_moments(wall)}
    for wall in walls:
        placed = scene.zone.to_utc(wall)
        strayed = strays & {placed, placed + HOUR}
        strays -= strayed
        odd = _judge(scene, wall, runs, strayed)
        if odd:
            yield odd
    for run in strays:
        yield Oddity(near=run, wall=run + scene.zone.offset(run), kind=OddityKind.EXTRA, runs=(run,))


def _judge(scene: _Scene, wall: int, runs: AbstractSet[int], strayed: AbstractSet[int]) -> Oddity | None:
    """Say what becomes of one time that the calendar asks for.

    Args:
        scene: The change.
        wall: The time.
        runs: All runs around the change.
        strayed: Those of them that come of this time although the clock shows another then.
    """
    moments = scene.find_moments(wall)
    times = tuple(sorted({*strayed, *(moment for moment in moments if moment in runs)}))
    if len(times) > 1:
        return Oddity(near=times[-1], wall=wall, kind=OddityKind.REPEATED, runs=times)
    if strayed:
        return Oddity(near=times[0], wall=wall, kind=OddityKind.MOVED, runs=times)
    if not moments:
        return Oddity(near=scene.change, wall=wall, kind=OddityKind.SKIPPED)
    return None if times else Oddity(near=moments[0], wall=wall, kind=OddityKind.LOST)
