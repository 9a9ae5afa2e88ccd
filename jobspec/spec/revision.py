"""The specs of a project as they are in a commit, beside those of the working tree.

Nothing is checked out and nobody's code runs, so that a stranger's branch can be compared with what it began from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobspec.spec.git import find_merge_base
from jobspec.spec.git_tree import GitTree
from jobspec.spec.loaded_jobs import Loaded
from jobspec.spec.loader import load_listings
from jobspec.spec.project import Project, locate_roots, read_project
from jobspec.spec.spec_files import PROJECT_FILE, SourceFile, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from jobspec.diagnostics import Diagnostic, Location
    from jobspec.spec.input_schema import FileReader

_SHORT = 7
"""How many characters of a hash are shown, as git does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a commit says of a project.

    Attributes:
        ref: The commit that was asked for, as it was named.
        commit: The hash of the one that was read: where the checked out history left the other.
        project: Its project file; None where that is broken, so that nothing is known of the jobs.
        loaded: Its jobs.
        diagnostics: What is wrong in it, warnings left out.
        has_environment: Whether it knows the environment that its jobs were asked for.
    """

    ref: str
    commit: str
    project: Project | None
    loaded: Loaded
    diagnostics: tuple[Diagnostic, ...] = ()
    has_environment: bool = True

    @property
    def short(self) -> str:
        """The hash as people write it."""
        return self.commit[:_SHORT]


def load_revision(directory: Path, ref: str, *, env: str | None, now: datetime) -> Revision:
    """Load the specs of the commit at which the checked out history left another.

    Args:
        directory: The project's in the working tree; that of the commit lies in the same one.
        ref: A commit of the other history, in any way that git can name one.
        env: The chosen environment.
        now: The time at which schedules are judged to have ended.

    Raises:
        UsageError: There is no git, no repository, no such commit, or none in common.
    """
    commit = find_merge_base(directory, ref)
    with GitTree(directory, commit) as tree:
        return _read_revision(tree, directory, commit, ref, env, now)


def _read_revision(tree: GitTree, directory: Path, commit: str, ref: str, env: str | None, now: datetime) -> Revision:
    file = tree.read_file(directory / PROJECT_FILE, PROJECT_FILE)
    project = read_project(file) if file else Project()
    if not isinstance(project, Project):
        nothing = Loaded(jobs={}, incomplete=True)
        return Revision(ref=ref, commit=commit, project=None, loaded=nothing, diagnostics=project)
    if project.env and env is not None and env not in project.env:
        return Revision(ref=ref, commit=commit, project=project, loaded=Loaded(jobs={}), has_environment=False)
    loaded = _load(tree, directory, project, locate_roots(file, project) if file else {}, env, now)
    found = tuple(each for each in loaded.diagnostics if each.is_error)
    return Revision(ref=ref, commit=commit, project=project, loaded=loaded, diagnostics=found)


def _load(
    tree: GitTree, directory: Path, project: Project, places: Mapping[str, Location], env: str | None, now: datetime
) -> Loaded:
    listings = [tree.read_specs(directory / root, named_at=places.get(root)) for root in project.specs]
    read = _make_reader(tree, directory)
    return load_listings(listings, env=env, read=read, project=project, now=now)


def _make_reader(tree: GitTree, directory: Path) -> FileReader:
    """Make what reads schema files, by the rules that hold in the working tree."""

    def read(shown: str) -> SourceFile:
        file = tree.read_file(directory / shown, shown)
        return file or SourceFile(path=shown, problem=refuse("JS310", shown, "there is no such file", ""))

    return read


def name_files(diagnostics: Iterable[Diagnostic], revision: Revision) -> Iterator[Diagnostic]:
    """Name the files of diagnostics as `git show` would take them."""
    for found in diagnostics:
        related = tuple(replace(each, location=_name(each.location, revision)) for each in found.related)
        yield replace(found, location=_name(found.location, revision), related=related)


def _name(location: Location, revision: Revision) -> Location:
    return replace(location, path=f"{revision.short}:{location.path}")
