"""`pause`, `resume`, `trigger` and `backfill`: what operators do to the live schedule of a job."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from jobspec.cli.completion import complete_jobs
from jobspec.cli.exits import code_of_failures
from jobspec.cli.opened_job import job_argument, open_job
from jobspec.cli.options import TargetOptions, output_option, target_options
from jobspec.cli.output import find_style, put, say, say_error
from jobspec.cli.time_options import open_clock, read_moment, tz_option
from jobspec.errors import JobspecError, RefusedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from temporalio.client import Client

    from jobspec.cli.opened_job import OpenedJob
    from jobspec.cli.specs import Specs
    from jobspec.library.definition import Definition
    from jobspec.render.clock import Clock
    from jobspec.render.run_documents import ScheduleActionDocument
    from jobspec.results import PauseOutcome
    from jobspec.spec.schedule import OverlapPolicy

OVERLAPS: Final = ("skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow_all")
"""The policies of `jobspec.spec.schedule.OverlapPolicy`."""

_MOST: Final = 100

overlap_option = click.option(
    "--overlap", type=click.Choice(OVERLAPS), help="What becomes of a run while another one goes on."
)
names_argument = click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete_jobs)
reason_option = click.option("--reason", metavar="TEXT", default="", help="Why; it goes into the schedule's note.")


@click.command("pause")
@names_argument
@reason_option
@target_options
@output_option("text", "json")
def pause_command(names: tuple[str, ...], reason: str, target: TargetOptions, output: str) -> int:
    """Pause the live schedules of jobs, with a note that says who and why; no apply undoes that.

    Refused where the spec itself sets `paused`. A schedule that is paused already keeps its note.
    """

    def pause(definition: Definition[Any], client: Client) -> Awaitable[PauseOutcome]:
        return definition.pause_schedule(client, reason, by=_say_who())

    return asyncio.run(_act(names, target, "pause", pause, output))


@click.command("resume")
@names_argument
@reason_option
@target_options
@output_option("text", "json")
def resume_command(names: tuple[str, ...], reason: str, target: TargetOptions, output: str) -> int:
    """Let the paused schedules of jobs go on, with a note that says who and why.

    Refused where the spec itself sets `paused`.
    """

    def resume(definition: Definition[Any], client: Client) -> Awaitable[PauseOutcome]:
        return definition.resume_schedule(client, reason, by=_say_who())

    return asyncio.run(_act(names, target, "resume", resume, output))


@click.command("trigger")
@names_argument
@overlap_option
@target_options
@output_option("text", "json")
def trigger_command(names: tuple[str, ...], overlap: str | None, target: TargetOptions, output: str) -> int:
    """Have the live schedules of jobs start a run now, also while they are paused.

    The run is as the schedule has it, unlike that of `run`, which is as the spec has it. It starts a moment later, and
    not at all where the overlap policy skips it.
    """

    async def trigger(definition: Definition[Any], client: Client) -> None:
        await definition.trigger_schedule(client, overlap=_read_overlap(overlap))

    return asyncio.run(_act(names, target, "trigger", trigger, output))


def _read_overlap(text: str | None) -> OverlapPolicy | None:
    from jobspec.spec.schedule import OverlapPolicy

    return None if text is None else OverlapPolicy(text)


def _say_who() -> str | None:
    """Name the user and the machine; None where they have no name, so that it is the process."""
    import getpass
    import socket

    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):  # a user without an entry, as in a container
        return None


async def _act(
    names: tuple[str, ...],
    target: TargetOptions,
    action: Literal["pause", "resume", "trigger"],
    act: Callable[[Definition[Any], Client], Awaitable[PauseOutcome | None]],
    output: str,
) -> int:
    """Do something to some schedules, one after the other; one that fails does not stop the others."""
    from jobspec.cli.session import open_session
    from jobspec.cli.specs import open_registry
    from jobspec.render.run_documents import ScheduleActionsDocument

    specs = _open_named(names, target)
    client = (await open_session(specs, target.connection)).client
    registry, distinct = open_registry(specs), tuple(dict.fromkeys(names))
    outcomes: list[ScheduleActionDocument] = []
    failures: list[JobspecError] = []
    for name in distinct:
        try:
            outcomes.append(_tell(name, action, await act(registry[name], client), output))
        except JobspecError as error:
            failures.append(error)
            outcomes.append(_tell_failure(name, error))
            if isinstance(error, UnreachableError):
                break
    if output == "json":
        put(ScheduleActionsDocument(action=action, outcomes=tuple(outcomes)).to_json())
    return code_of_failures(failures, done=len(outcomes) - len(failures))


def _open_named(names: tuple[str, ...], target: TargetOptions) -> Specs:
    from jobspec.cli.specs import find_job, open_specs, warn_of_others

    specs = open_specs(target.environment)
    for name in names:
        find_job(specs.loaded, name)
    warn_of_others(specs, set(names))
    return specs


_DONE: Final = {"pause": "paused", "resume": "resumed", "trigger": "triggered"}
_UNCHANGED: Final = {"pause": "paused already", "resume": "not paused"}


def _tell(name: str, action: str, outcome: PauseOutcome | None, output: str) -> ScheduleActionDocument:
    from jobspec.render.run_documents import ScheduleActionDocument
    from jobspec.secrets import mask

    is_done = outcome is None or outcome.changed
    note = mask(outcome.note, is_prose=True) if outcome else ""
    if output == "text":
        told = f"{_DONE[action]} {name}" if is_done else f"{name} is {_UNCHANGED[action]}"
        put(find_style().fit(f"{told}: {note}" if note else told))
    return ScheduleActionDocument(job=name, status="done" if is_done else "unchanged", message=note)


def _tell_failure(name: str, error: JobspecError) -> ScheduleActionDocument:
    from jobspec.render.run_documents import ScheduleActionDocument

    say_error(error)
    return ScheduleActionDocument(job=name, status="failed", message=str(error))


@click.command("backfill")
@job_argument
@click.option("--from", "start", metavar="TIME", required=True, help="The first time: `2h` ago, a time or a date.")
@click.option("--to", "end", metavar="TIME", required=True, help="The last time; a date means its end.")
@overlap_option
@click.option("--max", "most", type=click.IntRange(min=1), default=_MOST, show_default=True, help="Refuse more runs.")
@click.option("--dry-run", is_flag=True, help="Only print the times.")
@tz_option
@target_options
@output_option("text", "json")
def backfill_command(  # noqa: PLR0913, PLR0917  one argument an option
    name: str,
    start: str,
    end: str,
    overlap: str | None,
    most: int,
    zone: str | None,
    target: TargetOptions,
    output: str,
    *,
    dry_run: bool,
) -> None:
    """Have the live schedule of a job start the runs of a time that is over; prints their nominal times first.

    Runs that took place already take place again. By default they run one after the other, or all at once where that
    is the schedule's own policy. Refused where the live schedule has other times than the spec.
    """
    clock = open_clock(zone)
    span = read_moment(start, clock), read_moment(end, clock, is_end=True)
    job = open_job(name, target)
    times = _list_times(job, span, most)
    if output == "text":
        _print_times(times, clock)
    is_requested = bool(times) and not dry_run
    if is_requested:
        asyncio.run(_backfill(job, span, _read_overlap(overlap)))
    _conclude(job, times, output, is_requested=is_requested)


def _list_times(job: OpenedJob, span: tuple[datetime, datetime], most: int) -> list[datetime]:
    from jobspec.library.schedule_control import list_backfill_times

    times = list(islice(list_backfill_times(job.definition.spec, *span), most + 1))
    if len(times) > most:
        raise RefusedError(
            f"that is more than {most} runs, so nothing was asked for; choose a shorter time, or allow more with --max"
        )
    return times


def _print_times(times: Sequence[datetime], clock: Clock) -> None:
    for when in times:
        put(clock.show(when))
    say(f"{len(times)} run{'' if len(times) == 1 else 's'}; times are those of {clock.name}.")


async def _backfill(job: OpenedJob, span: tuple[datetime, datetime], overlap: OverlapPolicy | None) -> None:
    client = await job.connect()
    await job.definition.backfill_schedule(client, *span, overlap=overlap)


def _conclude(job: OpenedJob, times: Sequence[datetime], output: str, *, is_requested: bool) -> None:
    if output == "json":
        from jobspec.render.run_documents import BackfillDocument

        put(BackfillDocument.of(job=job.name, times=tuple(times), requested=is_requested).to_json())
    elif is_requested:
        say(f"They start now; `{job.command('runs')}` lists them.")
    else:
        say("Nothing was asked for.")
