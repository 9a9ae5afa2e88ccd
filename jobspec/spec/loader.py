"""A source → specs and diagnostics.

Files are parsed once as long as their content is the same, jobs judged once as
long as their layers are: with a :class:`Cache` a second load costs what changed.
What is broken freezes what depends on it and nothing else: a file its jobs, a
defaults file the jobs below it, a mistake its job.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobspec.diagnostics import Diagnostic, Location, Related
from jobspec.spec.cache import Cache, ParsedFile
from jobspec.spec.file_content import read_file
from jobspec.spec.findings import order, refuse_bug, unite
from jobspec.spec.hidden_values import hide_values
from jobspec.spec.job_collection import Collection
from jobspec.spec.loaded_jobs import Loaded
from jobspec.spec.project import NO_PROJECT, Project
from jobspec.spec.spec_files import PROJECT_FILE, Listing, SourceFile, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from jobspec.spec.enclosure import Enclosure
    from jobspec.spec.input_schema import FileReader
    from jobspec.spec.job_layers import Form, Layer
    from jobspec.spec.job_validation import Schemas
    from jobspec.spec.workspace import Workspace

MOST_ENVIRONMENTS = 100
"""How many environments are checked in a project that declares none."""


def load(
    workspace: Workspace, *, env: str | None = None, now: datetime | None = None, cache: Cache | None = None
) -> Loaded:
    """Load all jobs of a project for one environment.

    Args:
        workspace: The project; a root of it that lies in another counts as part of it. Where it declares no
            environments, any is allowed.
        env: The chosen environment; None for the jobs as they are without one.
        now: The time at which schedules are judged to have ended or to never fire; None does not judge that.
        cache: What an earlier load left.

    Returns:
        The jobs and everything that is wrong. Nothing is raised for what stands in files.
    """
    cache = cache or Cache()
    with _without_gc():
        listings = _read_roots(workspace, cache)
        read = _make_reader(workspace.enclosure)
        return load_listings(listings, env=env, read=read, project=workspace.project, now=now, cache=cache)


def _read_roots(workspace: Workspace, cache: Cache) -> list[Listing]:
    return cache.read_roots(workspace.roots, workspace.enclosure, workspace.named_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The jobs of some roots in every environment.

    Attributes:
        by_environment: What each load found; the key None is the base, which is there if no environment is declared.
        diagnostics: All mistakes once, in the order of files and lines.
    """

    by_environment: Mapping[str | None, Loaded]
    diagnostics: tuple[Diagnostic, ...]


def load_all_environments(workspace: Workspace, *, now: datetime | None = None, cache: Cache | None = None) -> Checked:
    """Load all jobs for every environment that can be chosen.

    These are the declared ones; where none is declared, the base and those that the files name. Arguments are those of
    :func:`load`.
    """
    cache = cache or Cache()
    with _without_gc():
        listings = _read_roots(workspace, cache)
        read = _make_reader(workspace.enclosure)
        waiting: list[str | None] = [*sorted(workspace.project.env)] or [None]
        found: dict[str | None, Loaded] = {}
        too_many: list[Diagnostic] = []
        for env in waiting:
            loaded = load_listings(listings, env=env, read=read, project=workspace.project, now=now, cache=cache)
            found[env] = loaded
            if env is None:
                waiting += sorted(loaded.environments)[:MOST_ENVIRONMENTS]
                too_many = _refuse_environments(len(loaded.environments))
    diagnostics = unite({env: loaded.diagnostics for env, loaded in found.items()})
    return Checked(by_environment=found, diagnostics=(*diagnostics, *too_many))


def _refuse_environments(count: int) -> list[Diagnostic]:
    if count <= MOST_ENVIRONMENTS:
        return []
    message = f"the specs name {count:,} environments, of which the first {MOST_ENVIRONMENTS} were checked"
    hint = "declare the environments of the project here, as `[env.staging]`"
    return [Diagnostic(code="JS140", message=message, location=Location(path=PROJECT_FILE), hint=hint)]


