"""`dev`: everything on an embedded Temporal server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from jobspec.cli.exits import ExitCode
from jobspec.cli.options import env_option

if TYPE_CHECKING:
    from jobspec.cli.specs import Specs
    from jobspec.jobs.collector import Registrations
    from jobspec.jobs.dev_server import DevServer


@click.command("dev")
@env_option
@click.option("--port", type=click.IntRange(1, 65535), help="Port of Temporal; default: 7233, or a free one.")
@click.option("--ui-port", type=click.IntRange(1, 65535), help="Port of the Temporal UI; default: 8233, or a free one.")
def dev_command(environment: str | None, port: int | None, ui_port: int | None) -> int:
    """Run it all on an embedded Temporal server, until Ctrl-C.

    Starts the dev server with its state in .dev/, validates and applies the specs, and runs workers for their queues.
    """
    from jobspec.cli.specs import open_specs

    specs = open_specs(environment)
    return asyncio.run(_dev(specs, port, ui_port))


async def _dev(specs: Specs, port: int | None, ui_port: int | None) -> int:
    from jobspec.cli.data_converter import resolve_data_converter
    from jobspec.cli.worker import log_what_jobs_say
    from jobspec.jobs.collector import collect
    from jobspec.jobs.dev_server import run_dev_server
    from jobspec.jobs.workers import run_workers, stop_on_signals

    log_what_jobs_say()
    stop = stop_on_signals()
    if not _validate(specs):
        return ExitCode.FAILED
    registrations = collect((job.spec for job in specs.loaded.jobs.values()), specs.directory)
    converter = resolve_data_converter(specs.project.data_converter, specs.directory)
    namespace = specs.environment.namespace or "default"
    async with run_dev_server(
        specs.directory / ".dev", namespace=namespace, data_converter=converter, port=port, ui_port=ui_port
    ) as server:
        code = await _apply(specs, server)
        _announce(server, registrations)
        if registrations:
            await run_workers(server.client, registrations, stop=stop)
        else:
            await stop.wait()
    return code


def _validate(specs: Specs) -> bool:
    """Check the specs and the code that they name; only valid ones are worth a server."""
    from jobspec.cli.output import say, say_diagnostics
    from jobspec.cli.validate import check_loaded
    from jobspec.render.diagnostics import summarize_diagnostics

    found = [*specs.loaded.diagnostics, *check_loaded(specs.loaded, specs.directory)]
    say_diagnostics(found)
    if any(diagnostic.is_error for diagnostic in found):
        say(summarize_diagnostics(found))
        return False
    return True


async def _apply(specs: Specs, server: DevServer) -> int:
    from jobspec.cli.plan import code_of_outcomes, code_of_plan, report_outcomes, report_plan
    from jobspec.cli.planning import plan_specs
    from jobspec.live.schedules import Schedules
    from jobspec.planning.apply import Assignment, apply_plan
    from jobspec.planning.guards import Allowances

    # On the developer's own server a guard would only be in the way: nothing there is worth keeping.
    schedules = Schedules(server.client)
    planned = await plan_specs(specs, schedules, Allowances(empty=True, deletes=10**9))
    report_plan(planned.plan, schedules)
    assignment = Assignment(schedules=schedules, wanted=planned.wanted, terms=planned.terms)
    outcomes = await report_outcomes(apply_plan(planned.plan, assignment))
    code = code_of_plan(specs, planned)
    return code_of_outcomes(outcomes, code) if outcomes else code


def _announce(server: DevServer, registrations: dict[str, Registrations]) -> None:
    from jobspec.cli.output import put, say
    from jobspec.cli.worker import describe_workers

    for notice in server.notices:
        say(notice)
    for line in describe_workers(registrations):
        put(line)
    put(f"temporal  {server.address}")
    put(f"ui        {server.ui_url}")
    put("Press Ctrl-C to stop; the state stays in .dev/.")
