"""What nearly every command begins with: the project, its specs, and the way to Temporal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.lint.opening import open_workspace
from jobspec.spec.project import check_environment, list_owners, load_workspace, resolve_environment

if TYPE_CHECKING:
    from temporalio.client import Client

    from jobspec.cli.options import ConnectionOptions
    from jobspec.planning.plan import Terms
    from jobspec.spec.loaded import Loaded
    from jobspec.spec.project import Environment, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Specs:
    """A project with its specs loaded for one environment.

    Attributes:
        directory: Where jobspec.toml is, and where import paths start.
        project: What it says.
        env: The chosen environment's name; None where the project declares none.
        environment: Where that environment is.
        loaded: The jobs and all that is wrong with them.
        now: When they were loaded.
    """

    directory: Path
    project: Project
    env: str | None
    environment: Environment
    loaded: Loaded
    now: datetime

    @property
    def owners(self) -> frozenset[str]:
        """All marks that are ours: the project and its former ids.

        Raises:
            ProjectError: The project has no id, so nothing can be its own.
        """
        return list_owners(self.project)

    def make_terms(self) -> Terms:
        """Say what a plan is made under.

        Raises:
            ProjectError: The project has no id, so nothing can be its own.
        """
        from jobspec.planning.convergence import make_terms

        return make_terms(self.project, self.loaded, now=self.now)

    @property
    def has_mistakes(self) -> bool:
        """Whether any text is wrong, warnings aside."""
        return any(found.is_error for found in self.loaded.diagnostics)


def open_specs(env: str | None) -> Specs:
    """Find the project from the working directory upwards and load its specs.

    Args:
        env: As given by `--env`.

    Raises:
        ProjectError: jobspec.toml is broken.
        UsageError: The environment is missing or unknown.
    """
    workspace = load_workspace(Path.cwd())
    environment = resolve_environment(workspace.project, env)
    now = datetime.now(UTC)
    loaded = open_workspace(workspace, env=env, now=now)
    return Specs(
        directory=workspace.directory,
        project=workspace.project,
        env=env,
        environment=environment,
        loaded=loaded,
        now=now,
    )


def complete_connection(specs: Specs, options: ConnectionOptions) -> ConnectionOptions:
    """Take the environment's profile, and hold the connection to the environment's namespace.

    Raises:
        RefusedError: The connection leads to another namespace than the environment's.
    """
    return complete_options(options, env=specs.env, environment=specs.environment)


def complete_options(options: ConnectionOptions, *, env: str | None, environment: Environment) -> ConnectionOptions:
    """Do the same where no specs were loaded yet.

    Args:
        options: As given on the command line.
        env: The environment's name.
        environment: Where it is.
    """
    from jobspec.live.connection import resolved_namespace

    completed = replace(options, profile=options.profile or environment.profile)
    namespace = resolved_namespace(profile=completed.profile, namespace=completed.namespace)
    check_environment(environment, env, namespace)
    return completed


async def connect_to(specs: Specs, options: ConnectionOptions) -> Client:
    """Connect to Temporal with the project's data converter, and check that the namespace is there."""
    return (await open_namespace(specs, options))[0]


async def open_namespace(specs: Specs, options: ConnectionOptions) -> tuple[Client, str]:
    """Do as `connect_to` does; gives the id of the namespace, too."""
    from jobspec.cli.data_converter import resolve_data_converter
    from jobspec.live.connection import check_namespace, connect

    completed = complete_connection(specs, options)
    client = await connect(
        profile=completed.profile,
        address=completed.address,
        namespace=completed.namespace,
        data_converter=resolve_data_converter(specs.project.data_converter, specs.directory),
    )
    return client, await check_namespace(client)
