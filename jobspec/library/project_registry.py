"""The registry of a project, loaded from its spec files."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.errors import UsageError
from jobspec.library.definition import Definition
from jobspec.library.registry import Registry, RegistryOrigin
from jobspec.spec.project import Project, resolve_environment
from jobspec.spec.spec_files import PROJECT_FILE
from jobspec.spec.vocabulary import join_words
from jobspec.spec.workspace import load_workspace, open_workspace

if TYPE_CHECKING:
    from jobspec.spec.loaded_jobs import Loaded
    from jobspec.spec.workspace import Workspace


def load(path: str | os.PathLike[str], env: str | None = None) -> Registry:
    """Load a project's jobs from its spec files; their code is imported when it is first needed.

    Jobs whose specs have mistakes are left out; the registry's `frozen` and `diagnostics` name them. A directory
    without jobs gives an empty registry, as a new project has it; `plan` refuses to write for it.

    Args:
        path: A spec directory. If the project has several, the project's own directory or its `jobspec.toml`.
        env: The environment whose overlays are merged; required if the project declares environments.

    Raises:
        ProjectError: `jobspec.toml` is invalid.
        UsageError: The path does not exist or is not a spec directory of the project, or the environment is missing
            or unknown.
    """
    workspace = _find_workspace(_check_path(path))
    _check_environment(env)
    project = workspace.project
    if project.env and env is None:
        raise UsageError(f"choose an environment with `env=`: {join_words(sorted(project.env), 'or')}")
    resolve_environment(project, env)
    loaded = open_workspace(workspace, env=env, now=datetime.now(UTC))
    return make_registry(loaded, project=project, directory=workspace.directory, env=env)


def _check_environment(env: object) -> None:
    if env is not None and not isinstance(env, str):
        raise UsageError(f"`env` is the name of an environment, not {env!r}")


def _check_path(path: object) -> Path:
    """Refuse anything but a directory or a project file: it would look like a project without any jobs."""
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise UsageError(f"name a spec directory to load, not {path!r}")
    place = Path(path)
    try:
        mode = place.stat().st_mode
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot load `{place}`: {why.lower()}") from error
    if not stat.S_ISDIR(mode) and place.name != PROJECT_FILE:
        raise UsageError(f"cannot load `{place}`: it is no directory; load the spec directory that it is in")
    return place


def make_registry(loaded: Loaded, *, project: Project, directory: Path, env: str | None) -> Registry:
    """Make a registry of loaded jobs.

    Args:
        loaded: The jobs.
        project: The settings in `jobspec.toml`.
        directory: Where import paths start.
        env: The environment they were loaded for.
    """
    definitions = (
        Definition.from_spec(
            job.spec,
            project=project.project,
            also_owns=project.also_owns,
            root=directory,
            schema=job.schema,
            redaction=loaded.redaction,
        )
        for job in loaded.jobs.values()
    )
    origin = RegistryOrigin(directory=directory, project=project, env=env, loaded=loaded)
    return Registry(*definitions, project=project.project, origin=origin)


def _find_workspace(place: Path) -> Workspace:
    """Find the project of a path; the path must cover all specs, since a part cannot show which jobs were removed."""
    workspace = load_workspace(place.parent if place.name == PROJECT_FILE else place)
    if workspace.file is None:
        return replace(workspace, project=Project(specs=(".",)))
    whole = (workspace.directory, workspace.file, *(workspace.roots if len(workspace.roots) == 1 else ()))
    if any(_is_same(place, each) for each in whole):
        return workspace
    names = join_words(workspace.project.specs)
    raise UsageError(
        f"`{place}` is not all of the specs of the project in `{workspace.directory}`, whose `specs` names {names}; "
        f"load `{workspace.directory}`"
    )


def _is_same(place: Path, other: Path) -> bool:
    try:
        return place.samefile(other)
    except OSError:  # the other is not there
        return False
