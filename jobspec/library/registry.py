"""All jobs of a project together."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, final

from jobspec.errors import DuplicateNameError, InvalidDefinitionError, NotFoundError
from jobspec.spec.project import check_project_id
from jobspec.spec.redaction import NOTHING_REDACTED
from jobspec.spec.vocabulary import join_words, suggest_word

if TYPE_CHECKING:
    from pathlib import Path

    from temporalio.client import Client

    from jobspec.diagnostics import Diagnostic
    from jobspec.library.collector import Collector
    from jobspec.library.definition import Definition
    from jobspec.results import ScheduleOutcome, ScheduleSummary
    from jobspec.spec.loaded_jobs import Loaded
    from jobspec.spec.project import Project

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryOrigin:
    """Where the jobs of a registry were loaded from.

    Attributes:
        directory: Where import paths start.
        project: What `jobspec.toml` says.
        env: The environment; None without one.
        loaded: The jobs as loaded, and all that is wrong with them.
    """

    directory: Path
    project: Project
    env: str | None
    loaded: Loaded


@final
class Registry(Mapping[str, "Definition[Any]"]):
    """Jobs by name, in name order; it may be shared between threads, also while jobs are added.

    Args:
        definitions: The jobs.
        project: The ownership mark of all their schedules; jobs that have none get it. There is no default: planning
            or writing needs one.
        origin: Where they were loaded from; None for jobs made in code.

    Raises:
        DuplicateNameError: Two of them have the same name.
        InvalidDefinitionError: One belongs to another project, or `project` is no project id.
    """

    def __init__(
        self, *definitions: Definition[Any], project: str | None = None, origin: RegistryOrigin | None = None
    ) -> None:
        self._lock = threading.Lock()
        self._definitions: dict[str, Definition[Any]] = {}  # replaced as a whole, so that readers need no lock
        self._project = None if project is None else check_project_id(project)
        self._origin = origin
        self._add_all(definitions)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.list(), self._project, self._origin)

    def __deepcopy__(self, _memo: object) -> Registry:
        return Registry(*self.list(), project=self._project, origin=self._origin)

    @property
    def project(self) -> str | None:
        """The ownership mark of all schedules; None where there is none."""
        return self._project

    @property
    def origin(self) -> RegistryOrigin | None:
        """Where the jobs were loaded from; None for jobs made in code."""
        return self._origin

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All that is wrong with the files that the jobs were loaded from."""
        return self._origin.loaded.diagnostics if self._origin else ()

    @property
    def frozen(self) -> frozenset[str]:
        """Names of jobs whose specs have mistakes; they are not here, and what is live of them is left as it is."""
        return self._origin.loaded.frozen if self._origin else frozenset()

    def add(self, definition: Definition[Any]) -> None:
        """Add a job.

        Raises:
            DuplicateNameError: The registry already has a job with that name.
            InvalidDefinitionError: It belongs to another project.
        """
        self._add_all((definition,))

    def _add_all(self, definitions: tuple[Definition[Any], ...]) -> None:
        with self._lock:
            found = dict(self._definitions)
            for definition in definitions:
                if definition.name in found:
                    raise DuplicateNameError(f"there are two jobs of the name `{definition.name}`; rename one of them")
                found[definition.name] = self._own(definition)
            self._definitions = dict(sorted(found.items()))

    def _own(self, definition: Definition[Any]) -> Definition[Any]:
        if self._project is None or definition.project == self._project:
            return definition
        if definition.project is None:
            return definition.in_project(self._project)
        raise InvalidDefinitionError(
            f"the job `{definition.name}` belongs to the project `{definition.project}`, and the registry to "
            f"`{self._project}`"
        )

    def __getitem__(self, name: str) -> Definition[Any]:
        return self.must_get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._definitions)

    def __len__(self) -> int:
        return len(self._definitions)

    def __contains__(self, name: object) -> bool:
        return name in self._definitions

    def __repr__(self) -> str:
        return f"Registry({', '.join(map(repr, self))}, project={self._project!r})"

    def get(self, name: str, default: T | None = None) -> Definition[Any] | T | None:  # type: ignore[override]  # by name, not by position
        """Get a job, or the default if there is none with that name."""
        return self._definitions.get(name, default)

    def must_get(self, name: str) -> Definition[Any]:
        """Get a job; `registry[name]` is the same.

        Raises:
            NotFoundError: There is no job with that name; suggests similar names.
            InvalidDefinitionError: The job exists, but its spec has mistakes; lists them.
        """
        found = self._definitions.get(name)
        if found is None:
            raise self._miss(name)
        return found

    def _miss(self, name: str) -> NotFoundError | InvalidDefinitionError:
        if name in self.frozen:
            said = [str(each.message) for each in self.diagnostics if each.job == name and each.is_error]
            return InvalidDefinitionError(f"the spec of the job `{name}` has mistakes: {'; '.join(said)}")
        if not self._definitions:
            return NotFoundError(f"there is no job `{name}`, nor any other")
        names = list(self._definitions)
        few = f"there are {join_words(names, 'and')}" if len(names) <= _FEW else f"there are {len(names)} others"
        few = few.replace("are", "is", 1) if len(names) == 1 else few
        return NotFoundError(f"there is no job `{name}`; {suggest_word(name, names) or few}")

    def list(self) -> tuple[Definition[Any], ...]:
        """List the jobs, in name order."""
        return tuple(self._definitions.values())

    def names(self) -> tuple[str, ...]:
        """List the names, in order."""
        return tuple(self._definitions)

    def register_all(self, collector: Collector) -> None:
        """Add the workflows and activities of all jobs to what workers register; jobs without code are left out.

        Raises:
            InvalidDefinitionError: Code cannot be imported or used.
        """
        for definition in self.list():
            if definition.has_code:
                definition.register(collector)

    async def apply_schedules(self, client: Client) -> tuple[ScheduleOutcome, ...]:
        """Apply the schedules of all jobs that have one; nothing is retired or deleted.

        If one fails, the others are still applied.

        Returns:
            The outcome for each job, in name order.

        Raises:
            ApplyError: Some failed; contains all outcomes.
            InvalidDefinitionError: A job has no project; nothing was written.
            UnreachableError: Temporal cannot be reached; nothing was written.
            NamespaceNotFoundError: The namespace does not exist.
        """
        from jobspec.library.owned_job import OwnedJob
        from jobspec.library.rollout import apply_schedules

        former = frozenset(self._origin.project.also_owns if self._origin else ())
        redaction = self._origin.loaded.redaction if self._origin else NOTHING_REDACTED
        jobs = [
            OwnedJob(spec=each.spec, project=each.project, also_owns=former, redaction=redaction)
            for each in self.list()
        ]
        return await apply_schedules(client, jobs)

    async def list_schedules(self, client: Client) -> tuple[ScheduleSummary, ...]:
        """List the live schedules with this project's mark, in name order, including those without a job here.

        Raises:
            InvalidDefinitionError: The registry has no project.
            UnreachableError: Temporal cannot be reached.
            NamespaceNotFoundError: The namespace does not exist.
        """
        from jobspec.library.schedule_details import list_schedules

        return await list_schedules(client, self.require_owners())

    def require_owners(self) -> frozenset[str]:
        """Return the marks that are ours: the project and its former ids.

        Raises:
            InvalidDefinitionError: The registry has no project.
        """
        if self._project is None:
            raise InvalidDefinitionError(
                "the registry has no project, so nothing can be its own; make it with `Registry(…, project=…)`, or set "
                "`project` in `jobspec.toml`"
            )
        former = self._origin.project.also_owns if self._origin else ()
        return frozenset({self._project, *former})


def _restore(definitions: tuple[Definition[Any], ...], project: str | None, origin: RegistryOrigin | None) -> Registry:
    return Registry(*definitions, project=project, origin=origin)


_FEW = 5
