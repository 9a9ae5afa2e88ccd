"""What a change does to the run times, for those who review it.

Pure: a change and the time it is looked at go in, values come out. Run times are nominal, a jitter only delays them.

What is said of catching up rests on the server: neither back end starts a run that was due before a schedule was
created, updated or unpaused (``processTimeRange`` in ``service/worker/scheduler/workflow.go``, and
``chasm/lib/scheduler/generator_tasks.go``), so no change sets off runs of the past. The catch-up window matters after
an outage of Temporal itself, and only policies that keep overlapping runs start more than two of them then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jobspec.errors import report_bug
from jobspec.planning.plan import Action
from jobspec.timing.frequency import runs_per_day
from jobspec.timing.moments import tell_distance, tell_moment
from jobspec.timing.upcoming import Timetable, UnknownTimezoneError, upcoming, upcoming_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.planning.plan import Change, Plan
    from jobspec.temporal.schedules.canonical import CanonicalSchedule

SHOWN_RUNS = 3
"""How many of the next runs are told."""

MOST_BUFFERED = 1000
"""How many runs a schedule may have waiting, service/worker/scheduler/workflow.go, `MaxBufferSize`."""

_SAMPLE = 10
"""So many runs show the usual gaps between them, a weekend among them."""
_SOON = timedelta(minutes=15)
_RARE = timedelta(hours=1)
"""Of runs that follow one another faster, it is not worth saying that one comes soon or again."""
_TOLERANCE = 0.1
"""How much a gap may differ from the usual ones: clocks are set by an hour, which is less of a day."""
_LONGEST_DELAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoteKind(StrEnum):
    """What a note is about."""

    RUNS_AGAIN = "runs_again"
    RUNS_LATE = "runs_late"
    SOON = "soon"
    NEVER = "never"
    CATCH_UP = "catch_up"
    UNKNOWN_TIMEZONE = "unknown_timezone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing to know before a change is made.

    Attributes:
        kind: What it is about.
        message: The sentence, without a full stop.
    """

    kind: NoteKind
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When one side of a change runs.

    Attributes:
        next_runs: The next nominal runs, three at most; none where it never fires again.
        runs_per_day: How many there are on an average day.
        timezone: IANA name of the zone that its calendars mean.
        jitter: How much later a run may start.
        paused: Whether it is paused, so that none of the runs starts until somebody unpauses it.
    """

    next_runs: tuple[datetime, ...]
    runs_per_day: float
    timezone: str
    jitter: timedelta = timedelta(0)
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What one change does to the run times.

    Attributes:
        before: When it runs as it is; None where there is no schedule, or its time zone is not known here.
        after: When it will run; None where there will be no schedule.
        notes: What else to know.
    """

    before: Rhythm | None = None
    after: Rhythm | None = None
    notes: tuple[Note, ...] = ()


def work_out_plan(plan: Plan, now: datetime) -> dict[str, Effects]:
    """Work out the effects of every change that has any, by the job's name.

    Args:
        plan: What would be done.
        now: Runs after this time count; aware.
    """
    effects = ((change.name, _try_effects(change, now)) for change in plan.changes)
    return {name: effect for name, effect in effects if effect is not None}


def _try_effects(change: Change, now: datetime) -> Effects | None:
    try:
        return work_out_effects(change, now)
    except Exception as error:  # noqa: BLE001  a bug that one change brings out leaves it without effects, and no other
        report_bug(f"work out when `{change.name}` runs", error)
        return None


def work_out_effects(change: Change, now: datetime) -> Effects | None:
    """Work out what a change does to the run times; None for one that does nothing to them, such as an adoption.

    Args:
        change: What would be done.
        now: Runs after this time count; aware.
    """
    if change.action is Action.ADOPT:
        return None
    was_paused = change.was is not None and change.was.paused
    before = _find_rhythm(change.before, now, paused=was_paused)
    if change.after is None or change.action is Action.RETIRE:
        return Effects(before=before) if before else None
    after = _find_rhythm(change.after, now, paused=change.pause.paused)
    return Effects(before=before, after=after, notes=tuple(_find_notes(change, before, after, now)))


