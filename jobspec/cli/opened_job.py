"""What the commands for one job begin with: the job, the way to Temporal, and which of its runs is meant."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from jobspec.cli.completion import complete_jobs
from jobspec.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from temporalio.client import Client

    from jobspec.cli.options import TargetOptions
    from jobspec.cli.specs import Specs
    from jobspec.library.definition import Definition
    from jobspec.results import RunSummary
    from jobspec.spec.redaction import Redaction

_LISTED = 20
"""How many runs are named where one must be chosen."""


job_argument = click.argument("name", shell_complete=complete_jobs)
"""The name of one job."""

run_option = click.option("-w", "--workflow-id", metavar="ID", help="Workflow id of the run.")
"""The workflow id of a run."""

run_id_option = click.option("--run-id", metavar="ID", help="Run id, where a workflow id has several runs.")
"""The run id of a run."""


def check_run(workflow_id: str | None, run_id: str | None) -> None:
    """Refuse a run id without the workflow id that it belongs to, and empty ids.

    An empty one is what a script gives whose variable is not set, and that must not end whatever run goes on.

    Raises:
        UsageError: It is one.
    """
    for option, value in (("-w", workflow_id), ("--run-id", run_id)):
        if value is not None and not value.strip():
            raise UsageError(f"{option} is empty; leave it out, or name a run")
    if run_id and not workflow_id:
        raise UsageError("--run-id says which of a workflow id's runs is meant; name the workflow id with -w")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedJob:
    """One job of the specs, ready for what a command does with it.

    Attributes:
        specs: All of the specs.
        definition: The job.
        target: Where Temporal is.
    """

    specs: Specs
    definition: Definition[Any]
    target: TargetOptions

    @property
    def name(self) -> str:
        """Its name."""
        return self.definition.name

    @property
    def redaction(self) -> Redaction:
        """What of its runs the project never shows."""
        return self.specs.loaded.redaction

    async def connect(self) -> Client:
        """Connect to Temporal with the project's data converter."""
        from jobspec.cli.session import open_session

        return (await open_session(self.specs, self.target.connection)).client

    def command(self, verb: str, *arguments: str) -> str:
        """Write a command about this job that can be typed as it is."""
        words = ["jobspec", verb, self.name, *arguments]
        for option, value in self.target.given.items():
            words += [option, value] if value else []
        return shlex.join(words)


def open_job(name: str, target: TargetOptions) -> OpenedJob:
    """Find a job in the specs; mistakes in others do not matter, and are mentioned.

    Args:
        name: As given.
        target: Which specs.

    Raises:
        NotFoundError: There is none of that name, or its spec has mistakes; they were said.
    """
    from jobspec.cli.specs import find_job, open_registry, open_specs, warn_of_others

    specs = open_specs(target.environment)
    find_job(specs.loaded, name)
    warn_of_others(specs, {name})
    return OpenedJob(specs=specs, definition=open_registry(specs)[name], target=target)


async def choose_latest_run(job: OpenedJob, client: Client) -> RunSummary:
    """Take the run that started last of those that go on, else the one that ended last.

    Raises:
        NotFoundError: There is none.
    """
    page = await job.definition.list_runs(client, page_size=1)
    if not page.runs:
        raise NotFoundError(
            f"the job `{job.name}` has no run, or none any more, or one of the last moments that is not listed yet; "
            f"`{job.command('run')}` starts one"
        )
    return page.runs[0]


async def choose_running_run(job: OpenedJob, client: Client) -> RunSummary:
    """Take the one run that goes on.

    Raises:
        NotFoundError: There is none.
        UsageError: There are several; names them.
    """
    from jobspec.results import Status

    page = await job.definition.list_runs(client, status=(Status.RUNNING, Status.PAUSED), page_size=_LISTED + 1)
    if not page.runs:
        raise NotFoundError(
            f"no run of the job `{job.name}` goes on, or it is not listed yet; name another one with `-w ID`"
        )
    if len(page.runs) > 1:
        listed = [f"  {run.workflow_id}" for run in page.runs[:_LISTED]] + ["  …"] * (len(page.runs) > _LISTED)
        raise UsageError("\n".join([f"several runs of the job `{job.name}` go on; choose one with `-w ID`:", *listed]))
    return page.runs[0]
