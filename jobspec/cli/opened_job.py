"""What the commands for one job begin with: the job, the way to Temporal, and which of its runs is meant."""

from __future__ import annotations

import functools
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from jobspec.cli.completion import complete_jobs
from jobspec.cli.options import ConnectionOptions, connection_options, env_option
from jobspec.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from temporalio.client import Client

    from jobspec.cli.session import Specs
    from jobspec.jobs.definition import Definition
    from jobspec.jobs.registry import Registry
    from jobspec.results import RunSummary
    from jobspec.spec.redaction import Redaction

_LISTED = 20
"""How many runs are named where one must be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which specs a command is about, and where Temporal is.

    Attributes:
        environment: As given by `--env`.
        connection: As given by the other options.
    """

    environment: str | None
    connection: ConnectionOptions


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--env` and the options for the connection; the command gets them as its argument `target`."""

    @env_option
    @connection_options
    @functools.wraps(command)
    def with_target(
        *, environment: str | None, profile: str | None, address: str | None, namespace: str | None, **others: Any
    ) -> Any:
        connection = ConnectionOptions(profile=profile, address=address, namespace=namespace)
        return command(target=Target(environment=environment, connection=connection), **others)

    return with_target


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
    target: Target

    @property
    def name(self) -> str:
        """Its name."""
        return self.definition.name

    @property
    def redaction(self) -> Redaction:
        """What of its runs the project never shows."""
        from jobspec.spec.redaction import Redaction

        return Redaction.of(self.specs.project.plan)

    async def connect(self) -> Client:
        """Connect to Temporal with the project's data converter."""
        from jobspec.cli.session import connect_to

        return await connect_to(self.specs, self.target.connection)

    def command(self, verb: str, *arguments: str) -> str:
        """Write a command about this job that can be typed as it is."""
        words = ["jobspec", verb, self.name, *arguments]
        words += ["--env", self.target.environment] if self.target.environment else []
        for option in ("profile", "address", "namespace"):
            value = getattr(self.target.connection, option)
            words += [f"--{option}", value] if value else []
        return shlex.join(words)


def open_job(name: str, target: Target) -> OpenedJob:
    """Find a job in the specs; mistakes in others do not matter, and are mentioned.

    Args:
        name: As given.
        target: Which specs.

    Raises:
        NotFoundError: There is none of that name, or its spec has mistakes; they were said.
    """
    from jobspec.cli.finding import find_job
    from jobspec.cli.session import open_specs

    specs = open_specs(target.environment)
    find_job(specs.loaded, name)
    warn_of_others(specs, {name})
    return OpenedJob(specs=specs, definition=open_registry(specs)[name], target=target)


def open_registry(specs: Specs) -> Registry:
    """Make the registry of the specs' jobs."""
    from jobspec.jobs.loading import make_registry

    return make_registry(specs.loaded, project=specs.project, directory=specs.directory, env=specs.env)


def warn_of_others(specs: Specs, names: set[str]) -> None:
    """Mention in one line that specs of other jobs have mistakes."""
    from jobspec.cli.output import say

    number = sum(found.is_error and found.job not in names for found in specs.loaded.diagnostics)
    if number:
        verb = "another spec has a mistake" if number == 1 else f"other specs have {number} mistakes"
        say(f"warning: {verb}; `jobspec validate` shows {'it' if number == 1 else 'them'}")


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
