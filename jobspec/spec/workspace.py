"""The front door to specs: a project and its place, and its jobs in one environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.errors import ProjectError, UsageError
from jobspec.spec.enclosure import Enclosure, find_enclosure
from jobspec.spec.lint_settings import drop_silenced
from jobspec.spec.loader import load
from jobspec.spec.project import Project, locate_roots, read_project, read_project_file
from jobspec.spec.spec_files import PROJECT_FILE
from jobspec.spec.vocabulary import join_words, suggest_word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jobspec.diagnostics import Location
    from jobspec.spec.cache import Cache
    from jobspec.spec.loaded_jobs import Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A project and its place.

    Attributes:
        directory: Where import paths and spec roots start.
        project: What the file says; all defaults without a file.
        file: The file; None where there is none.
        enclosure: What was found around the directory, and what nothing that is read may leave.
        named_at: Where the file names the spec roots.
    """

    directory: Path
    project: Project
    enclosure: Enclosure
    file: Path | None = None
    named_at: Mapping[Path, Location] = field(default_factory=dict)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The spec roots."""
        return tuple(self.directory / root for root in self.project.specs)


def find_project(start: Path) -> Path | None:
    """Find the project file of a directory: in it, or in the nearest one above."""
    absolute = Path(os.path.abspath(start))  # noqa: PTH100 - `resolve` would follow links, and `..` is meant as typed
    candidates = (directory / PROJECT_FILE for directory in (absolute, *absolute.parents))
    return next((path for path in candidates if os.path.lexists(path)), None)


def load_workspace(start: Path) -> Workspace:
    """Read the project that a directory belongs to; a directory without one is a project of all defaults.

    Raises:
        ProjectError: The project file is broken.
    """
    path = find_project(start)
    directory = path.parent if path else Path(os.path.abspath(start))  # noqa: PTH100 - see above
    if path is None:
        return make_workspace(directory, Project())
    enclosure = find_enclosure(directory)
    file = read_project_file(enclosure)
    project = read_project(file)
    if not isinstance(project, Project):
        raise ProjectError(f"`{path}` is broken, so nothing can be done in its project", project)
    places = {directory / root: place for root, place in locate_roots(file, project).items()}
    return Workspace(directory=directory, project=project, enclosure=enclosure, file=path, named_at=places)


def make_workspace(directory: Path, project: Project) -> Workspace:
    """Make a workspace of a project that stands in no file.

    Args:
        directory: Its place.
        project: What it is.
    """
    return Workspace(directory=directory, project=project, enclosure=find_enclosure(directory))


def open_workspace(workspace: Workspace, *, env: str | None, now: datetime, cache: Cache | None = None) -> Loaded:
    """Load the specs of a project, without the warnings that it has turned off.

    Args:
        workspace: The project and its place.
        env: The chosen environment; the project has it, or declares none.
        now: The time at which schedules are judged to have ended.
        cache: What an earlier load left.

    Raises:
        UsageError: The project declares no environments, some specs name others, and none this one.
    """
    loaded = load(workspace, env=env, now=now, cache=cache)
    if not workspace.project.env:
        _check_named(env, loaded)
    return replace(loaded, diagnostics=tuple(drop_silenced(loaded.diagnostics, workspace.project.lint.levels)))


def _check_named(env: str | None, loaded: Loaded) -> None:
    """Refuse an environment that no spec names although some name others: misspelt, it would change nothing."""
    if env is None or loaded.incomplete or not loaded.environments or env in loaded.environments:
        return
    names = sorted(loaded.environments)
    hint = suggest_word(env, names) or f"they name {join_words(names)}"
    raise UsageError(f"no spec names the environment `{env}`; {hint}; or declare it in jobspec.toml as `[env.{env}]`")
