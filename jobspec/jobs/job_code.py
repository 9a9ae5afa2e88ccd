"""All code of one job: its workflow, its activities and the model of its input, or why one of them is of no use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jobspec.jobs.code import ActivityCode, Mistake, WorkflowCode, load_activity, load_object, load_workflow
from jobspec.jobs.values import Reader, UnreadableTypeError, make_reader

if TYPE_CHECKING:
    from pathlib import Path

    from jobspec.spec.model import JobSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A piece of code as a job names it.

    Attributes:
        path: Its import path, or another name to show where it has none.
        code: What is there.
    """

    path: str
    code: WorkflowCode | ActivityCode | Mistake


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


def load_code(spec: JobSpec, root: Path) -> JobCode:
    """Import what a job names.

    Args:
        spec: The job.
        root: Where import paths start, the directory of `jobspec.toml`.
    """
    path = spec.workflow.import_path
    return JobCode(
        workflow=Named(path=path, code=load_workflow(path, root)) if path else None,
        activities=tuple(Named(path=path, code=load_activity(path, root)) for path in spec.activities),
        model=_load_model(spec.input_model, root) if spec.input_model else None,
    )


@cache
def _load_model(path: str, root: Path) -> Reader | Mistake:
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
        hint = "name a model, a dataclass, a `TypedDict`, or an alias such as `Batch = list[int]`"
        return Mistake(code="JS309", message=f"`{path}` cannot judge inputs: {error}", hint=hint)
