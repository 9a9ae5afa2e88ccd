"""`status`: how the jobs of a project stand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from jobspec.cli.completion import complete_jobs
from jobspec.cli.options import TargetOptions, output_option, target_options
from jobspec.cli.output import find_style, put, say
from jobspec.cli.time_options import open_clock, tz_option
from jobspec.errors import NotFoundError

if TYPE_CHECKING:
    from jobspec.cli.specs import Specs
    from jobspec.render.clock import Clock
    from jobspec.results import JobOverview


@click.command("status")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_jobs)
@tz_option
@target_options
@click.option("--live", "daemon", metavar="URL", help="Ask the daemon that serves there (`reconcile --http`) instead.")
@output_option("text", "json")
def status_command(
    names: tuple[str, ...], zone: str | None, target: TargetOptions, daemon: str | None, output: str
) -> None:
    """Show how jobs stand: state, next run, last run and its outcome, what runs now, and what differs from the spec.

    Without NAME, all jobs, also those with mistakes, and the project's schedules that no spec names. What ended in the
    last moments may not show yet.
    """
    from jobspec.cli.specs import open_specs

    if daemon is not None:
        _show_daemon(daemon, names, output)
        return
    clock = open_clock(zone)
    specs = open_specs(target.environment)
    namespace, jobs = asyncio.run(_survey(specs, target, names))
    _show(specs, namespace, jobs, clock, output)


def _show_daemon(address: str, names: tuple[str, ...], output: str) -> None:
    """Show what a daemon knows, which needs neither files nor Temporal."""
    from jobspec.reconcile.status_client import fetch_daemon
    from jobspec.render.status_text import render_daemon
    from jobspec.spec.vocabulary import join_words

    document = fetch_daemon(address)
    if names:
        missing = sorted(set(names) - {job.name for job in document.jobs})
        if missing:
            raise NotFoundError(f"the daemon knows no job {join_words(missing, 'or')}")
        document = document.model_copy(update={"jobs": tuple(job for job in document.jobs if job.name in names)})
    put(document.to_json() if output == "json" else render_daemon(document, find_style()))


async def _survey(specs: Specs, target: TargetOptions, names: tuple[str, ...]) -> tuple[str, tuple[JobOverview, ...]]:
    from jobspec.cli.session import open_session
    from jobspec.cli.specs import open_registry
    from jobspec.library.job_status import survey_jobs

    client = (await open_session(specs, target.connection)).client
    return client.namespace, await survey_jobs(client, open_registry(specs), names)


def _show(specs: Specs, namespace: str, jobs: tuple[JobOverview, ...], clock: Clock, output: str) -> None:
    from jobspec.render.status_text import render_status, summarize_status

    if output == "json":
        from jobspec.render.run_documents import JobStatusDocument, StatusDocument

        document = StatusDocument.of(
            project=specs.project.project or "",
            namespace=namespace,
            environment=specs.env,
            as_of=clock.now,
            jobs=tuple(JobStatusDocument.of(job, job=job.name) for job in jobs),
        )
        put(document.to_json())
        return
    if jobs:
        put(render_status(jobs, clock, find_style()))
    say(summarize_status(jobs))
