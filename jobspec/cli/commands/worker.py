"""`worker`: run the jobs of the specs."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from jobspec.cli.completion import complete_queues
from jobspec.cli.exits import ExitCode
from jobspec.cli.options import TargetOptions, read_duration, target_options
from jobspec.cli.output import say, say_diagnostics
from jobspec.errors import InvalidDefinitionError, NotRegisteredError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from temporalio.client import Client
    from temporalio.converter import DataConverter

    from jobspec.cli.specs import Specs
    from jobspec.diagnostics import Diagnostic
    from jobspec.library.collector import Registrations
    from jobspec.spec.loaded_jobs import Job

_PROBE_EVERY: Final = timedelta(seconds=3)
"""How often the server is asked whether it is there; polls of workers fail and go on in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _WorkerOptions:
    """What the command line asks for.

    Attributes:
        target: Which specs, and where Temporal is.
        queues: Task queues; all when empty.
        grace: How long activities may go on after a signal.
    """

    target: TargetOptions
    queues: tuple[str, ...]
    grace: timedelta

    @property
    def arguments(self) -> Iterator[str]:
        """Say the same on the command line of another process."""
        given = {
            **self.target.given,
            "--grace": f"{self.grace / timedelta(microseconds=1):.0f}us",
        }
        yield from (f"{option}={value}" for option, value in given.items() if value is not None)
        yield from (f"--queue={queue}" for queue in self.queues)


@click.command("worker")
@target_options
@click.option(
    "--queue",
    "queues",
    metavar="NAME",
    multiple=True,
    help="Only this task queue; may be given repeatedly.",
    shell_complete=complete_queues,
)
@click.option(
    "--grace",
    metavar="DURATION",
    default="10s",
    show_default=True,
    callback=read_duration,
    help="How long activities may go on after a signal.",
)
@click.option("--reload", "reloading", is_flag=True, help="Start anew when code or specs change; for development.")
@click.option("--lifeline", type=int, hidden=True, help="A file descriptor whose other end the starting process holds.")
def worker_command(
    target: TargetOptions, queues: tuple[str, ...], grace: timedelta, *, reloading: bool, lifeline: int | None
) -> int:
    """Run workers for the task queues of the specs, until SIGTERM or Ctrl-C.

    Jobs with mistakes are left out, the others run. A second Ctrl-C ends it at once.
    """
    assignment = _WorkerOptions(target=target, queues=queues, grace=grace)
    if reloading:
        from jobspec.cli.reloader import run_reloading
        from jobspec.library.workers import CLEANUP

        return run_reloading(("worker", *assignment.arguments), patience=grace + 2 * CLEANUP)
    return _work(assignment, lifeline)


def _work(assignment: _WorkerOptions, lifeline: int | None) -> int:
    from jobspec.cli.specs import open_specs
    from jobspec.library.workers import CLEANUP

    running = threading.Event()
    if lifeline is not None:
        arguments = (lifeline, running, assignment.grace + 2 * CLEANUP)
        threading.Thread(target=end_with, args=arguments, name="lifeline", daemon=True).start()
    specs = open_specs(assignment.target.environment)
    _say_left_out(specs)
    registrations = _register(specs, assignment.queues)
    log_what_jobs_say(_find_converter(specs))
    # Closing the loop would wait for activities that pay no heed to their cancellation; the process ends anyway.
    asyncio.Runner().run(_run(specs, assignment, registrations, lifeline, running))
    return ExitCode.OK


def end_with(lifeline: int, running: threading.Event, patience: timedelta) -> None:
    """End this process by force once the one that started it is gone, even while user code blocks the event loop.

    Args:
        lifeline: A descriptor that is at its end once that process is gone.
        running: Set as soon as the event loop takes note of that, too, and stops the workers in order.
        patience: How long that may take.
    """
    os.read(lifeline, 1)
    if running.is_set():
        time.sleep(patience.total_seconds())
    os._exit(ExitCode.INTERRUPTED)


def _say_left_out(specs: Specs) -> None:
    """Show mistakes and which jobs they leave out: one team's mistake must not keep the jobs of others from running."""
    from jobspec.spec.vocabulary import join_words

    say_diagnostics(found for found in specs.loaded.diagnostics if found.is_error)
    if names := sorted(specs.loaded.frozen):
        say(f"warning: left out because of these mistakes: {join_words(names)}")
    elif specs.has_mistakes:
        say("warning: what has these mistakes is left out")
    for root in specs.loaded.missing_roots:
        say(f"warning: the spec directory `{root}` does not exist")


