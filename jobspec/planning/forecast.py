"""What a job will run when, from its spec alone; no server is asked, so an operator's pause is not known here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from jobspec.timing.oddities import Oddity, find_oddities
from jobspec.timing.upcoming import has_run, next_run, upcoming

if TYPE_CHECKING:
    from jobspec.spec.model import JobSpec, ScheduleSpec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RunState(StrEnum):
    """Whether a job runs by itself."""

    RUNS = "runs"
    PAUSED = "paused"
    ON_DEMAND = "on_demand"
    COMPLETED = "completed"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpan:
    """Which runs are looked at.

    Attributes:
        start: From then on; aware.
        end: Up to then, which counts; aware. None has no end.
        count: So many at most; None has no limit.
    """

    start: datetime
    end: datetime | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When one job runs.

    Attributes:
        spec: The job.
        run_state: Whether it runs by itself.
        runs: Its nominal runs in the span, also where it is paused.
        following: The first run after the span, where there is none in it.
    """

    spec: JobSpec
    run_state: RunState
    runs: tuple[datetime, ...] = ()
    following: datetime | None = None


def make_forecast(spec: JobSpec, span: RunSpan, *, now: datetime) -> Forecast:
    """Find the runs of one job.

    Args:
        spec: The job.
        span: Which runs.
        now: A job without a run after this is completed.
    """
    schedule = spec.schedule
    if schedule is None:
        return Forecast(spec=spec, run_state=RunState.ON_DEMAND)
    timetable, before = schedule.timetable, span.start - timedelta(microseconds=1)
    runs = tuple(upcoming(timetable, before, count=span.count, until=span.end))
    if runs:
        run_state = RunState.PAUSED if schedule.paused else RunState.RUNS
        return Forecast(spec=spec, run_state=run_state, runs=runs)
    following = next_run(timetable, span.end) if span.end else None
    return Forecast(spec=spec, run_state=_judge(schedule, now), following=following)


def _judge(schedule: ScheduleSpec, now: datetime) -> RunState:
    """Say what it means that there is no run."""
    if has_run(schedule.timetable, now):
        return RunState.PAUSED if schedule.paused else RunState.RUNS
    return RunState.COMPLETED if has_run(schedule.timetable, _EPOCH) else RunState.NEVER


def find_bent_times(forecast: Forecast, span: RunSpan) -> list[Oddity]:
    """Find what changes of the clock do to a job, in the span or up to the last of the runs that fill it.

    Args:
        forecast: When the job runs.
        span: Which runs were looked for.
    """
    schedule, runs = forecast.spec.schedule, forecast.runs
    end = runs[-1] if runs and (span.end is None or len(runs) == span.count) else span.end
    if schedule is None or end is None:
        return []
    found = find_oddities(schedule.timetable, int(span.start.timestamp()) - 1, int(end.timestamp()))
    return [oddity for oddity in found if oddity.near <= end.timestamp()]
