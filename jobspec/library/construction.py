"""From the arguments of a `Definition` to a job: the same judgement that a spec file gets, with the code beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jobspec.diagnostics import Severity
from jobspec.errors import InvalidDefinitionError
from jobspec.library.call_arguments import is_list
from jobspec.library.checks import check_code
from jobspec.library.decorated_code import Mistake, WorkflowCode, inspect_activity, inspect_workflow
from jobspec.library.job_code import CodeSource, Named, inspect_model
from jobspec.library.payloads import check_payloads, copy_payloads
from jobspec.spec.frozen_model import kind_of
from jobspec.spec.model import JobSpec, WorkflowRef
from jobspec.spec.project import check_project_id
from jobspec.spec.validation import Problem, say_problem, validate_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from jobspec.library.job_code import JobCode


def make_job(
    values: Mapping[str, Any],
    *,
    workflow: type | str | WorkflowRef,
    activities: Sequence[Callable[..., Any] | str],
    input_model: Any,
    others: Iterable[Problem] = (),
) -> tuple[JobSpec, CodeSource]:
    """Make a job from code.

    Args:
        values: What the job says beside its code, by the keys of a spec.
        workflow: The class, its import path, or a reference such as `WorkflowRef(type="sync-orders")`.
        activities: Functions and bound methods, or their import paths.
        input_model: A type or its import path; None without one.
        others: What is wrong with the rest, to be said with it.

    Returns:
        The job as a spec file would say it, and where its code is.

    Raises:
        InvalidDefinitionError: Something is wrong; says all of it.
    """
    listed = tuple(activities) if is_list(activities) else ()
    source = find_source(workflow, listed, input_model)
    paths = dict(_find_paths(listed))
    refer: dict[str, Any] = {"workflow": _refer(workflow, source), "activities": list(paths.values())}
    if not is_list(activities):
        refer["activities"] = activities  # which the model says; the letters of a text would be taken for paths
    if model := input_model if isinstance(input_model, str) else import_path_of(input_model):
        refer["input_model"] = model
    unwritable = tuple(check_payloads(values))
    if not unwritable:
        values = copy_payloads(values)
    name, judged, code = values.get("name"), validate_job({**values, **refer}), source.given()
    if isinstance(judged, tuple):
        judged = tuple(_place(problem, list(paths)) for problem in judged)
    found = check_code(judged, code) if isinstance(judged, JobSpec) else (*judged, *_mistakes_in(code))
    refuse(name, (*unite_payloads(unwritable, found), *others))
    return accept(name, judged), source


def unite_payloads(unwritable: Iterable[Problem], others: Iterable[Problem]) -> Iterator[Problem]:
    """Say what cannot be sent once, although whoever tries to read it stumbles over it too."""
    said = tuple(unwritable)
    yield from said
    yield from (problem for problem in others if not said or problem.code != "JS326")


def find_source(
    workflow: Any, activities: Sequence[Callable[..., Any] | str], input_model: Any, root: Path | None = None
) -> CodeSource:
    """Say where code is that was given, as objects or as import paths.

    Args:
        workflow: A class, an import path or a reference.
        activities: Functions and bound methods, or import paths.
        input_model: A type or its import path; None without one.
        root: Where import paths start; None leaves `sys.path` as it is.
    """
    return CodeSource(
        workflow=_find_workflow(workflow),
        activities=tuple(
            each if isinstance(each, str) else _inspect_activity(each, index) for index, each in enumerate(activities)
        ),
        model=input_model if input_model is None or isinstance(input_model, str) else _inspect_model(input_model),
        root=root,
    )


def _place(problem: Problem, indices: Sequence[int]) -> Problem:
    """Say a problem of the list of activities as it was given, of which not all have import paths."""
    match problem.path:
        case ("activities", int(at), *rest) if at < len(indices) and indices[at] != at:
            there = problem.message.replace(f"activities[{at}]", f"activities[{indices[at]}]")
            return replace(problem, path=("activities", indices[at], *rest), message=there)
    return problem


def _mistakes_in(code: JobCode) -> Iterator[Problem]:
    """Say what is wrong with the code that a job was given, where the job itself is none to check it against."""
    if code.workflow and isinstance(code.workflow.code, Mistake):
        yield code.workflow.code.at("workflow")
    for activity in code.activities:
        if isinstance(activity.code, Mistake):
            yield activity.code.at("activities", activity.index)
    if isinstance(code.model, Mistake):
        yield code.model.at("input_model")


def check_rest(*, project: str | None, **functions: object) -> Iterator[Problem]:
    """Check what a definition has and no spec: the project and the functions that stand for something.

    Args:
        project: The ownership mark; None without one.
        functions: By argument; None without one.
    """
    try:
        if project is not None:
            check_project_id(project)
    except InvalidDefinitionError as error:
        yield Problem(path=("project",), code="JS102", message=str(error))
    for argument, function in functions.items():
        if function is not None and not callable(function):
            message = f"`{argument}` must be a function, not {kind_of(function)}"
            yield Problem(path=(argument,), code="JS102", message=message)


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
    return InvalidDefinitionError("\n".join((f"the job `{name}` is invalid:", *map(say_problem, problems))))


def _find_workflow(workflow: type | str | WorkflowRef) -> Named | str | None:
    if isinstance(workflow, WorkflowRef):
        return workflow.import_path
    if isinstance(workflow, str):
        return workflow
    return Named(path=_name(workflow), code=inspect_workflow(workflow, _name(workflow)))


def _inspect_activity(activity: Callable[..., Any], index: int) -> Named:
    return Named(path=_name(activity), code=inspect_activity(activity, _name(activity)), index=index)


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


def _find_paths(activities: Sequence[Callable[..., Any] | str]) -> Iterator[tuple[int, str]]:
    """Find the import paths of activities, each by its place in the list; bound methods have none."""
    for index, activity in enumerate(activities):
        path = activity if isinstance(activity, str) else import_path_of(activity)
        if path:
            yield index, path


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