def _register(specs: Specs, queues: tuple[str, ...]) -> dict[str, Registrations]:
    """Import what the workers of some task queues run.

    Raises:
        NotRegisteredError: There is nothing to run, on one of these queues or at all.
        InvalidDefinitionError: Code cannot be imported or used; where and why was said.
    """
    from jobspec.library.collector import Collector

    jobs = [job for job in specs.loaded.jobs.values() if not queues or job.spec.queue in queues]
    found = _check_imports(specs, jobs)
    say_diagnostics(found)
    if found:
        raise InvalidDefinitionError("the workers cannot start: code that they run cannot be used")
    collector = Collector()
    for job in specs.loaded.jobs.values():
        collector.add_spec(job.spec, specs.directory)
    registrations = collector.finish(queues)
    if not registrations:
        raise NotRegisteredError("no job names a Python workflow or activity, so there is nothing for a worker to run")
    return registrations


def _check_imports(specs: Specs, jobs: list[Job]) -> list[Diagnostic]:
    from jobspec.library.checks import check_clashes, check_imports
    from jobspec.spec.findings import make_diagnostics

    clashes = check_clashes((job.spec for job in jobs), specs.directory)
    return make_diagnostics(
        job.find(problem)
        for job in jobs
        for problem in (*check_imports(job.spec, specs.directory), *clashes.get(job.spec.name, ()))
    )


async def _run(
    specs: Specs,
    assignment: _WorkerOptions,
    registrations: Mapping[str, Registrations],
    lifeline: int | None,
    running: threading.Event,
) -> None:
    from jobspec.cli.session import open_session
    from jobspec.library.workers import run_workers, stop_on_signals

    client = (await open_session(specs, assignment.target.connection)).client
    stop = stop_on_signals(on_second_interrupt=lambda: os._exit(ExitCode.INTERRUPTED))
    if lifeline is not None:
        asyncio.get_running_loop().add_reader(lifeline, stop.set)
        running.set()
    for line in describe_workers(registrations):
        say(line)
    say(f"temporal  {client.service_client.config.target_host}, namespace {client.namespace}")
    probing = asyncio.create_task(_tell_of_outages(client), name="tell of outages")
    try:
        await run_workers(client, registrations, stop=stop, grace=assignment.grace)
    finally:
        probing.cancel()


def describe_workers(registrations: Mapping[str, Registrations]) -> Iterator[str]:
    """Say of each worker what it runs, a line each."""
    for queue, found in registrations.items():
        numbers = f"{_count(len(found.workflows), 'workflow')}, {_count(len(found.activities), 'activity')}"
        jobs = ", ".join(source.removeprefix("job ").strip("`") for source in found.sources)
        yield f"worker    {queue}: {numbers} ({jobs})"


def _count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def _find_converter(specs: Specs) -> DataConverter:
    from jobspec.cli.session import resolve_data_converter

    return resolve_data_converter(specs.project.data_converter, specs.directory)


def log_what_jobs_say(converter: DataConverter) -> None:
    """Write what workflows and activities log to stderr, one line each, without the run's particulars or secrets.

    Args:
        converter: Of the workers. What it cannot decode is not told where it has a codec.
    """
    from temporalio import activity, workflow

    from jobspec.render.traces import MaskedFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(MaskedFormatter(hides_payloads=converter.payload_codec is not None))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False


async def _tell_of_outages(client: Client) -> None:
    """Log when the server goes away and when it is back."""
    from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
    from temporalio.service import RPCError, RPCStatusCode

    gone = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED)
    log, address, is_away = logging.getLogger("jobspec"), client.service_client.config.target_host, False
    while True:
        await asyncio.sleep(_PROBE_EVERY.total_seconds())
        try:
            await client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=_PROBE_EVERY)
            was_away, is_away = is_away, False
        except RPCError as error:
            was_away, is_away = is_away, error.status in gone
        if is_away and not was_away:
            log.warning("Temporal at %s cannot be reached; waiting for it", address)
        elif was_away and not is_away:
            log.info("Temporal at %s is back", address)
