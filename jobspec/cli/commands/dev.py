"""`dev`: everything on an embedded Temporal server."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from jobspec.cli.exits import ExitCode, code_of_files
from jobspec.cli.options import env_option
from jobspec.cli.output import put, say, say_diagnostics

if TYPE_CHECKING:
    from temporalio.client import Client

    from jobspec.cli.specs import Specs
    from jobspec.library.collector import Registrations
    from jobspec.library.dev_server import DevServer
    from jobspec.reconcile.daemon import Daemon

_INTERVAL: Final = timedelta(seconds=30)
_SWEEP: Final = timedelta(minutes=5)
"""A server of one's own may be asked often."""


@click.command("dev")
@env_option
@click.option("--port", type=click.IntRange(1, 65535), help="Port of Temporal; default: 7233, or a free one.")
@click.option("--ui-port", type=click.IntRange(1, 65535), help="Port of the Temporal UI; default: 8233, or a free one.")
def dev_command(environment: str | None, port: int | None, ui_port: int | None) -> int:
    """Run it all on an embedded Temporal server, until Ctrl-C.

    Starts the dev server with its state in .dev/, runs workers for the queues of the specs, and keeps the schedules
    equal to the specs as you edit them. Code is loaded once, at the start.
    """
    from jobspec.cli.specs import open_specs

    specs = open_specs(environment)
    return asyncio.run(_dev(specs, port, ui_port))


async def _dev(specs: Specs, port: int | None, ui_port: int | None) -> int:
    from jobspec.cli.commands.worker import log_what_jobs_say
    from jobspec.cli.session import resolve_data_converter
    from jobspec.library.collector import collect
    from jobspec.library.dev_server import run_dev_server
    from jobspec.library.workers import run_workers, stop_on_signals

    # The server's guard ends what a second Ctrl-C leaves.
    stop = stop_on_signals(on_second_interrupt=lambda: os._exit(ExitCode.INTERRUPTED))
    if not _validate(specs):
        return code_of_files(has_errors=True)
    registrations = collect((job.spec for job in specs.loaded.jobs.values()), specs.directory)
    converter = resolve_data_converter(specs.project.data_converter, specs.directory)
    log_what_jobs_say(converter)
    namespace = specs.environment.namespace or "default"
    async with run_dev_server(
        specs.directory / ".dev", namespace=namespace, data_converter=converter, port=port, ui_port=ui_port
    ) as server:
        _announce(server, registrations)
        keeping = asyncio.create_task(_make_daemon(specs, server).run(stop), name="keep schedules equal to specs")
        try:
            await (run_workers(server.client, registrations, stop=stop) if registrations else stop.wait())
        finally:
            stop.set()
            await keeping
    return ExitCode.OK


def _validate(specs: Specs) -> bool:
    """Check the specs and the code that they name; only valid ones are worth a server."""
    from jobspec.cli.commands.validate import check_loaded
    from jobspec.render.diagnostic_text import summarize_diagnostics

    found = [*specs.loaded.diagnostics, *check_loaded(specs.loaded, specs.directory, specs.project)]
    say_diagnostics(found)
    if any(diagnostic.is_error for diagnostic in found):
        say(summarize_diagnostics(found))
        return False
    return True


def _make_daemon(specs: Specs, server: DevServer) -> Daemon:
    from importlib.metadata import version

    from jobspec.planning.guards import Allowances
    from jobspec.reconcile.daemon import Daemon
    from jobspec.reconcile.settings import DaemonSettings

    settings = DaemonSettings(
        environment=specs.env,
        data_converter=specs.project.data_converter,
        interval=_INTERVAL,
        sweep=_SWEEP,
        # On the developer's own server a guard would only be in the way: nothing there is worth keeping.
        allowances=Allowances(empty=True, deletes=10**9),
    )
    roots = [specs.directory / root for root in specs.project.specs]

    async def connect() -> Client:
        return server.client

    return Daemon(specs.directory, settings, roots=roots, connect=connect, version=version("temporal-jobspec"))


def _announce(server: DevServer, registrations: dict[str, Registrations]) -> None:
    from jobspec.cli.commands.worker import describe_workers

    for notice in server.notices:
        say(notice)
    for line in describe_workers(registrations):
        put(line)
    put(f"temporal  {server.address}")
    put(f"ui        {server.ui_url}")
    put("Press Ctrl-C to stop; the state stays in .dev/.")