def _find_rhythm(schedule: CanonicalSchedule | None, now: datetime, *, paused: bool) -> Rhythm | None:
    if schedule is None:
        return None
    timetable = make_timetable(schedule)
    try:
        return Rhythm(
            next_runs=tuple(upcoming(timetable, now, count=SHOWN_RUNS)),
            runs_per_day=runs_per_day(timetable, now),
            timezone=schedule.timezone,
            jitter=timedelta(microseconds=schedule.jitter // 1000),
            paused=paused,
        )
    except UnknownTimezoneError:
        return None


def make_timetable(schedule: CanonicalSchedule) -> Timetable:
    """Take from a schedule all that decides when it fires."""
    return Timetable(
        calendars=tuple(schedule.calendars),
        intervals=tuple(schedule.intervals),
        skip=tuple(schedule.skip),
        start_at=_to_datetime(schedule.start_at),
        end_at=_to_datetime(schedule.end_at),
        timezone=schedule.timezone,
    )


def _to_datetime(nanoseconds: int | None) -> datetime | None:
    return None if nanoseconds is None else _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _find_notes(change: Change, before: Rhythm | None, after: Rhythm | None, now: datetime) -> Iterator[Note]:
    yield from _tell_unknown_zones(change, before, after)
    if after is None or change.after is None:
        return
    if not after.next_runs:
        yield Note(kind=NoteKind.NEVER, message=_tell_never(change.after, now))
        return
    if not after.paused:
        yield from _compare_with_last(change, before, after, now)
        yield from _tell_soon(after, now)
    yield from _tell_catchup(change, after)


def _tell_unknown_zones(change: Change, before: Rhythm | None, after: Rhythm | None) -> Iterator[Note]:
    for schedule, rhythm, word in ((change.before, before, "now"), (change.after, after, "then")):
        if schedule is not None and rhythm is None:
            message = f"its time zone `{schedule.timezone}` is not known here, so when it runs {word} cannot be told"
            yield Note(kind=NoteKind.UNKNOWN_TIMEZONE, message=message)


def _tell_never(schedule: CanonicalSchedule, now: datetime) -> str:
    end = _to_datetime(schedule.end_at)
    if end is not None and end <= now:
        return f"never fires: its end, {tell_moment(end, ZoneInfo(schedule.timezone))}, is past"
    return "never fires: no time from now on matches"


def _compare_with_last(change: Change, before: Rhythm | None, after: Rhythm, now: datetime) -> Iterator[Note]:
    """Say whether the change makes a run come again that was there already, or leaves one out."""
    if change.before is None or before is None or before.paused or before.next_runs[:1] == after.next_runs[:1]:
        return
    old, new = make_timetable(change.before), make_timetable(change.after or change.before)
    last = _find_last_run(change.recent_runs, old, before.jitter)
    if last is None:
        return
    gaps = [*_list_gaps([last, *upcoming(old, last, count=_SAMPLE)]), *_list_gaps(upcoming(new, now, count=_SAMPLE))]
    gap, zone = after.next_runs[0] - last, ZoneInfo(after.timezone)
    ran, runs = tell_moment(last, zone, now=now), tell_moment(after.next_runs[0], zone, now=now)
    if ran.endswith(" today"):
        runs = runs.removesuffix(" today")
    if gaps and gap < min(gaps) * (1 - _TOLERANCE) and min(gaps) >= _RARE:
        yield Note(kind=NoteKind.RUNS_AGAIN, message=f"already ran at {ran}, will run again at {runs}")
    elif gaps and gap > max(gaps) * (1 + _TOLERANCE) and gap >= _RARE:
        yield Note(kind=NoteKind.RUNS_LATE, message=f"last ran at {ran}, will not run before {runs}")


def _list_gaps(times: Sequence[datetime] | Iterator[datetime]) -> list[timedelta]:
    return [later - earlier for earlier, later in pairwise(times)]


def _find_last_run(recent: Sequence[datetime], timetable: Timetable, jitter: timedelta) -> datetime | None:
    """Find the nominal time of the last run that the timetable asked for; one by hand is none.

    Args:
        recent: When runs were started, jitter included, newest last.
        timetable: What asked for them.
        jitter: How much later they may have started.
    """
    for started in reversed(recent):
        end = int(started.timestamp())
        begin = end - int(min(jitter, _LONGEST_DELAY).total_seconds()) - 1
        nominal = upcoming_seconds(timetable, begin, end)
        if nominal:
            return datetime.fromtimestamp(nominal[-1], UTC)
    return None


def _tell_soon(after: Rhythm, now: datetime) -> Iterator[Note]:
    first, *later = after.next_runs
    is_rare = not later or later[0] - first >= _RARE
    if is_rare and first - now <= _SOON:
        yield Note(kind=NoteKind.SOON, message=f"next run {tell_distance(first - now)}")


def _tell_catchup(change: Change, after: Rhythm) -> Iterator[Note]:
    """Say how many runs an outage could pile up, where the change has to do with it."""
    schedule = change.after
    how = {"allow_all": "at once", "buffer_all": "one after the other"}.get(schedule.overlap if schedule else "")
    if schedule is None or how is None or (change.before and not _concerns_catchup(change.before, schedule)):
        return
    first, window = after.next_runs[0], timedelta(microseconds=schedule.catchup_window // 1000)
    following = upcoming(make_timetable(schedule), first, count=MOST_BUFFERED - 1, until=first + window)
    runs = 1 + sum(1 for _ in following)
    if runs > 1:
        message = f"after an outage of Temporal, catch-up could start up to {runs:,} runs {how}"
        yield Note(kind=NoteKind.CATCH_UP, message=message)


def _concerns_catchup(before: CanonicalSchedule, after: CanonicalSchedule) -> bool:
    return (
        before.overlap != after.overlap
        or before.catchup_window != after.catchup_window
        or make_timetable(before) != make_timetable(after)
    )
