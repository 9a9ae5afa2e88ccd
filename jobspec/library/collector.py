"""What workers run: workflows and activities, gathered by task queue before any worker is made.

The SDK wants all of them when a worker is made, so they are collected from all jobs
first: once per type name, although many jobs share one workflow, and never two
different ones under one name, of which a worker could run only one. Jobs from
files bring import paths, jobs in code bring objects; both end here.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from jobspec.errors import InvalidDefinitionError, NotRegisteredError
from jobspec.library.call_arguments import check_list, check_name
from jobspec.library.decorated_code import (
    ActivityCode,
    Mistake,
    WorkflowCode,
    inspect_activity,
    inspect_workflow,
    load_activity,
    load_workflow,
)
from jobspec.spec.vocabulary import suggest_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from jobspec.spec.model import JobSpec

_Code: TypeAlias = WorkflowCode | ActivityCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrations:
    """What one worker registers; `make_worker` makes that worker.

    For a worker of your own, hand `workflows` and `activities` to it beside what it runs already::

        workflows, activities = [Mine, *found.workflows], found.activities
        Worker(client, task_queue="orders", workflows=workflows, activities=activities, activity_executor=threads)

    Attributes:
        queue: Its task queue.
        workflows: Workflow classes, ordered by type.
        activities: Activity functions and bound methods, ordered by type.
        threads: Whether an activity is no coroutine, so that the worker needs an `activity_executor`.
        sources: Who brought something, such as "job `orders`", in order.
    """

    queue: str
    workflows: tuple[type, ...] = ()
    activities: tuple[Callable[..., Any], ...] = ()
    threads: bool = False
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """One workflow or activity.

    Attributes:
        path: Its import path, or for an object where it was written, to show.
        source: Who brings it.
        code: What is there.
    """

    path: str
    source: str
    code: _Code

    @property
    def place(self) -> str:
        return f"`{self.path}`" + (f" ({self.source})" if self.source else "")


class Collector:
    """Gathers workflows and activities for workers, from jobs and from objects.

    Adding the same thing again changes nothing. Import paths are followed when `finish` needs them, so that a worker of
    one task queue does not import what the others run::

        collector = Collector()
        registry.register_all(collector)
        collector.add_activity("orders", refund)
        for queue, registrations in collector.finish().items():
            worker = make_worker(client, registrations)
    """

    __slots__ = ("_added",)

    def __init__(self) -> None:
        self._added: dict[str, list[tuple[JobSpec, Path | None] | _Piece]] = {}

    def add_spec(self, spec: JobSpec, root: Path | None) -> None:
        """Add what a job names by import paths.

        Args:
            spec: The job. One whose workflow is a bare type is run elsewhere and brings only its activities.
            root: Where import paths start, the directory of `jobspec.toml`; None leaves `sys.path` as it is.
        """
        self._added.setdefault(spec.queue, []).append((spec, root))

    def add_workflow(self, queue: str, workflow: type, *, source: str = "") -> None:
        """Add a workflow class.

        Args:
            queue: The task queue whose worker runs it.
            workflow: The class, decorated with `@workflow.defn`.
            source: Who brings it, to show where another one has its name, such as "job `orders`".

        Raises:
            InvalidDefinitionError: It is no workflow class.
            UsageError: The task queue is empty or no text.
        """
        check_name(queue, "the task queue")
        path = _path_of(workflow)
        self._add(queue, path, inspect_workflow(workflow, path), source)

    def add_activity(self, queue: str, activity: Callable[..., Any], *, source: str = "") -> None:
        """Add an activity.

        Args:
            queue: The task queue whose worker runs it.
            activity: A function, a bound method or an instance with `__call__`, decorated with `@activity.defn`.
            source: Who brings it, to show where another one has its name, such as "job `orders`".

        Raises:
            InvalidDefinitionError: It is no activity.
            UsageError: The task queue is empty or no text.
        """
        check_name(queue, "the task queue")
        path = _path_of(activity)
        self._add(queue, path, inspect_activity(activity, path), source)

    def _add(self, queue: str, path: str, code: _Code | Mistake, source: str) -> None:
        if isinstance(code, Mistake):
            raise InvalidDefinitionError(_say(code, source))
        self._added.setdefault(queue, []).append(_Piece(path=path, source=source, code=code))

    def finish(self, queues: Iterable[str] = ()) -> dict[str, Registrations]:
        """Say what each task queue's worker registers.

        Args:
            queues: Only these task queues; all of them when empty.

        Returns:
            Task queue → registrations, in the order of the queues' names; without queues that have nothing.

        Raises:
            InvalidDefinitionError: Code cannot be imported or used, or two different ones share a name; says all cases.
            NotRegisteredError: One of `queues` has nothing to run.
            UsageError: `queues` is no list, or a task queue is empty or no text.
        """
        check_list(queues, "queues")
        named = tuple(queues)
        for each in named:
            check_name(each, "the task queue")
        wanted = set(named)
        found = {name: self._gather(name) for name in sorted(wanted or self._added)}
        if mistakes := [mistake for queue in found.values() for mistake in queue.mistakes]:
            raise InvalidDefinitionError("\n".join(dict.fromkeys(mistakes)))
        finished = {name: queue.finish() for name, queue in found.items() if not queue.is_empty}
        if missing := sorted(wanted - set(finished)):
            raise NotRegisteredError("\n".join(map(self._say_nothing, missing)))
        return finished

    def _gather(self, name: str) -> _Queue:
        queue = _Queue(name=name)
        for each in chain.from_iterable(map(_expand, self._added.get(name, ()))):
            queue.note(each)
        return queue

    def _say_nothing(self, queue: str) -> str:
        nothing = f"there is nothing to run on task queue `{queue}`"
        if jobs := sorted({each[0].name for each in self._added.get(queue, ()) if isinstance(each, tuple)}):
            return f"{nothing}: its jobs ({', '.join(jobs)}) name a workflow type without a class, and no activities"
        known = sorted(self._added)
        hint = suggest_word(queue, known) or (f"jobs use {', '.join(f'`{name}`' for name in known)}" if known else "")
        return f"{nothing}: no job uses it" + (f"; {hint}" if hint else "")


@dataclass(slots=True, kw_only=True)
class _Queue:
    """Registrations in the making: pieces by type name, and what is wrong with some."""

    name: str
    workflows: dict[str | None, _Piece] = field(default_factory=dict)
    activities: dict[str | None, _Piece] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    mistakes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.workflows and not self.activities

    def note(self, piece: _Piece | str) -> None:
        """Take a piece, or what is wrong with it."""
        if isinstance(piece, str):
            self.mistakes.append(piece)
            return
        known = self.workflows if isinstance(piece.code, WorkflowCode) else self.activities
        first = known.setdefault(piece.code.type, piece)
        self.sources.add(piece.source)
        if not _is_same(first.code.implementation, piece.code.implementation):
            self.mistakes.append(_clash(self.name, first, piece))

    def finish(self) -> Registrations:
        workflows, activities = _by_type(self.workflows), _by_type(self.activities)
        return Registrations(
            queue=self.name,
            workflows=tuple(code.implementation for code in workflows if isinstance(code, WorkflowCode)),
            activities=tuple(code.implementation for code in activities),
            threads=any(isinstance(code, ActivityCode) and not code.is_async for code in activities),
            sources=tuple(sorted(self.sources - {""}, key=lambda source: source.replace("`", ""))),
        )


def collect(specs: Iterable[JobSpec], root: Path, *, queues: Iterable[str] = ()) -> dict[str, Registrations]:
    """Import what jobs name and sort it by task queue.

    Args:
        specs: The jobs.
        root: Where import paths start, the directory of `jobspec.toml`.
        queues: Only these task queues; all of them when empty.

    Returns:
        See `Collector.finish`.

    Raises:
        InvalidDefinitionError: Code cannot be imported or used, or two different ones share a name; says all cases.
        NotRegisteredError: One of `queues` has nothing to run.
    """
    collector = Collector()
    for spec in specs:
        collector.add_spec(spec, root)
    return collector.finish(queues)


def _expand(added: tuple[JobSpec, Path | None] | _Piece) -> Iterator[_Piece | str]:
    """Import what a job names; gives its pieces and what is wrong with it."""
    if isinstance(added, _Piece):
        yield added
        return
    spec, root = added
    source = f"job `{spec.name}`"
    if path := spec.workflow.import_path:
        workflow = load_workflow(path, root)
        yield _take(path, workflow, source)
        if isinstance(workflow, WorkflowCode) and not workflow.runs(spec.workflow.type):
            yield (
                f"{source}: it starts workflows of type `{spec.workflow.type}`, "
                f"but `{path}` has the type `{workflow.type}`"
            )
    for path in spec.activities:
        yield _take(path, load_activity(path, root), source)


def _take(path: str, code: _Code | Mistake, source: str) -> _Piece | str:
    return _say(code, source) if isinstance(code, Mistake) else _Piece(path=path, source=source, code=code)


def _say(mistake: Mistake, source: str) -> str:
    return (f"{source}: " if source else "") + mistake.message + (f" ({mistake.hint})" if mistake.hint else "")


def _clash(queue: str, first: _Piece, second: _Piece) -> str:
    code = second.code
    named = f"{code.kind} `{code.type}`" if code.type else f"a dynamic {code.kind}"
    apart = ", which are different objects" if first.path == second.path else ""
    return (
        f"task queue `{queue}`: {named} is both {first.place} and {second.place}{apart}; give one of them another name"
    )


def _is_same(first: object, second: object) -> bool:
    """Whether a worker would run the same; a method is bound anew whenever it is asked for."""
    if inspect.ismethod(first) and inspect.ismethod(second):
        return first.__self__ is second.__self__ and first.__func__ is second.__func__
    return first is second


def _path_of(value: object) -> str:
    """Say where an object was written; of an instance, where its class was."""
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}:{getattr(named, '__qualname__', '')}"


def _by_type(pieces: dict[str | None, _Piece]) -> list[_Code]:
    return [piece.code for _, piece in sorted(pieces.items(), key=lambda item: item[0] or "")]
