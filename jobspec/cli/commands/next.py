"""`next` and `calendar`: when the jobs run, from their specs alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from jobspec.cli.completion import complete_jobs, complete_queues
from jobspec.cli.exits import ExitCode, code_of_files
from jobspec.cli.options import env_option, output_option
from jobspec.cli.output import find_style, is_ascii_only, put, say, say_diagnostics, width
from jobspec.cli.time_options import open_clock, read_bound, read_bounds
from jobspec.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, tzinfo
    from zoneinfo import ZoneInfo

    from jobspec.cli.specs import Specs
    from jobspec.cli.time_options import Bounds
    from jobspec.planning.forecast import Forecast, RunSpan
    from jobspec.spec.model import JobSpec

_SHOWN = 10
_SHOWN_OF_ALL = 3
_MOST = 10_000
"""So many runs of a job are shown up to an end where no number is given."""


@click.command("next")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_jobs)
@click.option("--count", "-n", type=click.IntRange(min=1), metavar="N", help=f"So many runs a job (default: {_SHOWN}).")
@click.option(
    "--from", "start", metavar="TIME", help="Runs from then on: a time, a date, or a distance (default: now)."
)
@click.option("--to", "end", metavar="TIME", help="Runs up to then, such as `+2d`; all of them, unless -n limits them.")
@click.option("--tz", "zone", metavar="ZONE", help="IANA time zone that is shown and meant (default: each job's own).")
@env_option
@output_option("text", "json")
def next_command(  # noqa: PLR0913, PLR0917  one argument an option
    names: tuple[str, ...],
    count: int | None,
    start: str | None,
    end: str | None,
    zone: str | None,
    environment: str | None,
    output: str,
) -> int:
    """Show when jobs run next; without NAME, all of them, the next to run first.

    Times are nominal: a jitter only delays a run. No server is asked, so what an operator paused is not known. JSON has
    the nominal runs of paused jobs, too.
    """
    from jobspec.cli.specs import open_specs
    from jobspec.render.next_runs import render_runs_as_json

    bounds = read_bounds(start, end, zone)
    specs = open_specs(environment)
    chosen, code = _choose(specs, names)
    if count is None and end is None:
        count = _SHOWN if names or output == "json" else _SHOWN_OF_ALL
    looks = [_look(spec, bounds, specs.now, count or _MOST) for spec in chosen]
    if output == "json":
        put(render_runs_as_json(forecast for forecast, _ in looks))
    elif names:
        put("\n".join(_render_each(looks, bounds.zone, specs.now)))
    elif looks:
        put(_render_all([forecast for forecast, _ in looks], bounds.zone, specs.now))
    if count is None:
        _say_cut(looks)
    return code


@click.command("calendar")
@click.option("--week", "days", flag_value=7, type=int, default=7, help="A week by hours (default).")
@click.option("--day", "days", flag_value=1, type=int, help="A day by quarters of an hour.")
@click.option("--from", "start", metavar="DATE", help="The first day (default: today).")
@click.option("--tz", "zone", metavar="ZONE", help="IANA time zone (default: that of the jobs, if they agree, or UTC).")
@click.option(
    "--queue",
    "queues",
    metavar="NAME",
    multiple=True,
    help="Only this task queue; may be repeated.",
    shell_complete=complete_queues,
)
@env_option
@output_option("text", "html")
def calendar_command(
    days: int,
    start: str | None,
    zone: str | None,
    queues: tuple[str, ...],
    environment: str | None,
    output: str,
) -> int:
    """Show how many runs start when: a heat map of all jobs, by task queue.

    Nominal times, from the specs alone. HTML is one file that fetches nothing.
    """
    from jobspec.cli.specs import open_specs
    from jobspec.planning.workload import HOUR, QUARTER, count_workload
    from jobspec.render.heat_map import render_calendar
    from jobspec.render.heat_map_html import render_calendar_html

    first = None if start is None else _read_date(start)
    specs = open_specs(environment)
    jobs, code = _choose(specs, ())
    chosen = _pick_queues(jobs, queues)
    clock = _choose_zone(chosen, zone)
    first = first or specs.now.astimezone(clock).date()
    slot = HOUR if days > 1 else QUARTER
    workload = count_workload(chosen, zone=clock.key, first=first, days=days, slot=slot)
    put(
        render_calendar_html(workload)
        if output == "html"
        else render_calendar(workload, width=width(), ascii=is_ascii_only(sys.stdout))
    )
    return code


def _read_date(text: str) -> date:
    from datetime import datetime

    bound = read_bound(text, "--from")
    if isinstance(bound, datetime):
        raise UsageError(f"--from: `{text}` is no date; write one such as `2027-03-28`")
    return bound


def _pick_queues(specs: Sequence[JobSpec], queues: Sequence[str]) -> list[JobSpec]:
    from difflib import get_close_matches

    known = {spec.queue for spec in specs}
    for queue in queues:
        if queue not in known:
            nearest = get_close_matches(queue, known, n=3)
            hint = "; did you mean " + " or ".join(f"`{match}`" for match in nearest) + "?" if nearest else ""
            raise NotFoundError(f"no job has the task queue `{queue}`{hint}")
    return [spec for spec in specs if not queues or spec.queue in queues]


def _choose_zone(specs: Sequence[JobSpec], zone: str | None) -> ZoneInfo:
    """Find the clock to count by: what was asked for, else the zone of all jobs whose schedules mean one."""
    from zoneinfo import ZoneInfo

    if zone is not None:
        return ZoneInfo(open_clock(zone).name)
    meant = {spec.schedule.timezone for spec in specs if spec.schedule and not spec.schedule.interval}
    return ZoneInfo(meant.pop() if len(meant) == 1 else "UTC")


def _say_cut(looks: Sequence[tuple[Forecast, RunSpan]]) -> None:
    """Say of which jobs there are more runs than were shown."""
    names = [forecast.spec.name for forecast, _ in looks if len(forecast.runs) == _MOST]
    if names:
        say(f"Only the first {_MOST:,} runs are shown of {', '.join(names)}; -n says how many.")


def _choose(specs: Specs, names: Sequence[str]) -> tuple[list[JobSpec], ExitCode]:
    """Find the jobs that are meant; where it is all of them, say what is wrong with the others."""
    from jobspec.cli.specs import find_job

    if names:
        return [find_job(specs.loaded, name).spec for name in dict.fromkeys(names)], ExitCode.OK
    say_diagnostics(found for found in specs.loaded.diagnostics if found.is_error)
    jobs = [job.spec for job in specs.loaded.jobs.values()]
    if not jobs:
        say("There is no job.")
    return jobs, code_of_files(has_errors=specs.has_mistakes)


def _look(spec: JobSpec, bounds: Bounds, now: datetime, count: int | None) -> tuple[Forecast, RunSpan]:
    from zoneinfo import ZoneInfo

    from jobspec.planning.forecast import make_forecast

    own = ZoneInfo(spec.schedule.timezone if spec.schedule else "UTC")
    span = bounds.resolve(own, now, count)
    return make_forecast(spec, span, now=now), span


def _render_each(looks: Sequence[tuple[Forecast, RunSpan]], zone: tzinfo | None, now: datetime) -> list[str]:
    from jobspec.planning.forecast import find_bent_times
    from jobspec.render.next_runs import render_job

    return [
        render_job(forecast, find_bent_times(forecast, span), now=now, zone=zone, style=find_style())
        for forecast, span in looks
    ]


def _render_all(forecasts: Sequence[Forecast], zone: tzinfo | None, now: datetime) -> str:
    from jobspec.render.next_runs import render_overview

    return render_overview(forecasts, now=now, zone=zone, style=find_style())
