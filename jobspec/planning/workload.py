"""How many runs start when: all jobs' runs of a day or a week, counted by task queue and time of day.

Nominal runs, from the specs alone. Times are those of one wall clock: an hour that it shows twice counts both, one that
it never shows stays empty.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from jobspec.timing.upcoming import upcoming_seconds
from jobspec.timing.zones import DAY, find_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jobspec.spec.model import JobSpec
    from jobspec.timing.upcoming import Timetable

QUARTER = 900
"""Seconds of the finest slot; every zone's offset from UTC is a multiple of it."""
HOUR = 3600
MOST_MINUTES = 10
"""How many of the fullest minutes are told."""

_MINUTE = 60
_NEARLY = 0.9


class Share(NamedTuple):
    """What one job adds to a slot."""

    name: str
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The runs of some jobs.

    Attributes:
        title: The task queue.
        jobs: How many jobs run in that time.
        shares: For each slot, from the first of the first day on, the jobs that run in it.
    """

    title: str
    jobs: int
    shares: tuple[tuple[Share, ...], ...]

    @property
    def counts(self) -> list[int]:
        """How many runs each slot has."""
        return [sum(share.runs for share in slot) for slot in self.shares]


@dataclass(frozen=True, slots=True, kw_only=True)
class FullMinute:
    """A minute of the day in which many runs start, or several in which the same jobs do.

    Attributes:
        clocks: Its time of day.
        days: The days on which it is as full as that, or nearly so.
        shares: The jobs that run in it on the fullest of these days.
    """

    clocks: tuple[time, ...]
    days: tuple[date, ...]
    shares: tuple[Share, ...]

    @property
    def runs(self) -> int:
        """How many runs start in it."""
        return sum(share.runs for share in self.shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """All runs of some days.

    Attributes:
        days: The days, one after the other.
        zone: IANA name of the clock's zone.
        slot: Seconds of a slot; a divisor of an hour.
        loads: The task queues that have runs, the fullest first.
        minutes: The fullest minutes, the fullest first; only such in which several runs start.
        paused: Jobs that are left out because their specs pause them.
    """

    days: tuple[date, ...]
    zone: str
    slot: int
    loads: tuple[Load, ...]
    minutes: tuple[FullMinute, ...]
    paused: tuple[str, ...]

    @property
    def counts(self) -> list[int]:
        """How many runs each slot has, all queues together."""
        return [sum(column) for column in zip(*(load.counts for load in self.loads), strict=True)]

    @property
    def clock_changes(self) -> dict[date, float]:
        """The days on which the clock is set, with their hours."""
        edges = [_find_midnight(self.zone, day) for day in (*self.days, self.days[-1] + timedelta(days=1))]
        lengths = [after - before for before, after in pairwise(edges)]
        return {day: length / HOUR for day, length in zip(self.days, lengths, strict=True) if length != DAY}

    @property
    def slots_per_day(self) -> int:
        """How many slots a day has."""
        return DAY // self.slot


def count_workload(specs: Iterable[JobSpec], *, zone: str, first: date, days: int, slot: int) -> Workload:
    """Count the runs of jobs.

    Args:
        specs: The jobs.
        zone: IANA name of the clock's zone.
        first: The first day, by that clock.
        days: How many days.
        slot: Seconds of a slot; a divisor of an hour and a multiple of a quarter of one.
    """
    chosen = sorted(specs, key=lambda spec: spec.name)
    scheduled = {spec.name: spec for spec in chosen if spec.schedule and not spec.schedule.paused}
    grid = _Grid.make(zone, first, days, slot)
    slots: dict[str, list[list[Share]]] = {}
    jobs: Counter[str] = Counter()
    minutes: Counter[int] = Counter()
    timetables = {name: spec.schedule.timetable for name, spec in scheduled.items() if spec.schedule}
    for name, timetable in timetables.items():
        runs = upcoming_seconds(timetable, grid.start - 1, grid.end - 1)
        if runs:
            queue = scheduled[name].queue
            jobs[queue] += 1
            minutes.update(run // _MINUTE for run in runs)
            found = slots.setdefault(queue, [[] for _ in range(grid.size)])
            for index, number in grid.spread(runs).items():
                found[index].append(Share(name, number))
    return Workload(
        days=tuple(first + timedelta(days=number) for number in range(days)),
        zone=zone,
        slot=slot,
        loads=_order(
            Load(title=queue, jobs=jobs[queue], shares=tuple(map(tuple, found))) for queue, found in slots.items()
        ),
        minutes=_find_full_minutes(minutes, grid, timetables),
        paused=tuple(spec.name for spec in chosen if spec.schedule and spec.schedule.paused),
    )


def _order(loads: Iterable[Load]) -> tuple[Load, ...]:
    return tuple(sorted(loads, key=lambda load: (-sum(load.counts), load.title)))


class _Grid(NamedTuple):
    """The slots of a wall clock on the line of time: each stretch between two edges lies in one slot."""

    zone: str
    first: date
    size: int
    edges: list[int]
    slots: list[int]

    @classmethod
    def make(cls, zone: str, first: date, days: int, slot: int) -> _Grid:
        clock, wall = find_zone(zone), first.toordinal() * DAY - date(1970, 1, 1).toordinal() * DAY
        start, end = _find_midnight(zone, first), _find_midnight(zone, first + timedelta(days=days))
        edges: list[int] = []
        slots: list[int] = []
        for second in range(start, end, QUARTER):
            index = (second + clock.offset(second) - wall) // slot
            if not slots or slots[-1] != index:
                edges.append(second)
                slots.append(index)
        return cls(zone, first, days * DAY // slot, [*edges, end], slots)

    @property
    def start(self) -> int:
        """The first second."""
        return self.edges[0]

    @property
    def end(self) -> int:
        """The first second that no longer counts."""
        return self.edges[-1]

    def spread(self, runs: Sequence[int]) -> Mapping[int, int]:
        """Count the ascending runs by slot."""
        counts: Counter[int] = Counter()
        if len(runs) < len(self.slots):
            counts.update(self.slots[bisect_right(self.edges, run) - 1] for run in runs)
            return counts
        places = [bisect_left(runs, edge) for edge in self.edges]
        for index, (begin, end) in zip(self.slots, pairwise(places), strict=True):
            if end > begin:
                counts[index] += end - begin
        return counts


def _find_midnight(zone: str, day: date) -> int:
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp())


def _find_full_minutes(
    minutes: Counter[int], grid: _Grid, timetables: Mapping[str, Timetable]
) -> tuple[FullMinute, ...]:
    """Find the minutes of the day in which most runs start on some day, and who they are."""
    zone = ZoneInfo(grid.zone)
    by_clock: dict[time, list[int]] = {}
    for minute in sorted(minute for minute, number in minutes.items() if number > 1):
        by_clock.setdefault(datetime.fromtimestamp(minute * _MINUTE, zone).time(), []).append(minute)
    fullest = {clock: max(found, key=minutes.__getitem__) for clock, found in by_clock.items()}
    chosen = sorted(fullest, key=lambda clock: (-minutes[fullest[clock]], clock))[:MOST_MINUTES]
    alike: dict[tuple[tuple[date, ...], tuple[Share, ...]], list[time]] = {}
    for clock in chosen:
        days = _list_days((m for m in by_clock[clock] if minutes[m] >= minutes[fullest[clock]] * _NEARLY), zone)
        alike.setdefault((days, _find_shares(fullest[clock], timetables)), []).append(clock)
    return tuple(FullMinute(clocks=tuple(clocks), days=days, shares=shares) for (days, shares), clocks in alike.items())


def _list_days(minutes: Iterable[int], zone: ZoneInfo) -> tuple[date, ...]:
    return tuple(dict.fromkeys(datetime.fromtimestamp(minute * _MINUTE, zone).date() for minute in minutes))


def _find_shares(minute: int, timetables: Mapping[str, Timetable]) -> tuple[Share, ...]:
    start = minute * _MINUTE
    runs = {name: len(upcoming_seconds(table, start - 1, start + _MINUTE - 1)) for name, table in timetables.items()}
    return tuple(Share(name, number) for name, number in runs.items() if number)