def load_listings(
    listings: Sequence[Listing],
    *,
    read: FileReader,
    env: str | None = None,
    project: Project = NO_PROJECT,
    now: datetime | None = None,
    cache: Cache | None = None,
) -> Loaded:
    """Load all jobs of files that were listed already, from a directory or elsewhere.

    Args:
        listings: The roots.
        read: Reads the schema files that jobs name.
        env: See :func:`load`, as for the other arguments.
        project: Which environments there are, and what must not be shown of the jobs.
        now: The time.
        cache: What an earlier load left.
    """
    cache = cache or Cache()
    schemas = cache.make_schemas(read)
    collection = Collection(env, frozenset(project.env), now, schemas)
    parsed = cache.parse(_walk_files(listings))
    diagnostics = [problem for listing in listings for problem in listing.problems]
    diagnostics += [file.problem for file in parsed.values() if file.problem is not None]
    chains = _Chains(parsed, collection, diagnostics)
    for path, file in parsed.items():
        if file.form is None or file.is_defaults:
            continue
        try:
            collection.add_jobs(file.form, chains.find(path), file.known)
        except Exception as error:  # noqa: BLE001  it concerns this file and no other
            diagnostics.append(refuse_bug(error, path))
            collection.freeze_all(file.form)
    jobs, found = collection.finish()
    cache.keep_schemas(schemas)
    documents = tuple(file.document for file in parsed.values() if file.document is not None)
    ordered = hide_values(order([*diagnostics, *found]), documents, project.redaction)
    return Loaded(
        jobs=jobs,
        frozen=frozenset(collection.frozen),
        absent=frozenset(collection.absent - collection.frozen),
        diagnostics=ordered,
        incomplete=any(diagnostic.is_error for diagnostic in ordered),
        missing_roots=tuple(listing.root for listing in listings if listing.missing),
        empty_roots=tuple(listing.root for listing in listings if _is_empty(listing, parsed)),
        environments=frozenset(collection.environments),
        fingerprint=_make_fingerprint(env, listings, parsed, schemas),
        documents=documents,
        ignores=frozenset(collection.ignores),
        redaction=project.redaction,
    )


def _walk_files(listings: Sequence[Listing]) -> Iterator[SourceFile]:
    """Walk all files once: a root may lie in another, which then comes first."""
    seen: set[str] = set()
    for listing in sorted(listings, key=lambda listing: listing.root.split("/")):
        for file in listing.files:
            if file.path not in seen:
                seen.add(file.path)
                yield file


def _is_empty(listing: Listing, parsed: Mapping[str, ParsedFile]) -> bool:
    """Tell whether a root is there and holds no job, nor anything that might."""
    if listing.missing or any(problem.is_error for problem in listing.problems):
        return False
    files = (parsed[file.path] for file in listing.files)
    return not any(
        not file.is_defaults and (file.form is None or file.form.jobs or file.form.findings) for file in files
    )


def _make_fingerprint(
    env: str | None, listings: Sequence[Listing], parsed: Mapping[str, ParsedFile], schemas: Schemas
) -> str:
    """Hash all that was read."""
    digest = hashlib.sha256(repr((env, [(listing.root, listing.missing) for listing in listings])).encode())
    for path, file in parsed.items():
        digest.update(path.encode() + b"\0" + file.digest)
    for path, schema in sorted(schemas.loaded.items()):
        digest.update(path.encode() + b"\0" + schema.digest)
    return digest.hexdigest()


class _Chains:
    """The defaults files that apply to each directory."""

    def __init__(self, parsed: Mapping[str, ParsedFile], collection: Collection, diagnostics: list[Diagnostic]) -> None:
        self._own: dict[str, tuple[Layer, ...]] = {}
        self._broken: set[str] = set()
        self._chains: dict[str, tuple[Layer, ...] | None] = {}
        for path, file in parsed.items():
            if file.is_defaults:
                self._add(path, file.form, collection, diagnostics)

    def _add(self, path: str, form: Form | None, collection: Collection, diagnostics: list[Diagnostic]) -> None:
        directory = path.rpartition("/")[0]
        if form is None or form.defaults is None or not collection.add_defaults(form):
            self._broken.add(directory)
        elif directory in self._own:
            self._broken.add(directory)
            diagnostics.append(_refuse_second(path, self._own[directory][0].document.path))
        else:
            self._own[directory] = (form.defaults,)

    def find(self, path: str) -> tuple[Layer, ...] | None:
        """Find the layers that the jobs of a file inherit, outermost first; None where one of them is broken."""
        return self._find(path.rpartition("/")[0])

    def _find(self, directory: str) -> tuple[Layer, ...] | None:
        unknown = list(itertools.takewhile(lambda each: each not in self._chains, _walk_up(directory)))
        for each in reversed(unknown):  # a loop, as a spec root may be named by more directories than calls can nest
            outer = self._chains[each.rpartition("/")[0]] if each else ()
            is_broken = outer is None or each in self._broken
            self._chains[each] = None if is_broken else (*(outer or ()), *self._own.get(each, ()))
        return self._chains[directory]


def _walk_up(directory: str) -> Iterator[str]:
    """Name a directory and all above it, the empty one last."""
    yield directory
    while directory:
        directory = directory.rpartition("/")[0]
        yield directory


def _refuse_second(path: str, first: str) -> Diagnostic:
    hint = "keep one of `defaults.yaml`, `defaults.yml` and `defaults.toml`"
    message = "the directory has a defaults file already, and it is open which of them counts"
    related = (Related(message="the other one", location=Location(path=first)),)
    return Diagnostic(code="JS150", message=message, location=Location(path=path), hint=hint, related=related)


def _make_reader(enclosure: Enclosure) -> FileReader:
    """Make what reads schema files."""

    def read(shown: str) -> SourceFile:
        missing = SourceFile(path=shown, problem=refuse("JS310", shown, "there is no such file", ""))
        return read_file(shown, enclosure) or missing

    return read


@contextmanager
def _without_gc() -> Iterator[None]:
    """Pause the search for reference cycles: a load makes many objects and next to no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
