"""`reconcile`: the daemon that keeps live schedules equal to the specs."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from jobspec.cli.exits import ExitCode, code_of_cycles
from jobspec.cli.options import TargetOptions, read_duration, target_options
from jobspec.cli.output import put
from jobspec.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from temporalio.client import Client
    from temporalio.converter import DataConverter

    from jobspec.cli.options import ConnectionOptions
    from jobspec.reconcile.daemon import Daemon
    from jobspec.reconcile.logs import LogFormat
    from jobspec.reconcile.report import Report
    from jobspec.reconcile.service import Answer
    from jobspec.reconcile.settings import DaemonSettings
    from jobspec.spec.workspace import Workspace

_END_SECONDS: Final = 9.5
"""After so many seconds a process that was told to stop ends in any case, before a supervisor kills it after ten."""

_SHORTEST: Final = timedelta(seconds=1)


def _read_interval(context: click.Context, parameter: click.Parameter, text: str) -> timedelta:
    duration = read_duration(context, parameter, text)
    if duration < _SHORTEST:
        raise click.BadParameter("it must be at least 1s")
    return duration


@click.command("reconcile")
@target_options
@click.option("--once", is_flag=True, help="Make everything equal once, and end; for pipelines and CronJobs.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written.")
@click.option(
    "--prune/--no-prune", default=True, show_default=True, help="Retire and then delete jobs that left the specs."
)
@click.option(
    "--interval",
    metavar="DURATION",
    default="5m",
    show_default=True,
    callback=_read_interval,
    help="Between two looks at all that is live.",
)
@click.option(
    "--sweep",
    metavar="DURATION",
    default="1h",
    show_default=True,
    callback=_read_interval,
    help="The time within which each schedule is verified in full.",
)
@click.option(
    "--http",
    metavar="HOST:PORT",
    help="Serve /livez, /readyz, /metrics and /status there; the endpoint has no authentication.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where jobspec.toml is, which may be behind a link that is swapped; default: found from here upwards.",
)
def reconcile_command(  # noqa: PLR0913  one argument an option
    *,
    target: TargetOptions,
    interval: timedelta,
    sweep: timedelta,
    http: str | None,
    log_format: LogFormat,
    directory: Path | None,
    once: bool,
    dry_run: bool,
    prune: bool,
) -> int:
    """Keep the live schedules equal to the specs, until SIGTERM or Ctrl-C.

    Reads the files anew when they change, on SIGHUP and at every interval; creates, updates, retires and deletes as
    apply does, each guarded; notices what others change and changes it back. Loads no code of jobs.
    """
    from jobspec.reconcile.logs import set_up_logging
    from jobspec.reconcile.settings import DaemonSettings
    from jobspec.reconcile.spec_source import find_start
    from jobspec.spec.project import get_project_id
    from jobspec.spec.spec_files import PROJECT_FILE
    from jobspec.spec.workspace import load_workspace

    if once and http:
        raise UsageError("--http serves what a daemon does; leave it out beside --once")
    set_up_logging(log_format)
    place = Path(os.path.abspath(directory)) if directory else find_start()  # noqa: PTH100 - `resolve` follows links
    workspace = load_workspace(place)
    if directory and workspace.file != place / PROJECT_FILE:  # one further up would be another project's
        raise ProjectError(f"there is no `{PROJECT_FILE}` in `{place}`; name the directory that it is in")
    get_project_id(workspace.project)
    settings = DaemonSettings(
        environment=target.environment,
        data_converter=workspace.project.data_converter,
        prunes=prune,
        is_dry_run=dry_run,
        interval=interval,
        sweep=sweep,
    )
    start = _prepare(place, workspace, settings, target.connection)
    # Closing the loop would wait for what is cancelled; the process ends anyway.
    return asyncio.Runner().run(_run_once(start) if once else _run(start, http))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """What a daemon begins with."""

    place: Path
    workspace: Workspace
    settings: DaemonSettings
    converter: DataConverter
    options: ConnectionOptions

    async def connect(self) -> Client:
        """Connect, and check that the namespace is there."""
        from jobspec.temporal.connection import check_namespace, connect

        client = await connect(
            profile=self.options.profile,
            address=self.options.address,
            namespace=self.options.namespace,
            data_converter=self.converter,
        )
        await check_namespace(client)
        return client

    def make_daemon(self) -> Daemon:
        from importlib.metadata import version

        from jobspec.reconcile.daemon import Daemon

        return Daemon(
            self.place,
            self.settings,
            roots=self.workspace.roots,
            project_file=self.workspace.file,
            connect=self.connect,
            version=version("temporal-jobspec"),
        )


def _prepare(place: Path, workspace: Workspace, settings: DaemonSettings, options: ConnectionOptions) -> _Start:
    """Find out now all that can be wrong with a connection, other than that nobody is there."""
    from jobspec.cli.session import complete_options, resolve_data_converter
    from jobspec.spec.project import resolve_environment
    from jobspec.temporal.connection import resolve_settings

    environment = resolve_environment(workspace.project, settings.environment)
    completed = complete_options(options, env=settings.environment, environment=environment)
    resolve_settings(profile=completed.profile, address=completed.address, namespace=completed.namespace)
    converter = resolve_data_converter(workspace.project.data_converter, workspace.directory)
    return _Start(place=place, workspace=workspace, settings=settings, converter=converter, options=completed)


async def _run(start: _Start, http: str | None) -> int:
    from jobspec.reconcile.logs import log

    daemon = start.make_daemon()
    stop = _stop_on_signals(ExitCode.OK)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, daemon.hang_up)
    async with AsyncExitStack() as stack:
        if http:
            from jobspec.reconcile.service import serve

            address = await stack.enter_async_context(serve(http, make_routes(daemon)))
            log(20, f"serving on http://{address}", address=address)
        await daemon.run(stop)
    return ExitCode.OK


def _stop_on_signals(code: ExitCode) -> asyncio.Event:
    """Have SIGTERM and SIGINT end the process in time, whatever it waits for; a second SIGINT ends it at once.

    Args:
        code: What it ends with where that takes too long.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        stop.set()
        timer = threading.Timer(_END_SECONDS, os._exit, (code,))
        timer.daemon = True
        timer.start()

    def interrupt() -> None:
        if stop.is_set():
            os._exit(ExitCode.INTERRUPTED)
        end()

    loop.add_signal_handler(signal.SIGTERM, end)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    return stop


