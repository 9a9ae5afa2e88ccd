"""Spec files → a registry, for the library."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.errors import UsageError
from jobspec.jobs.definition import Definition
from jobspec.jobs.registry import Origin, Registry
from jobspec.spec import loader
from jobspec.spec.listing import PROJECT_FILE
from jobspec.spec.project import load_workspace, resolve_environment
from jobspec.spec.vocabulary import join_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobspec.spec.loaded import Loaded
    from jobspec.spec.project import Project, Workspace


def load(path: str | os.PathLike[str], env: str | None = None) -> Registry:
    """Load a project's jobs from its spec files; no code of theirs is imported until it is needed.

    Jobs whose specs have mistakes are left out and named by the registry's `frozen` and `diagnostics`.

    Args:
        path: A spec directory; the project's own directory or its `jobspec.toml`, where it has several of them.
        env: The environment whose overlays are merged; needed once the project declares one.

    Raises:
        ProjectError: `jobspec.toml` is broken.
        UsageError: The path is no spec directory of the project, or the environment is missing or unknown.
    """
    place = Path(path)
    workspace = load_workspace(place.parent if place.name == PROJECT_FILE else place)
    roots = _find_roots(place, workspace)
    project = workspace.project
    resolve_environment(project, env)
    loaded = loader.load(
        roots,
        env=env,
        relative_to=workspace.directory,
        environments=tuple(project.env),
        now=datetime.now(UTC),
    )
    return make_registry(loaded, project=project, directory=workspace.directory, env=env)


def make_registry(loaded: Loaded, *, project: Project, directory: Path, env: str | None) -> Registry:
    """Make the registry of jobs that were loaded.

    Args:
        loaded: The jobs.
        project: What `jobspec.toml` says.
        directory: Where import paths start.
        env: The environment that they were loaded for.
    """
    definitions = (
        Definition.from_spec(
            job.spec, project=project.project, also_owns=project.also_owns, root=directory, schema=job.schema
        )
        for job in loaded.jobs.values()
    )
    origin = Origin(directory=directory, project=project, env=env, loaded=loaded)
    return Registry(*definitions, project=project.project, origin=origin)


def _find_roots(place: Path, workspace: Workspace) -> Sequence[Path]:
    """Say which spec roots a path means: it must mean all of them, for a part could not tell what left the specs."""
    if workspace.file is None:
        return (place,)
    if os.path.realpath(place) in (os.path.realpath(workspace.directory), os.path.realpath(workspace.file)):
        return workspace.roots
    if [os.path.realpath(place)] == [os.path.realpath(root) for root in workspace.roots]:
        return workspace.roots
    names = join_words(workspace.project.specs)
    raise UsageError(
        f"`{place}` is not all of the specs of the project in `{workspace.directory}`, whose `specs` names {names}; "
        f"load `{workspace.directory}`"
    )
