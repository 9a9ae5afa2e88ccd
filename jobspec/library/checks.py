"""A job against the code that it names: what `jobspec validate` does with imports.

Temporal hands the input to the worker as it was written, and the worker's
converter reads that JSON into the annotation of `run()`. So a value is judged
here as it will be read there: written as JSON as the Pydantic converter writes
it, then read back in pydantic's JSON mode (`"5"` is a good `int`, `"2026-01-01"` a
good `date`). A model that the spec names with `input_model` is asked beside the
annotation, not in its place: the worker will use the annotation all the same.
Keys that a model would silently ignore are warned of, since the commonest
mistake in an input is a mistyped key.

What code declares is read once per import path; checking another job of the same
workflow costs microseconds.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from jobspec.diagnostics import Severity
from jobspec.library.decorated_code import ActivityCode, Mistake, WorkflowCode, read_workflow
from jobspec.library.input_reader import Reader, UnreadableTypeError, make_reader
from jobspec.library.job_code import find_code
from jobspec.spec.findings import explain_bug
from jobspec.spec.validation import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from jobspec.library.job_code import JobCode, Named
    from jobspec.spec.model import JobSpec
    from jobspec.spec.positions import ValuePath


def check_job(spec: JobSpec, root: Path, *, own_converter: bool = False) -> tuple[Problem, ...]:
    """Import what a job names and check the job against it; a bug in that is a problem of the job as well.

    Args:
        spec: A valid job. One whose workflow is only a type, and that names nothing else, imports nothing.
        root: Where import paths start, the directory of `jobspec.toml`.
        own_converter: Whether the worker reads the input with another converter than the Pydantic one.

    Returns:
        All that is wrong, in the order of the job's keys; paths are those of the job as written.
    """
    try:
        return check_code(spec, find_code(spec, root).load(), own_converter=own_converter)
    except Exception as error:  # noqa: BLE001  it concerns this job and no other
        return (explain_bug(error),)


def check_code(spec: JobSpec, code: JobCode, *, own_converter: bool = False) -> tuple[Problem, ...]:
    """Check a job against its code.

    Args:
        spec: A valid job.
        code: What it names.
        own_converter: See `check_job`.

    Returns:
        See `check_job`.
    """
    return tuple(
        dict.fromkeys((*_check_registrable(spec, code), *check_arguments(spec, code, own_converter=own_converter)))
    )


def check_imports(spec: JobSpec, root: Path) -> tuple[Problem, ...]:
    """Import what a worker runs for a job, and check that it can; the job's input is not looked at.

    Args:
        spec: A valid job.
        root: Where import paths start, the directory of `jobspec.toml`.

    Returns:
        See `check_job`.
    """
    try:
        return tuple(dict.fromkeys(_check_registrable(spec, replace(find_code(spec, root), model=None).load())))
    except Exception as error:  # noqa: BLE001  it concerns this job and no other
        return (explain_bug(error),)


def _check_registrable(spec: JobSpec, code: JobCode) -> Iterator[Problem]:
    """Check that a worker can register what a job names, and runs the job's type of workflow with it."""
    match code.workflow and code.workflow.code:
        case Mistake() as mistake:
            yield mistake.at("workflow", "class")
        case WorkflowCode() as workflow:
            yield from _check_type(spec, workflow, code.workflow.path if code.workflow else "")
    yield from _check_activities(code.activities)