def make_routes(daemon: Daemon) -> Mapping[str, Callable[[], Awaitable[Answer]]]:
    """Say what the daemon answers at which path."""
    from jobspec.reconcile.metrics import CONTENT_TYPE
    from jobspec.reconcile.service import JSON, Answer, answer_probe

    async def livez() -> Answer:
        return answer_probe(daemon.health.find_death())

    async def readyz() -> Answer:
        return answer_probe(daemon.health.find_unreadiness())

    async def metrics() -> Answer:
        return Answer(body=daemon.render_metrics(), content_type=CONTENT_TYPE)

    async def status() -> Answer:
        return Answer(body=await daemon.status.render(), content_type=JSON)

    return {"/livez": livez, "/readyz": readyz, "/metrics": metrics, "/status": status}


async def _run_once(start: _Start) -> int:
    from jobspec.reconcile.logs import log

    stop = _stop_on_signals(ExitCode.INTERRUPTED)
    reports = await start.make_daemon().run_once(stop)
    if reports:
        _show(reports, start)
    code = code_of_cycles(reports, is_interrupted=stop.is_set())
    if code is ExitCode.INTERRUPTED:
        log(30, "interrupted before all of it was done")
    return code


def _show(reports: Sequence[Report], start: _Start) -> None:
    """Say what was done, or would be; the log tells of each change."""
    from jobspec.render.outcomes import outcome_document, summarize_outcomes

    first, outcomes = reports[0], [outcome for report in reports for outcome in report.outcomes]
    if outcomes:
        put(summarize_outcomes([outcome_document(outcome) for outcome in outcomes]))
    elif first.planned is not None:
        counts = first.planned.plan.counts().items() if start.settings.is_dry_run else ()
        counted = ", ".join(f"{count} to {action.value}" for action, count in counts if count)
        put(f"{counted}; nothing was written, for this is a dry run" if counted else "No changes.")
