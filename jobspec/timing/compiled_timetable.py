"""Many run times at once.

Where no clock is set, days are alike: their times are the same list of seconds
of the day, so whole days are written down without walking. Around changes of
the clock each time is found by the walk of
:mod:`jobspec.timing.compiled_calendar`, from the one before, because there the
server's answer depends on where it starts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from jobspec.timing.compiled_calendar import LAST_DAY, find_next
from jobspec.timing.zones import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jobspec.timing.compiled_calendar import CompiledCalendar
    from jobspec.timing.zones import Zone

MOST_EXCLUDED = 1_209_600
"""After so many skipped times in a row the server gives up and never fires again (``scheduler.specMaxIterations``)."""

_STEPS = 4
"""How many runs are looked for one by one before whole days are."""
_MOST_KEPT_DAYS = 64
_FEW = 4
"""From so many times of a day on it is worth looking whether they are evenly spaced."""
_HORIZON = 400 * DAY
"""How far ahead changes of the clock are looked for at once."""


class Repeat(NamedTuple):
    """An interval in seconds."""

    every: int
    offset: int

    def find_next(self, after: int) -> int:
        """The first time after ``after``; the quotient is cut towards zero, as Go does."""
        distance = after - self.offset
        quotient = distance // self.every if distance >= 0 else -(-distance // self.every)
        return (quotient + 1) * self.every + self.offset


class CompiledTimetable:
    """A timetable made ready for computing; times are seconds since the epoch.

    Args:
        zone: Whose clock the calendars and skips mean.
        calendars: Their times are runs.
        repeats: The intervals.
        skips: The calendars whose times do not count.
        earliest: Runs come strictly after it.
        last: No run comes after it.
    """

    __slots__ = ("_calendars", "_days", "_earliest", "_first_offset", "_last", "_masks", "_repeats", "_skips", "_zone")

    def __init__(
        self,
        *,
        zone: Zone,
        calendars: list[CompiledCalendar],
        repeats: list[Repeat],
        skips: list[CompiledCalendar],
        earliest: int,
        last: int,
    ) -> None:
        self._zone, self._calendars, self._repeats, self._skips = zone, calendars, repeats, skips
        self._earliest, self._last = earliest, last
        self._first_offset = max((repeat.offset for repeat in repeats), default=earliest)
        self._days: dict[tuple[object, ...], tuple[Sequence[int], Sequence[int]]] = {}
        self._masks: dict[tuple[int, ...], bytes] = {}

    def find_next(self, after: int) -> int | None:
        """The first run after ``after``."""
        after = max(after, self._earliest)
        for _ in range(_STEPS):
            found = self._step(after) if after < self._last else None
            if found is None or not self._is_skipped(found):
                return found
            after = found
        return next((batch[0] for batch in self.list_batches(after, self._last, skipped=_STEPS)), None)

    def list_runs(self, after: int, end: int) -> Iterator[int]:
        """All runs after ``after`` up to ``end``, lazily: the first ones by steps, since often no more are wanted."""
        for _ in range(_STEPS):
            found = self.find_next(after)
            if found is None or found > end:
                return
            yield found
            after = found
        for batch in self.list_batches(after, end):
            yield from batch

    def list_batches(self, after: int, end: int, *, skipped: int = 0) -> Iterator[Sequence[int]]:
        """The same in sequences that are not empty.

        Args:
            after: Where to start.
            end: The last second that counts.
            skipped: How many times in a row were skipped up to ``after``.
        """
        after, end = max(after, self._earliest), min(end, self._last)
        while after < end:
            after, found = self._advance(after, end)
            for raw, kept in found:
                leading = bisect_left(raw, kept[0]) if kept else len(raw)
                if skipped + leading >= MOST_EXCLUDED:
                    return
                if kept:
                    yield kept
                skipped = len(raw) - bisect_right(raw, kept[-1]) if kept else skipped + leading

    def _advance(self, after: int, end: int) -> tuple[int, Iterable[tuple[Sequence[int], Sequence[int]]]]:
        """Go on to the next change of the clock, or by one time where it is near.

        Returns:
            How far it went, and times up to there in batches, each with those of them that are not skipped.
        """
        horizon = min(end, after + _HORIZON)
        window = self._zone.find_window(after, horizon)
        if after + 1 < window.start and after >= self._first_offset:
            stop = min(window.start - 1, horizon)
            return stop, self._list_alike(after, stop)
        found = self._step(after)
        if found is None or found > end:
            return end, []
        return found, [([found], [] if self._is_skipped(found) else [found])]

    def _list_alike(self, after: int, stop: int) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """The times after ``after`` up to ``stop``, between which the offset is always the same, day by day."""
        offset = self._zone.offset(after)
        day = (after + 1 + offset) // DAY
        while (base := day * DAY - offset) <= stop:
            raw, kept = self._list_day(day, base)
            if not raw:
                found = self._step(base + DAY - 1)
                if found is None:
                    return
                day = (found + offset) // DAY
                continue
            first, last = max(after + 1 - base, 0), min(stop - base, DAY)
            raw_times = _place(raw, base, first, last)
            if raw_times:
                yield raw_times, raw_times if kept is raw else _place(kept, base, first, last)
            day += 1

    def _list_day(self, day: int, base: int) -> tuple[Sequence[int], Sequence[int]]:
        """All seconds of a day and those that are not skipped; the same object twice where none is."""
        calendars = tuple(
            index for index, calendar in enumerate(self._calendars) if day <= LAST_DAY and calendar.matches_date(day)
        )
        skips = tuple(index for index, calendar in enumerate(self._skips) if calendar.matches_date(day))
        starts = tuple(repeat.find_next(base - 1) - base for repeat in self._repeats)
        found = self._days.get((calendars, skips, starts))
        if found is None:
            raw = self._merge(calendars, starts)
            found = raw, self._drop_skipped(raw, skips)
            if len(self._days) < _MOST_KEPT_DAYS:
                self._days[calendars, skips, starts] = found
        return found

    def _merge(self, calendars: tuple[int, ...], starts: tuple[int, ...]) -> Sequence[int]:
        lists: list[Sequence[int]] = [self._calendars[index].list_seconds_of_day() for index in calendars]
        lists += [range(start, DAY, every) for start, (every, _) in zip(starts, self._repeats, strict=True)]
        return _compact(lists[0] if len(lists) == 1 else sorted(set().union(*lists)))

    def _drop_skipped(self, seconds: Sequence[int], skips: tuple[int, ...]) -> Sequence[int]:
        if not skips or not seconds:
            return seconds
        mask = self._masks.get(skips)
        if mask is None:
            mask = self._masks[skips] = make_mask([self._skips[index] for index in skips])
        return _compact([second for second in seconds if not mask[second]])

    def _step(self, after: int) -> int | None:
        """The first time after ``after``, skipped or not."""
        times = [repeat.find_next(after) for repeat in self._repeats]
        for calendar in self._calendars:
            found = find_next(calendar, self._zone, after)
            if found is not None:
                times.append(found)
        first = min(times, default=None)
        return None if first is None or first > self._last else first

    def _is_skipped(self, second: int) -> bool:
        if not self._skips:
            return False
        wall = second + self._zone.offset(second)
        return any(calendar.matches_wall(wall) for calendar in self._skips)


def _compact(seconds: Sequence[int]) -> Sequence[int]:
    """Write evenly spaced seconds as a range, which is placed in a day without touching each of them."""
    if len(seconds) < _FEW or isinstance(seconds, range):
        return seconds
    spaced = range(seconds[0], seconds[-1] + 1, seconds[1] - seconds[0])
    return spaced if len(spaced) == len(seconds) and list(spaced) == seconds else seconds


def _place(seconds: Sequence[int], base: int, first: int, last: int) -> Sequence[int]:
    """Seconds of a day from ``first`` to ``last`` as times of the day that starts at ``base``."""
    if first > 0 or last < DAY:
        seconds = seconds[bisect_left(seconds, first) : bisect_right(seconds, last)]
    if isinstance(seconds, range):
        return range(base + seconds.start, base + seconds.stop, seconds.step)
    return [base + second for second in seconds]


def make_mask(calendars: list[CompiledCalendar]) -> bytes:
    """For every second of a day 1 where one of the calendars has it, else 0."""
    mask = 0
    for calendar in calendars:
        minute = _mark(calendar.seconds, b"\1", b"\0", 60)
        hour = _mark(calendar.minutes, minute, bytes(60), 60)
        mask |= int.from_bytes(_mark(calendar.hours, hour, bytes(3_600), 24))
    return mask.to_bytes(DAY)


def _mark(values: tuple[int, ...], marked: bytes, unmarked: bytes, count: int) -> bytes:
    return b"".join(marked if value in values else unmarked for value in range(count))
