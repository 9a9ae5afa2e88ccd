"""`run`: starting a run of a job, and waiting for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from jobspec.cli.exits import ExitCode
from jobspec.cli.opened_job import job_argument, open_job
from jobspec.cli.options import TargetOptions, output_option, read_json, target_options
from jobspec.cli.output import find_style, put, say
from jobspec.cli.run_wait import RunWait, patience_option
from jobspec.errors import RunFailedError, UsageError

if TYPE_CHECKING:
    from datetime import timedelta

    from temporalio.client import Client

    from jobspec.cli.opened_job import OpenedJob


@click.command("run")
@job_argument
@click.option(
    "--input", "value", metavar="JSON", help="The argument: JSON, @FILE, or @- for stdin; default: the job's."
)
@click.option("--arg", "values", metavar="JSON", multiple=True, help="One of several arguments, in their order.")
@click.option("--id", "workflow_id", metavar="ID", help="Workflow id; default: the job's name and a random UUID.")
@click.option("--wait", is_flag=True, help="Wait for its end and print what it returned, as JSON.")
@patience_option
@target_options
@output_option("text", "json")
def run_command(  # noqa: PLR0913, PLR0917  one argument an option
    name: str,
    value: str | None,
    values: tuple[str, ...],
    workflow_id: str | None,
    patience: timedelta,
    target: TargetOptions,
    output: str,
    *,
    wait: bool,
) -> int:
    """Start a run of a job now.

    Its input is checked against its model first. The run gets what the spec says; for what only the live schedule has,
    such as headers, use `jobspec trigger`. With --wait, stderr shows what is going on, and the exit code is 1 when the
    run fails; Ctrl-C ends the waiting and not the run.
    """
    if workflow_id == "":
        raise UsageError("--id is empty; leave it out to have one made")
    arguments = _read_arguments(value, values)
    job = open_job(name, target)
    return asyncio.run(_run(job, arguments, workflow_id, output, patience=patience if wait else None))


def _read_arguments(value: str | None, values: tuple[str, ...]) -> dict[str, Any]:
    if value is not None and values:
        raise UsageError("give --input for one argument or --arg for each of several, not both")
    if values:
        return {"args": [read_json(each, "--arg") for each in values]}
    return {} if value is None else {"input": read_json(value, "--input")}


async def _run(
    job: OpenedJob, arguments: dict[str, Any], workflow_id: str | None, output: str, *, patience: timedelta | None
) -> ExitCode:
    """Start a run, and wait for it where the server may be away for so long."""
    client = await job.connect()
    handle = await job.definition.execute(client, **arguments, workflow_id=workflow_id)
    text = f"workflow id  {handle.workflow_id}\nrun id       {handle.run_id}"
    await _warn_of_absent_workers(job, client)
    if patience is not None:
        say(text)
        return await _wait(RunWait(job=job, client=client, handle=handle, patience=patience), output)
    if output == "json":
        from jobspec.render.run_documents import StartedDocument

        text = StartedDocument(job=job.name, workflow_id=handle.workflow_id, run_id=handle.run_id or "").to_json()
    put(text)
    return ExitCode.OK


async def _warn_of_absent_workers(job: OpenedJob, client: Client) -> None:
    queue = await job.definition.task_queue_info(client)
    if not queue.is_reachable:
        say(f"warning: no worker polls the task queue `{queue.name}`, so the run waits for one")


async def _wait(waiting: RunWait, output: str) -> ExitCode:
    from jobspec.render.payload_values import write_json
    from jobspec.render.run_documents import ResultDocument
    from jobspec.results import Status

    handle = waiting.handle
    run = {"job": waiting.job.name, "workflow_id": handle.workflow_id, "run_id": handle.run_id or ""}
    try:
        result = await waiting.result()
    except RunFailedError as error:
        if output == "json":
            from jobspec.render.run_redaction import redact_failure

            failure = redact_failure(error.failure)
            put(ResultDocument.of(**run, status=error.status, result=None, failure=failure).to_json())
        raise
    if output == "json":
        put(ResultDocument.of(**run, status=Status.COMPLETED, result=result, failure=None).to_json())
    else:
        put(write_json(result, indent=2, ascii=find_style().ascii))
    return ExitCode.OK