def check_clashes(specs: Iterable[JobSpec], root: Path) -> dict[str, tuple[Problem, ...]]:
    """Find workflows and activities of one task queue that share a name, of which its worker could run only one.

    Args:
        specs: The jobs of one environment, in the order in which the later of two is to blame.
        root: Where import paths start.

    Returns:
        Job → what clashes with an earlier job or with another activity of its own; only jobs that clash.
    """
    taken: dict[tuple[str, str, str | None], tuple[object, str]] = {}
    problems: dict[str, list[Problem]] = {}
    for spec in specs:
        try:
            codes = tuple(_code_of(spec, root))
        except Exception as error:  # noqa: BLE001  it concerns this job and no other
            problems.setdefault(spec.name, []).append(explain_bug(error))
            continue
        for place, path, code in codes:
            here = f"`{path}` of job `{spec.name}`"
            first, where = taken.setdefault((spec.queue, code.kind, code.type), (code.implementation, here))
            if first != code.implementation:
                problems.setdefault(spec.name, []).append(_clash(spec.queue, place, code, here, where))
    return {name: tuple(found) for name, found in problems.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unreadable:
    """A type that pydantic cannot read.

    Attributes:
        label: How to name it.
        why: Why not.
        hint: What to write instead.
        is_used: Whether the worker reads the argument into it.
    """

    label: str
    why: str
    hint: str
    is_used: bool

    def at(self, path: ValuePath, *, hangs: bool) -> Problem:
        """Say it of an argument: an error only where the worker would try to read it, and fail for ever."""
        if hangs and self.is_used:
            message = f"the worker cannot read the input as {self.label}: {self.why}"
            return Problem(path=path, code="JS329", message=message, hint=self.hint)
        message = f"the input is not checked against {self.label}: {self.why}"
        return Problem(path=path, code="JS325", message=message, severity=Severity.WARNING)


@cache
def _make_readers(implementation: type, index: int) -> tuple[Reader | _Unreadable, ...]:
    """Make what reads one argument: into the type the worker uses, and into the annotation if that says more."""
    workflow = read_workflow(implementation)
    assert workflow  # noqa: S101  only asked for once the workflow was read
    parameter = workflow.parameters[index]
    label = f"`{_shown(parameter.annotation)}` (`{parameter.name}` of {workflow.called})"
    used = () if _is_raw(parameter.read_as) else (_make_reader(parameter.read_as, label, is_used=True),)
    says_more = parameter.read_as != parameter.annotation and not any(isinstance(each, _Unreadable) for each in used)
    return (*used, _make_reader(parameter.annotation, label, is_used=False)) if says_more else used


def _make_reader(annotation: Any, label: str, *, is_used: bool) -> Reader | _Unreadable:
    try:
        return make_reader(annotation, label)
    except UnreadableTypeError as error:
        hint = error.hint or "annotate it with a model, a dataclass or plain types"
        return _Unreadable(label=label, why=str(error), hint=hint, is_used=is_used)


def _shown(annotation: Any) -> str:
    return annotation.__name__ if inspect.isclass(annotation) else str(annotation).replace("typing.", "")


def _is_raw(annotation: Any) -> bool:
    """Whether the argument is handed over unread; the name is compared to spare an import of the SDK."""
    return (getattr(annotation, "__module__", ""), getattr(annotation, "__name__", "")) == (
        "temporalio.common",
        "RawValue",
    )


def _check_type(spec: JobSpec, workflow: WorkflowCode, path: str) -> Iterator[Problem]:
    if not workflow.runs(spec.workflow.type):
        yield Problem(
            path=("workflow", "type"),
            code="JS307",
            message=f"`{path}` has the workflow type `{workflow.type}`, not `{spec.workflow.type}`",
            hint=f"write `workflow: {{type: {workflow.type}, class: {path}}}`",
        )


def _check_activities(activities: Iterable[Named]) -> Iterator[Problem]:
    for activity in activities:
        if isinstance(activity.code, Mistake):
            yield activity.code.at("activities", activity.index)


def _code_of(spec: JobSpec, root: Path) -> Iterator[tuple[ValuePath, str, WorkflowCode | ActivityCode]]:
    code = find_code(spec, root).load()
    if code.workflow and not isinstance(code.workflow.code, Mistake):
        yield ("workflow", "class"), code.workflow.path, code.workflow.code
    for activity in code.activities:
        if not isinstance(activity.code, Mistake):
            yield ("activities", activity.index), activity.path, activity.code


def _clash(queue: str, place: ValuePath, code: WorkflowCode | ActivityCode, here: str, where: str) -> Problem:
    named = f"{code.kind} `{code.type}`" if code.type else f"the dynamic {code.kind}"
    return Problem(
        path=place,
        code="JS328",
        message=f"on task queue `{queue}`, {here} and {where} are both {named}",
        hint=f"give one of them another name, as `@{code.kind}.defn(name=…)`, or another queue",
    )


def check_arguments(
    spec: JobSpec, code: JobCode, *, must_be_complete: bool = False, own_converter: bool = False
) -> Iterator[Problem]:
    """Check the arguments of a job against the model of its input and the annotations of `run()`.

    Args:
        spec: A valid job.
        code: What it names.
        must_be_complete: Whether a run is to start with these; a job on demand may get its input later otherwise.
        own_converter: See `check_job`.
    """
    if code.model is not None:
        yield from _check_model(spec, code.model)
    workflow = code.workflow.code if code.workflow else None
    if not isinstance(workflow, WorkflowCode) or workflow.type is None:
        return
    yield from _check_call(spec, workflow, must_be_complete=must_be_complete or spec.schedule is not None)
    if workflow.typed:
        for index in range(min(len(spec.arguments), len(workflow.parameters))):
            yield from _check_argument(spec, workflow, index, code.model, own_converter=own_converter)


def _check_model(spec: JobSpec, model: Reader | Mistake) -> Iterator[Problem]:
    if isinstance(model, Mistake):
        yield model.at("input_model")
    elif "input" in spec.model_fields_set:
        yield from model.check(spec.input, ("input",), "JS322")
    elif spec.args:
        yield from model.check(list(spec.args), ("args",), "JS322")


def _check_call(spec: JobSpec, workflow: WorkflowCode, *, must_be_complete: bool) -> Iterator[Problem]:
    """Check that `run()` can be called with as many arguments as the job gives."""
    given, most = len(spec.arguments), len(workflow.parameters)
    if workflow.keyword_only:
        names = ", ".join(f"`{name}`" for name in workflow.keyword_only)
        message = f"{workflow.called} requires {names} as keyword, and Temporal passes arguments by position only"
        yield Problem(path=("workflow",), code="JS321", message=message, hint="give it a default, or remove the `*`")
    elif given > most and not workflow.variadic:
        path: ValuePath = ("input",) if "input" in spec.model_fields_set else ("args", most)
        message = f"{workflow.called} takes {_count(most)}, and the job gives {given}"
        yield Problem(path=path, code="JS320", message=message)
    elif given < workflow.required and (given or must_be_complete):
        missing = ", ".join(f"`{parameter.name}`" for parameter in workflow.parameters[given : workflow.required])
        message = f"{workflow.called} requires {missing}, and the job gives {_count(given)}"
        path = ("args",) if spec.args else ("input",) if given else ("workflow",)
        yield Problem(path=path, code="JS320", message=message, hint="" if given else "add `input:` to the job")


def _count(number: int) -> str:
    return {0: "no argument", 1: "one argument"}.get(number, f"{number} arguments")


def _check_argument(
    spec: JobSpec, workflow: WorkflowCode, index: int, model: Reader | Mistake | None, *, own_converter: bool
) -> Iterator[Problem]:
    path: ValuePath = ("input",) if "input" in spec.model_fields_set else ("args", index)
    is_read = len(spec.arguments) >= len(workflow.parameters)
    for reader in _make_readers(workflow.implementation, index):
        if isinstance(reader, _Unreadable):
            yield reader.at(path, hangs=is_read and not own_converter)
            continue
        if path == ("input",) and isinstance(model, Reader) and model.type == reader.type:
            continue  # said already
        problems = list(reader.check(spec.arguments[index], path, "JS323"))
        yield from problems
        if not problems and not is_read and reader.changes(spec.arguments[index]):
            yield _unread(workflow, len(spec.arguments), reader, path)


def _unread(workflow: WorkflowCode, given: int, reader: Reader, path: ValuePath) -> Problem:
    # temporalio/worker/_workflow_instance.py, _convert_payloads: "Only use type hints if they match count".
    most = len(workflow.parameters)
    return Problem(
        path=path,
        code="JS327",
        message=f"{reader.label} will get plain JSON here: the SDK reads arguments into their types only when all "
        f"{most} are given, and the job gives {given}",
        hint="give the rest in `args`",
        severity=Severity.WARNING,
    )
