"""The next runs of jobs: a table of all, a list for each, or JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jobspec.planning.forecast import Forecast, RunState
from jobspec.render.tables import Column, Style, render_table
from jobspec.timing.duration import format_duration
from jobspec.timing.moments import tell_clock, tell_date, tell_distance, tell_moment, tell_times, tell_zone, write_utc
from jobspec.timing.oddities import Oddity, OddityKind
from jobspec.timing.zones import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from jobspec.spec.model import ScheduleSpec

_COLUMNS = (
    Column(heading="JOB"),
    Column(heading="NEXT RUN"),
    Column(heading="IN", rank=2),
    Column(heading="THEN", rank=1),
)
_INDENT = "    "
_ZONE = 6
"""Columns of a zone: of its abbreviation, or a whole number of hours from UTC."""
_LATEST = datetime.max.replace(tzinfo=UTC)


def render_runs_as_json(forecasts: Iterable[Forecast]) -> str:
    """Write a list with the name and the runs of each job, in UTC."""
    entries = [{"name": each.spec.name, "runs": list(map(write_utc, each.runs))} for each in forecasts]
    return json.dumps(entries, indent=2) + "\n"


def render_overview(forecasts: Iterable[Forecast], *, now: datetime, zone: tzinfo | None, style: Style) -> str:
    """Draw a table of all jobs, the next to run first and those that do not run last.

    Args:
        forecasts: When the jobs run.
        now: Times are told from here.
        zone: Whose clock is shown; None for each job's own.
        style: What the output can show.
    """
    ordered = sorted(forecasts, key=lambda each: (_is_idle(each), each.runs[:1] or (_LATEST,), each.spec.name))
    return render_table(_COLUMNS, [_make_row(each, now, zone) for each in ordered], style)


def _is_idle(forecast: Forecast) -> bool:
    return forecast.run_state is not RunState.RUNS or not forecast.runs


def _make_row(forecast: Forecast, now: datetime, zone: tzinfo | None) -> tuple[str, str, str, str]:
    name, schedule = forecast.spec.name, forecast.spec.schedule
    if schedule is None or _is_idle(forecast):
        return name, describe_run_state(forecast, zone), "", ""
    zone = zone or ZoneInfo(schedule.timezone)
    first, *others = forecast.runs
    # The date and zone of the first run stand beside it already.
    then = tell_times(run.astimezone(zone) for run in forecast.runs)[1:] if others else []
    return name, tell_moment(first, zone), tell_distance(first - now), ", ".join(then) + _tell_jitter(schedule)


def _tell_jitter(schedule: ScheduleSpec) -> str:
    return f" + up to {format_duration(schedule.jitter)}" if schedule.jitter else ""


def describe_run_state(forecast: Forecast, zone: tzinfo | None) -> str:
    """Say why a job does not run by itself; empty where it does and has runs.

    Args:
        forecast: When it runs.
        zone: Whose clock is shown; None for the job's own.
    """
    schedule = forecast.spec.schedule
    if schedule is None:
        return "on demand: it has no schedule"
    zone = zone or ZoneInfo(schedule.timezone)
    match forecast.run_state:
        case RunState.NEVER:
            said = "never fires: no time matches"
        case RunState.COMPLETED:
            said = "completed: " + (
                f"its end was {tell_moment(schedule.end_at, zone)}" if schedule.end_at else "no run is left"
            )
        case RunState.PAUSED:
            said = "paused by its spec" + (f": {schedule.paused}" if isinstance(schedule.paused, str) else "")
        case _ if forecast.runs:
            said = ""
        case _:
            following = forecast.following and f", the next is {tell_moment(forecast.following, zone)}"
            said = f"no run in that time{following or ''}"
    return said


def render_job(
    forecast: Forecast, oddities: Sequence[Oddity], *, now: datetime, zone: tzinfo | None, style: Style
) -> str:
    """List the runs of one job, with what changes of the clock do to it.

    Args:
        forecast: When it runs.
        oddities: What changes of the clock do to it, in order.
        now: Times are told from here.
        zone: Whose clock is shown; None for the job's own.
        style: What the output can show.
    """
    lines = [_head(forecast, zone)]
    run_state = describe_run_state(forecast, zone)
    if run_state:
        lines.append(
            f"{_INDENT}{run_state}" + ("; none of these starts before it is unpaused" if forecast.runs else "")
        )
    schedule = forecast.spec.schedule
    if schedule is not None:
        lines += _list_runs(forecast, oddities, now, (zone or ZoneInfo(schedule.timezone), ZoneInfo(schedule.timezone)))
    return "".join(f"{style.fit(line)}\n" for line in lines)


def _head(forecast: Forecast, zone: tzinfo | None) -> str:
    schedule = forecast.spec.schedule
    if schedule is None:
        return forecast.spec.name
    shown = f", times in {zone}" if zone is not None else ""
    jitter = f", each{_tell_jitter(schedule)}" if schedule.jitter else ""
    return f"{forecast.spec.name}  {_describe_schedule(schedule)}{jitter}{shown}"


def _describe_schedule(schedule: ScheduleSpec) -> str:
    if schedule.interval:
        parts = (
            f"every {format_duration(each.every)}" + (f" + {format_duration(each.offset)}" if each.offset else "")
            for each in schedule.interval
        )
        return ", ".join(parts)
    what = ", ".join(f"cron {text}" for text in schedule.cron) or "calendar"
    return f"{what} in {schedule.timezone}"


def _list_runs(
    forecast: Forecast, oddities: Sequence[Oddity], now: datetime, zones: tuple[tzinfo, tzinfo]
) -> Iterator[str]:
    shown, own = zones
    marks = [(near, f"{_INDENT}! {sentence}") for near, sentence in tell_oddities(oddities, own)]
    columns = max([_ZONE, *(len(tell_zone(run.astimezone(shown))) for run in forecast.runs)])
    runs = [(run.timestamp(), _tell_run(run, shown, now, columns)) for run in forecast.runs]
    # A mark stands before the first run after it, and after the runs that it tells of.
    yield from (text for _, text in sorted([*runs, *marks], key=lambda entry: entry[0]))


def _tell_run(run: datetime, zone: tzinfo, now: datetime, columns: int) -> str:
    local = run.astimezone(zone)
    return f"{_INDENT}{tell_date(local)}  {tell_clock(local)} {tell_zone(local):{columns}}  {tell_distance(run - now)}"


_ONE = {
    OddityKind.SKIPPED: "{times} does not exist on {day}, skipped",
    OddityKind.REPEATED: "{times} on {day} fires twice: {runs}",
    OddityKind.MOVED: "{times} on {day} fires at another time: {runs}",
    OddityKind.LOST: "{times} on {day} is left out by Temporal, for the clock is set",
    OddityKind.EXTRA: "{times} on {day} is not asked for, Temporal fires all the same, for the clock is set",
}
_SEVERAL = {
    OddityKind.SKIPPED: "{times} do not exist on {day}, {count} runs skipped",
    OddityKind.REPEATED: "{times} on {day}, {count} runs fire twice, the first of them {runs}",
    OddityKind.MOVED: "{times} on {day}, {count} runs fire at another time, the first of them {runs}",
    OddityKind.LOST: "{times} on {day}, {count} runs are left out by Temporal, for the clock is set",
    OddityKind.EXTRA: "{times} on {day}, {count} runs are not asked for and fire all the same, for the clock is set",
}


def tell_oddities(oddities: Iterable[Oddity], zone: tzinfo) -> Iterator[tuple[int, str]]:
    """Tell what changes of the clock do, what is of one kind and day in one sentence.

    Args:
        oddities: In order.
        zone: The job's.

    Returns:
        Each sentence with the time by which to sort it in among the runs, in seconds since the epoch.
    """
    for _, group in groupby(oddities, key=lambda each: (each.kind, each.wall // DAY)):
        found = list(group)
        yield found[-1].near, _tell_oddity(found, zone)


def _tell_oddity(found: Sequence[Oddity], zone: tzinfo) -> str:
    first, last = (datetime.fromtimestamp(each.wall, UTC) for each in (found[0], found[-1]))
    runs = [datetime.fromtimestamp(run, zone) for run in found[0].runs]
    times = tell_clock(first) if len(found) == 1 else f"{tell_clock(first)} to {tell_clock(last)}"
    return (_ONE if len(found) == 1 else _SEVERAL)[found[0].kind].format(
        times=times,
        day=tell_date(first),
        count=len(found),
        runs=" and ".join(f"{tell_clock(run)} {tell_zone(run)}" for run in runs),
    )
