"""Rules about a namespace: what jobs need there and what it lacks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobspec.lint.warning import warn
from jobspec.spec.findings import make_related
from jobspec.spec.vocabulary import suggest_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobspec.spec.findings import Finding
    from jobspec.spec.loaded_jobs import Job
    from jobspec.spec.model import JobSpec
    from jobspec.spec.validation import Problem

_SHOWN_JOBS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceFacts:
    """What was found out about a namespace.

    Attributes:
        name: Of the namespace.
        search_attributes: The names that are registered.
        idle_queues: Task queues, of those asked for, that no worker polls for workflows.
    """

    name: str
    search_attributes: frozenset[str]
    idle_queues: frozenset[str]


def lint_namespace(jobs: Iterable[Job], facts: NamespaceFacts) -> Iterator[Finding]:
    """Warn of search attributes that are not registered, and of task queues without workers."""
    idle: dict[str, list[Job]] = {}
    for job in jobs:
        yield from map(job.find, lint_search_attributes(job.spec, facts))
        if job.spec.queue in facts.idle_queues:
            idle.setdefault(job.spec.queue, []).append(job)
    for queue, waiting in idle.items():
        yield _tell_idle(queue, waiting, facts.name)


def lint_search_attributes(spec: JobSpec, facts: NamespaceFacts) -> Iterator[Problem]:
    """Warn of search attributes of a job that the namespace does not know: its schedule could not be created."""
    for name in spec.run.search_attributes:
        if name not in facts.search_attributes:
            near = suggest_word(name, sorted(facts.search_attributes))
            yield warn(
                ("run", "search_attributes", name),
                "JS520",
                f"the namespace `{facts.name}` has no search attribute `{name}`, so Temporal will refuse the job",
                near or "register it with `temporal operator search-attribute create`",
            )


def _tell_idle(queue: str, jobs: list[Job], namespace: str) -> Finding:
    first, *others = sorted(jobs, key=lambda job: (job.path, job.layers[-1].path))
    message = f"no worker polls the task queue `{queue}` in the namespace `{namespace}`, so its runs would only wait"
    problem = warn(("queue",), "JS521", message, "start its workers, or correct the name")
    shown = [(job.spec.name, job.location) for job in others[:_SHOWN_JOBS]]
    return replace(first.find(problem), related=tuple(make_related("likewise", shown, len(others))))
