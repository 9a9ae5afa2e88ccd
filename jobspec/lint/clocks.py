"""Runs that the next changes of the clock bend."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from jobspec.lint.warning import find_kind, warn
from jobspec.timing.compiled_calendar import compile_calendar
from jobspec.timing.oddities import Oddity, OddityKind, find_oddities
from jobspec.timing.upcoming import upcoming_seconds
from jobspec.timing.zones import DAY, HOUR, find_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.spec.model import ScheduleSpec
    from jobspec.spec.validation import Problem
    from jobspec.timing.upcoming import Timetable

_AHEAD = timedelta(days=365)

_SOON = 4 * HOUR
"""A job that runs again so soon misses nothing by a run, and gains nothing by one more."""

_LOST = frozenset({OddityKind.SKIPPED, OddityKind.LOST, OddityKind.MOVED})
_HINT = "move it by some hours, or use `timezone: UTC`"


class _Bend(NamedTuple):
    """What happens to one entry on one day."""

    entry: int
    code: str
    day: int
    oddities: tuple[Oddity, ...]


def lint_clocks(schedule: ScheduleSpec, now: datetime) -> Iterator[Problem]:
    """Warn of runs that are lost, moved or doubled where clocks are set within the next year.

    Only where the job runs seldom: what is due again within some hours bears a run more or less.
    """
    if not schedule.timetable.calendars:
        return
    kind = find_kind(schedule)
    bends = _find_bends(schedule.timetable, int(now.timestamp()) // DAY)
    for (entry, code), found in groupby(bends, key=lambda bend: (bend.entry, bend.code)):
        first, *others = found
        message = _describe(first, schedule.timezone)
        days = list(dict.fromkeys(_show_day(bend.day) for bend in others))
        also = f"; likewise on {' and '.join(days)}" if days else ""
        yield warn(("schedule", kind, entry), code, message + also, _HINT)


@lru_cache(maxsize=4096)
def _find_bends(timetable: Timetable, today: int) -> tuple[_Bend, ...]:
    """Find what is bent within a year, by entry, code and day."""
    start = today * DAY
    odd = find_oddities(timetable, start, start + int(_AHEAD.total_seconds()))
    kept = sorted((*_classify(oddity, timetable), oddity) for oddity in odd if not _is_soon_again(oddity, timetable))
    grouped = groupby(kept, key=lambda each: each[:3])
    return tuple(_Bend(entry, code, day, tuple(each[3] for each in found)) for (entry, code, day), found in grouped)


def _classify(oddity: Oddity, timetable: Timetable) -> tuple[int, str, int]:
    """Name the entry that has the time, the calendar, and the local day."""
    matching = (
        index for index, each in enumerate(timetable.calendars) if compile_calendar(each).matches_wall(oddity.wall)
    )
    return next(matching, 0), "JS502" if oddity.kind in _LOST else "JS503", oddity.wall // DAY


def _is_soon_again(oddity: Oddity, timetable: Timetable) -> bool:
    """Tell whether another run is near."""
    if not oddity.runs:
        return bool(upcoming_seconds(timetable, oddity.near - 1, oddity.near + _SOON))
    runs = upcoming_seconds(timetable, oddity.runs[0] - _SOON, oddity.runs[-1] + _SOON)
    return bool(set(runs) - set(oddity.runs))


def _describe(bend: _Bend, timezone: str) -> str:
    zone = find_zone(timezone)
    first = bend.oddities[0]
    last = [oddity for oddity in bend.oddities if oddity.kind is first.kind][-1]
    window = zone.find_window(first.near - 2 * DAY, first.near + 2 * DAY)
    change = (window.start + window.stop) // 2
    before, after = change + zone.offset(change - 1), change + zone.offset(change)
    runs = [run + zone.offset(run) for run in first.runs]
    what = _say(first.kind, first.wall, last.wall, runs)
    way = "forward" if after > before else "back"
    clocks = f"the clocks of `{timezone}` go {way} from {_show_time(before)} to {_show_time(after)}"
    return f"{what} on {_show_day(bend.day)}, when {clocks}"


def _say(kind: OddityKind, wall: int, last: int, runs: list[int]) -> str:
    """Say what happens to the times from `wall` to `last`, the first of which runs at `runs` by the clock."""
    time = _show_time(wall)
    is_one = wall == last
    which = f"the run at {time}" if is_one else f"the runs from {time} to {_show_time(last)}"
    match kind:
        case OddityKind.SKIPPED | OddityKind.LOST:
            return f"there is no run at {time}" if is_one else f"there are no runs from {time} to {_show_time(last)}"
        case OddityKind.MOVED:
            return f"{which} {'comes' if is_one else 'begin'} at {_show_time(runs[0])}"
        case OddityKind.REPEATED if runs[0] == runs[-1]:
            return f"{which} {'comes' if is_one else 'come'} twice"
        case OddityKind.REPEATED:
            again = next(run for run in runs if run != wall)
            return f"{which} {'comes once more at' if is_one else 'come once more from'} {_show_time(again)}"
        case OddityKind.EXTRA:
            return f"there is one more run at {time}"


def _show_time(wall: int) -> str:
    moment = datetime.fromtimestamp(wall, UTC)
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _show_day(day: int) -> str:
    return f"{datetime.fromtimestamp(day * DAY, UTC):%Y-%m-%d}"
