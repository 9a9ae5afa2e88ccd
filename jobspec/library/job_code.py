"""All code of one job: its workflow, its activities and the model of its input, or what is wrong with each."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jobspec.library.decorated_code import (
    ActivityCode,
    Mistake,
    WorkflowCode,
    load_activity,
    load_object,
    load_workflow,
)
from jobspec.library.input_reader import Reader, UnreadableTypeError, make_reader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jobspec.spec.model import JobSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A piece of code as a job names it.

    Attributes:
        path: Its import path, or another name to show where it has none.
        code: What is there.
        index: Of an activity, its place in the job's list.
    """

    path: str
    code: WorkflowCode | ActivityCode | Mistake
    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCode:
    """What a job names.

    Attributes:
        workflow: Its workflow class; None where the job names a type alone, whose code is elsewhere.
        activities: Its activities, in their order.
        model: What judges its input beside the annotation of `run()`; None without one.
    """

    workflow: Named | None = None
    activities: tuple[Named, ...] = ()
    model: Reader | Mistake | None = None

    @property
    def result_type(self) -> Any:
        """What `run()` is annotated to return; None where that is not known."""
        workflow = self.workflow.code if self.workflow else None
        return workflow.returns if isinstance(workflow, WorkflowCode) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSource:
    """Where a job's code is: objects that were given, or import paths that are followed when somebody asks.

    Attributes:
        workflow: The workflow class; None where the job names a type alone.
        activities: The activities, in their order.
        model: The type of the input; None without one.
        root: Where import paths start, the directory of `jobspec.toml`; None leaves `sys.path` as it is.
    """

    workflow: Named | str | None = None
    activities: tuple[Named | str, ...] = ()
    model: Reader | Mistake | str | None = None
    root: Path | None = None

    def load(self) -> JobCode:
        """Import what is named; every import path is followed once per process."""
        return JobCode(
            workflow=self._load_workflow(self.workflow) if isinstance(self.workflow, str) else self.workflow,
            activities=tuple(
                self._load_activity(each, index) if isinstance(each, str) else each
                for index, each in enumerate(self.activities)
            ),
            model=_load_model(self.model, self.root) if isinstance(self.model, str) else self.model,
        )

    @property
    def is_named(self) -> bool:
        """Whether all of it is named by import paths."""
        return not any(isinstance(each, Named) for each in (self.workflow, *self.activities))

    def given(self) -> JobCode:
        """Leave out what would have to be imported."""
        return JobCode(
            workflow=None if isinstance(self.workflow, str) else self.workflow,
            activities=tuple(each for each in self.activities if not isinstance(each, str)),
            model=None if isinstance(self.model, str) else self.model,
        )

    def list_given(self) -> tuple[Any, tuple[Any, ...], Any]:
        """List the code as it was given: the workflow, the activities and the type of the input."""
        model = self.model.type if isinstance(self.model, Reader) else self.model
        return _unwrap(self.workflow), tuple(map(_unwrap, self.activities)), model

    def _load_workflow(self, path: str) -> Named:
        return Named(path=path, code=load_workflow(path, self.root))

    def _load_activity(self, path: str, index: int) -> Named:
        return Named(path=path, code=load_activity(path, self.root), index=index)


def find_code(spec: JobSpec, root: Path | None) -> CodeSource:
    """Say where the code of a job is, as its spec names it; nothing is imported yet."""
    return CodeSource(workflow=spec.workflow.import_path, activities=spec.activities, model=spec.input_model, root=root)


@cache
def _load_model(path: str, root: Path | None) -> Reader | Mistake:
    value = load_object(path, root)
    return value if isinstance(value, Mistake) else inspect_model(value, path)


def inspect_model(value: Any, path: str) -> Reader | Mistake:
    """Make what judges inputs from a type, or say why it cannot.

    Args:
        value: The type.
        path: Its import path, or another name to show.
    """
    try:
        return make_reader(value, f"`{path}`")
    except UnreadableTypeError as error:
        hint = error.hint or "name a model, a dataclass, a `TypedDict`, or an alias such as `Batch = list[int]`"
        return Mistake(code="JS309", message=f"`{path}` cannot judge inputs: {error}", hint=hint)


def _unwrap(code: Named | str | None) -> Any:
    return code.code.implementation if isinstance(code, Named) and not isinstance(code.code, Mistake) else code


def check_portable(name: str, parts: Iterable[tuple[str, Any]]) -> None:
    """Refuse what another process could not find.

    Args:
        name: The job.
        parts: What it is made of, each by its argument.

    Raises:
        TypeError: One cannot be pickled, as pickle itself raises it, with the reason.
    """
    for argument, part in parts:
        try:
            pickle.dumps(part)
        except Exception as error:
            shown = getattr(part, "__qualname__", None) or repr(part)
            raise TypeError(
                f"the job `{name}` cannot be pickled: another process cannot import its {argument} `{shown}`; define "
                f"it at the top of a module, or name it by its import path ({error})"
            ) from error
