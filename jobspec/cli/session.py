"""A project's specs, connected to the namespace that they are for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobspec.errors import ProjectError
from jobspec.imports import ImportPathError, resolve
from jobspec.spec.project import check_environment
from jobspec.temporal.connection import check_namespace, connect, resolved_namespace
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from pathlib import Path

    from temporalio.client import Client
    from temporalio.converter import DataConverter

    from jobspec.cli.options import ConnectionOptions
    from jobspec.cli.specs import Specs
    from jobspec.planning.disclosure import Privacy
    from jobspec.planning.guards import Allowances
    from jobspec.planning.planner import Planned
    from jobspec.spec.project import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Specs and a connection to their namespace.

    Attributes:
        specs: The project and its specs.
        client: Connected, with the project's data converter.
        namespace_id: Of the namespace. The server tells it to those who can read its schedules; empty if it does not.
        schedules: Those of the namespace.
    """

    specs: Specs
    client: Client
    namespace_id: str
    schedules: Schedules

    @property
    def converter(self) -> DataConverter:
        """How inputs become payloads."""
        return self.client.data_converter

    def make_privacy(self, *, shows_input: bool = False) -> Privacy:
        """Say what of a plan must not be shown.

        Args:
            shows_input: Whether somebody asked to see what goes through the codec.
        """
        return self.specs.make_privacy(
            hides_input=self.converter.payload_codec is not None,
            shows_input=shows_input,
            key=self.namespace_id.encode(),
        )


async def open_session(specs: Specs, options: ConnectionOptions) -> Session:
    """Connect to Temporal with the project's data converter, and check that the namespace exists.

    Raises:
        RefusedError: The connection leads to another namespace than the environment's.
        ProjectError: The data converter cannot be loaded.
        UnreachableError: Temporal cannot be reached.
        NamespaceNotFoundError: There is no such namespace.
    """
    completed = complete_options(options, env=specs.env, environment=specs.environment)
    client = await connect(
        profile=completed.profile,
        address=completed.address,
        namespace=completed.namespace,
        data_converter=resolve_data_converter(specs.project.data_converter, specs.directory),
    )
    namespace_id = await check_namespace(client)
    return Session(specs=specs, client=client, namespace_id=namespace_id, schedules=Schedules(client))


def complete_options(options: ConnectionOptions, *, env: str | None, environment: Environment) -> ConnectionOptions:
    """Take the environment's profile, and hold the connection to the environment's namespace.

    Args:
        options: As given on the command line.
        env: The environment's name.
        environment: Where it is.

    Raises:
        RefusedError: The connection leads to another namespace than the environment's.
    """
    completed = replace(options, profile=options.profile or environment.profile)
    namespace = resolved_namespace(profile=completed.profile, namespace=completed.namespace)
    check_environment(environment, env, namespace)
    return completed


def resolve_data_converter(path: str | None, root: Path) -> DataConverter:
    """Load the converter that `jobspec.toml` names, or take Temporal's Pydantic converter.

    Args:
        path: Import path of a `temporalio.converter.DataConverter`; None where the project names none.
        root: Where import paths start, the directory of `jobspec.toml`.

    Raises:
        ProjectError: It cannot be imported, or is something else.
    """
    if path is None:
        from temporalio.contrib.pydantic import pydantic_data_converter

        return pydantic_data_converter
    from temporalio.converter import DataConverter

    try:
        value = resolve(path, root)
    except ImportPathError as error:
        hint = f" ({error.hint})" if error.hint else ""
        raise ProjectError(f"the data converter cannot be loaded: {error.message}{hint}") from error
    if isinstance(value, DataConverter):
        return value
    if isinstance(value, type):
        raise ProjectError(f"the data converter `{path}` is a class: name an instance of `DataConverter`")
    raise ProjectError(f"the data converter `{path}` is no `temporalio.converter.DataConverter` but {value!r:.100}")


async def plan_specs(specs: Specs, schedules: Schedules, allowances: Allowances) -> Planned:
    """Read what is live and plan.

    Args:
        specs: The specs.
        schedules: The namespace.
        allowances: Guards that the caller lets pass.
    """
    from jobspec.planning.planner import plan_live

    return await plan_live(schedules, specs.job_set, specs.make_terms(allowances))
