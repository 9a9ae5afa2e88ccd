"""`signal`, `query`, `cancel` and `terminate`: telling a run something, and asking it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import click

from jobspec.cli.opened_job import check_run, choose_running_run, job_argument, open_job, run_id_option, run_option
from jobspec.cli.options import TargetOptions, output_option, read_json, target_options
from jobspec.cli.output import find_style, put

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from temporalio.client import Client

    from jobspec.cli.opened_job import OpenedJob

arguments_option = click.option(
    "--arg",
    "values",
    metavar="JSON",
    multiple=True,
    help="One argument: JSON, @FILE, or @- for stdin; repeat for more.",
)
"""Arguments of a signal or a query."""


@click.command("signal")
@job_argument
@click.argument("signal")
@arguments_option
@run_option
@run_id_option
@target_options
@output_option("text", "json")
def signal_command(  # noqa: PLR0913, PLR0917  one argument an option
    name: str,
    signal: str,
    values: tuple[str, ...],
    workflow_id: str | None,
    run_id: str | None,
    target: TargetOptions,
    output: str,
) -> None:
    """Send a signal to a run of a job, by default to the one that is running.

    Temporal takes any signal; a workflow that knows none of that name keeps it unread. A run that is not known to be
    this project's is refused.
    """
    check_run(workflow_id, run_id)
    arguments = _read_values(values)

    async def send(job: OpenedJob, client: Client, run: str) -> None:
        await job.definition.signal(client, run, signal, *arguments, run_id=run_id)

    _tell(name, target, workflow_id, "signal", send, output)


@click.command("cancel")
@job_argument
@run_option
@run_id_option
@target_options
@output_option("text", "json")
def cancel_command(name: str, workflow_id: str | None, run_id: str | None, target: TargetOptions, output: str) -> None:
    """Ask a run of a job to end, by default the one that is running.

    The workflow may clean up first, or ignore it. A run that is not known to be this project's is refused.
    """
    check_run(workflow_id, run_id)

    async def cancel(job: OpenedJob, client: Client, run: str) -> None:
        await job.definition.cancel(client, run, run_id)

    _tell(name, target, workflow_id, "cancel", cancel, output)


@click.command("terminate")
@job_argument
@run_option
@run_id_option
@click.option("--reason", metavar="TEXT", default="", help="Shown with the run.")
@target_options
@output_option("text", "json")
def terminate_command(
    name: str, workflow_id: str | None, run_id: str | None, reason: str, target: TargetOptions, output: str
) -> None:
    """End a run of a job at once, by default the one that is running; it cannot clean up.

    A run that is not known to be this project's is refused.
    """
    check_run(workflow_id, run_id)

    async def terminate(job: OpenedJob, client: Client, run: str) -> None:
        await job.definition.terminate(client, run, run_id, reason=reason)

    _tell(name, target, workflow_id, "terminate", terminate, output)


@click.command("query")
@job_argument
@click.argument("query")
@arguments_option
@run_option
@run_id_option
@target_options
@output_option("text", "json")
def query_command(  # noqa: PLR0913, PLR0917  one argument an option
    name: str,
    query: str,
    values: tuple[str, ...],
    workflow_id: str | None,
    run_id: str | None,
    target: TargetOptions,
    output: str,
) -> None:
    """Ask a run of a job something, by default the one that goes on, and print the answer as JSON.

    A worker has to answer, also for a run that is over, which is named with -w.
    """
    from jobspec.render.payload_values import write_json

    check_run(workflow_id, run_id)
    arguments = _read_values(values)
    job = open_job(name, target)

    async def ask(client: Client, run: str) -> Any:
        return await job.definition.query(client, run, query, *arguments, run_id=run_id)

    run, answer = asyncio.run(_with_run(job, workflow_id, ask))
    if output == "json":
        from jobspec.render.run_documents import AnswerDocument

        put(AnswerDocument(job=job.name, workflow_id=run, query=query, answer=answer).to_json())
    else:
        put(write_json(answer, indent=2, ascii=find_style().ascii))


def _read_values(values: tuple[str, ...]) -> list[Any]:
    return [read_json(value, "--arg") for value in values]


async def _with_run(
    job: OpenedJob, workflow_id: str | None, act: Callable[[Client, str], Awaitable[Any]]
) -> tuple[str, Any]:
    """Do something with the run that is meant; returns its workflow id beside what came of it."""
    client = await job.connect()
    run = workflow_id or (await choose_running_run(job, client)).workflow_id
    return run, await act(client, run)


_DONE = {"signal": "signaled", "cancel": "asked to end", "terminate": "terminated"}


def _tell(
    name: str,
    target: TargetOptions,
    workflow_id: str | None,
    action: Literal["signal", "cancel", "terminate"],
    act: Callable[[OpenedJob, Client, str], Awaitable[None]],
    output: str,
) -> None:

    job = open_job(name, target)
    run, _ = asyncio.run(_with_run(job, workflow_id, lambda client, run: act(job, client, run)))
    if output == "json":
        from jobspec.render.run_documents import ToldDocument

        put(ToldDocument(job=job.name, workflow_id=run, action=action).to_json())
    else:
        put(find_style().fit(f"{_DONE[action]} {run}"))
