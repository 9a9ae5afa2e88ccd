"""`runs`, `describe`, `history` and `stats`: looking at the runs of a job."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import click

from jobspec.cli.completion import complete_jobs
from jobspec.cli.exits import ExitCode, code_of_error
from jobspec.cli.opened_job import check_run, choose_latest_run, job_argument, open_job, run_id_option, run_option
from jobspec.cli.options import TargetOptions, output_option, target_options
from jobspec.cli.output import find_style, put, say
from jobspec.cli.run_wait import RunWait, patience_option
from jobspec.cli.time_options import open_clock, read_moment, tz_option
from jobspec.errors import RunFailedError, UsageError

if TYPE_CHECKING:
    from datetime import timedelta

    from temporalio.client import Client

    from jobspec.cli.opened_job import OpenedJob
    from jobspec.cli.specs import Specs
    from jobspec.render.clock import Clock
    from jobspec.results import DefinitionStats, RunPage, Status, TimeRange

STATUSES: Final = (
    "running",
    "completed",
    "failed",
    "timed_out",
    "canceled",
    "terminated",
    "continued_as_new",
    "paused",
)
"""States of `jobspec.results.Status` that runs can be asked for."""

_LARGEST_PAGE: Final = 1000
_COUNTED_AT_ONCE: Final = 8
"""Counting asks visibility, for which servers allow ten requests a second by default."""


@click.command("runs")
@job_argument
@click.option(
    "--status", "statuses", type=click.Choice(STATUSES), multiple=True, help="Only runs in this state, or in these."
)
@click.option("--since", metavar="TIME", help="Only runs that started from then on: `2h` ago, a time, or a date.")
@click.option("--until", metavar="TIME", help="Only runs that started till then; a date means its end.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most.")
@click.option("--page-token", metavar="TOKEN", help="Go on where another list ended.")
@tz_option
@target_options
@output_option("text", "json")
def runs_command(  # noqa: PLR0913, PLR0917  one argument an option
    name: str,
    statuses: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int,
    page_token: str | None,
    zone: str | None,
    target: TargetOptions,
    output: str,
) -> None:
    """List the runs of a job, the newest first; of the last moments some may be missing.

    Those that its schedule started and those that were started by hand, as long as Temporal keeps them.
    """
    from jobspec.results import Status, TimeRange

    clock = open_clock(zone)
    span = TimeRange(
        since=None if since is None else read_moment(since, clock),
        until=None if until is None else read_moment(until, clock, is_end=True),
    )
    token = _read_token(page_token)
    wanted = tuple(map(Status, statuses))
    job = open_job(name, target)
    page = asyncio.run(_list_runs(job, wanted, span, limit, token))
    _show_runs(job, page, clock, output)


def _read_token(text: str | None) -> bytes:
    import base64
    import binascii

    try:
        return base64.b64decode(text or "", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError("this is no page token; take `next_page_token` of the list before") from error


async def _list_runs(
    job: OpenedJob, statuses: tuple[Status, ...], span: TimeRange, limit: int, token: bytes
) -> RunPage:
    """List so many runs, page by page."""
    from jobspec.results import RunPage

    client = await job.connect()
    found = RunPage(runs=(), next_page_token=token)
    while len(found.runs) < limit and (found.next_page_token or not found.runs):
        page = await job.definition.list_runs(
            client,
            status=statuses,
            time_range=span,
            page_size=min(limit - len(found.runs), _LARGEST_PAGE),
            page_token=found.next_page_token,
        )
        found = RunPage(runs=found.runs + page.runs, next_page_token=page.next_page_token)
        if not page.runs:
            break
    return found


def _show_runs(job: OpenedJob, page: RunPage, clock: Clock, output: str) -> None:
    from jobspec.render.payload_values import write_token
    from jobspec.render.run_text import render_runs

    if output == "json":
        from jobspec.render.run_documents import RunsDocument

        put(RunsDocument.of(page, job=job.name).to_json())
        return
    if not page.runs:
        say(f"The job `{job.name}` has no such runs.")
        return
    put(render_runs(page.runs, clock, find_style()))
    if page.next_page_token:
        say(f"There may be more: --page-token {write_token(page.next_page_token)}")


@click.command("describe")
@job_argument
@run_option
@run_id_option
@click.option("--wait", is_flag=True, help="Wait for its end first.")
@patience_option
@tz_option
@target_options
@output_option("text", "json")
def describe_command(  # noqa: PLR0913, PLR0917  one argument an option
    name: str,
    workflow_id: str | None,
    run_id: str | None,
    patience: timedelta,
    zone: str | None,
    target: TargetOptions,
    output: str,
    *,
    wait: bool,
) -> int:
    """Show all about one run of a job, by default the latest.

    What runs in it now, its input, and what it returned or failed with. With --wait, the exit code is 1 when it fails.
    """
    check_run(workflow_id, run_id)
    job, run = open_job(name, target), (workflow_id, run_id)
    return asyncio.run(_describe(job, run, zone, output, patience=patience if wait else None))


async def _describe(
    job: OpenedJob,
    named: tuple[str | None, str | None],
    zone: str | None,
    output: str,
    *,
    patience: timedelta | None,
) -> ExitCode:
    """Describe a run, after waiting for it where it says for how long the server may be away."""
    from jobspec.render.run_redaction import redact_detail, redact_history
    from jobspec.render.run_text import render_detail

    clock = open_clock(zone)
    client = await job.connect()
    workflow_id, run_id = await _choose(job, client, *named)
    code = ExitCode.OK
    if patience is not None:
        handle = job.definition.get_run(client, workflow_id, run_id)
        code = await _wait_for_end(RunWait(job=job, client=client, handle=handle, patience=patience))
        # It may have been followed by others, of a retry or by continuing as new.
        clock, run_id = open_clock(zone), named[1]
    detail = await job.definition.describe(client, workflow_id, run_id)
    history = await job.definition.history(client, workflow_id, detail.summary.run_id, max_events=1)
    detail, history = redact_detail(detail, job.redaction), redact_history(history, job.redaction)
    if output == "json":
        from jobspec.render.run_documents import RunDetailDocument

        put(RunDetailDocument.of(detail, history, job=job.name, run=detail.summary).to_json())
    else:
        put(render_detail(detail, history, clock, find_style()))
    return code


async def _choose(
    job: OpenedJob, client: Client, workflow_id: str | None, run_id: str | None
) -> tuple[str, str | None]:
    """Say which run is meant, by default the latest."""
    if workflow_id:
        return workflow_id, run_id
    latest = await choose_latest_run(job, client)
    return latest.workflow_id, latest.run_id


async def _wait_for_end(waiting: RunWait) -> ExitCode:
    try:
        await waiting.result()
    except RunFailedError as error:
        return code_of_error(error)  # what is shown says why
    return ExitCode.OK


@click.command("history")
@job_argument
@run_option
@run_id_option
@click.option(
    "--max-events", type=click.IntRange(min=1), default=500, show_default=True, help="How many events are read."
)
@click.option("--all", "reads_all", is_flag=True, help="Read all events, however many there are.")
@tz_option
@target_options
@output_option("text", "json")
def history_command(  # noqa: PLR0913, PLR0917  one argument an option
    name: str,
    workflow_id: str | None,
    run_id: str | None,
    max_events: int,
    zone: str | None,
    target: TargetOptions,
    output: str,
    *,
    reads_all: bool,
) -> None:
    """Show what happened in one run of a job, by default the latest: its activities, attempts, results and failures."""
    check_run(workflow_id, run_id)
    most = None if reads_all else max_events
    asyncio.run(_history(open_job(name, target), workflow_id, run_id, most, zone, output))


async def _history(
    job: OpenedJob, workflow_id: str | None, run_id: str | None, most: int | None, zone: str | None, output: str
) -> None:
    from jobspec.render.run_redaction import redact_history
    from jobspec.render.run_text import render_history

    clock = open_clock(zone)
    client = await job.connect()
    history = await job.definition.history(client, *await _choose(job, client, workflow_id, run_id), max_events=most)
    history = redact_history(history, job.redaction)
    if output == "json":
        from jobspec.render.run_documents import HistoryDocument

        put(HistoryDocument.of(history, job=job.name).to_json())
    else:
        put(render_history(history, clock, find_style()))
    if history.is_truncated:
        say(f"Only the first {history.events:,} events were read; --max-events N reads more, --all reads all of them.")


@click.command("stats")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_jobs)
@click.option("--today", is_flag=True, help="Only runs that ended since midnight, and those that go on.")
@tz_option
@target_options
@output_option("text", "json")
def stats_command(names: tuple[str, ...], zone: str | None, target: TargetOptions, output: str, *, today: bool) -> None:
    """Count the runs of jobs by state; without NAME, those of all jobs.

    Counts all runs that Temporal still keeps, or those of today.
    """
    from jobspec.cli.specs import find_job, open_specs, warn_of_others

    clock = open_clock(zone)
    specs = open_specs(target.environment)
    for name in names:
        find_job(specs.loaded, name)
    warn_of_others(specs, set(names))
    stats = asyncio.run(_count(specs, target, names or tuple(specs.loaded.jobs), clock, today=today))
    _show_stats(stats, clock, output)


async def _count(
    specs: Specs, target: TargetOptions, names: tuple[str, ...], clock: Clock, *, today: bool
) -> dict[str, DefinitionStats]:
    from jobspec.cli.session import open_session
    from jobspec.cli.specs import open_registry

    if today and clock.zone is None:
        raise UsageError("the local time zone has no IANA name; say which midnight is meant with --tz")
    client = (await open_session(specs, target.connection)).client
    registry = open_registry(specs)
    turns = asyncio.Semaphore(_COUNTED_AT_ONCE)

    async def count(name: str) -> DefinitionStats:
        async with turns:
            zone = clock.name if clock.zone else "UTC"
            return await registry[name].stats(client, today_only=today, time_zone=zone)

    distinct = tuple(dict.fromkeys(names))
    return dict(zip(distinct, await asyncio.gather(*map(count, distinct)), strict=True))


def _show_stats(stats: dict[str, DefinitionStats], clock: Clock, output: str) -> None:
    from jobspec.render.run_text import render_stats

    since = next((found.since for found in stats.values()), None)
    if output == "json":
        from jobspec.render.run_documents import JobStatsDocument, StatsDocument

        jobs = tuple(JobStatsDocument.of(found, job=job) for job, found in stats.items())
        put(StatsDocument.of(since=since, as_of=clock.now, jobs=jobs).to_json())
        return
    put(render_stats(stats, find_style()))
    if since:
        say(f"Runs that ended since {clock.show(since)} ({clock.name}), and those that go on.")
