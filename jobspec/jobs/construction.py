"""From the arguments of a `Definition` to a job: the same judgement that a spec file gets, with the code beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobspec.diagnostics import Severity
from jobspec.errors import InvalidDefinitionError
from jobspec.jobs.checks import check_code
from jobspec.jobs.code import WorkflowCode, inspect_activity, inspect_workflow
from jobspec.jobs.job_code import CodeSource, Named, inspect_model
from jobspec.spec.model import JobSpec, WorkflowRef
from jobspec.spec.validation import say_path, validate_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jobspec.spec.validation import Problem


def make_job(
    values: Mapping[str, Any],
    *,
    workflow: type | str | WorkflowRef,
    activities: Sequence[Callable[..., Any] | str],
    input_model: Any,
) -> tuple[JobSpec, CodeSource]:
    """Make a job from code.

    Args:
        values: What the job says beside its code, by the keys of a spec.
        workflow: The class, its import path, or a reference such as `WorkflowRef(type="sync-orders")`.
        activities: Functions and bound methods, or their import paths.
        input_model: A type or its import path; None without one.

    Returns:
        The job as a spec file would say it, and where its code is.

    Raises:
        InvalidDefinitionError: Something is wrong; says all of it.
    """
    source = CodeSource(
        workflow=_find_workflow(workflow),
        activities=tuple(each if isinstance(each, str) else _inspect_activity(each) for each in activities),
        model=input_model if input_model is None or isinstance(input_model, str) else _inspect_model(input_model),
    )
    refer = {"workflow": _refer(workflow, source), "activities": list(_paths_of(activities))}
    if model := input_model if isinstance(input_model, str) else import_path_of(input_model):
        refer["input_model"] = model
    spec = accept(values.get("name"), validate_job({**values, **refer}))
    refuse(spec.name, check_code(spec, source.given()))
    return spec, source


def accept(name: object, judged: JobSpec | tuple[Problem, ...]) -> JobSpec:
    """Take a job that was judged.

    Raises:
        InvalidDefinitionError: It is none; says all that is wrong with it.
    """
    if isinstance(judged, JobSpec):
        return judged
    raise _make_error(name, judged)


def refuse(name: object, problems: Iterable[Problem]) -> None:
    """Raise all that is wrong with a job at once; warnings pass.

    Raises:
        InvalidDefinitionError: Anything is.
    """
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise _make_error(name, errors)


def _make_error(name: object, problems: Iterable[Problem]) -> InvalidDefinitionError:
    return InvalidDefinitionError("\n".join((f"the job `{name}` is invalid:", *map(_say, problems))))


def _say(problem: Problem) -> str:
    place = f"{say_path(problem.path)}: " if problem.path else ""
    return f"  {place}{problem.message}" + (f" ({problem.hint})" if problem.hint else "")


def _find_workflow(workflow: type | str | WorkflowRef) -> Named | str | None:
    if isinstance(workflow, WorkflowRef):
        return workflow.import_path
    if isinstance(workflow, str):
        return workflow
    return Named(path=_name(workflow), code=inspect_workflow(workflow, _name(workflow)))


def _inspect_activity(activity: Callable[..., Any]) -> Named:
    return Named(path=_name(activity), code=inspect_activity(activity, _name(activity)))


def _inspect_model(model: Any) -> Any:
    return inspect_model(model, _name(model))


def _refer(workflow: type | str | WorkflowRef, source: CodeSource) -> str | WorkflowRef | dict[str, str]:
    """Say in a spec's words which workflow it is; of a class made in a function only its type can be said."""
    if isinstance(workflow, str | WorkflowRef):
        return workflow
    code = source.workflow.code if isinstance(source.workflow, Named) else None
    kind = code.type if isinstance(code, WorkflowCode) else None
    path = import_path_of(workflow)
    return {"type": kind or str(getattr(workflow, "__name__", "workflow")), **({"class": path} if path else {})}


def _paths_of(activities: Sequence[Callable[..., Any] | str]) -> Iterable[str]:
    for activity in activities:
        path = activity if isinstance(activity, str) else import_path_of(activity)
        if path:
            yield path


def import_path_of(value: Any) -> str | None:
    """Say where an object can be imported from; None for one that was made in a function, or bound to an instance."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    is_bound = getattr(value, "__self__", None) is not None
    if not isinstance(module, str) or not isinstance(name, str) or is_bound or "<" in name:
        return None
    return f"{module}:{name}"


def _name(value: Any) -> str:
    """Name an object in a message."""
    return import_path_of(value) or getattr(value, "__qualname__", None) or repr(value)
