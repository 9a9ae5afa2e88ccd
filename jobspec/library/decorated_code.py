"""What a user's code declares: workflow classes and activity functions, read from their decorators.

The SDK has no public way to ask for them, and making a worker to find out needs a
connection. So the attributes that `@workflow.defn` and `@activity.defn` set are
read here, and nowhere else.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

from jobspec.imports import ImportFailure, ImportPathError, resolve
from jobspec.spec.validation import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


_IMPORT_CODES = {
    ImportFailure.MODULE_MISSING: "JS300",
    ImportFailure.DEPENDENCY_MISSING: "JS301",
    ImportFailure.ATTRIBUTE_MISSING: "JS302",
    ImportFailure.RAISED: "JS303",
    ImportFailure.EXITED: "JS304",
    ImportFailure.SYNTAX: "JS305",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with an import path, wherever a job names it.

    Attributes:
        code: A key of `jobspec.diagnostics.RULES`.
        message: One sentence.
        hint: What to do.
    """

    code: str
    message: str
    hint: str = ""

    def at(self, *path: str | int) -> Problem:
        """Say it of a place in a job."""
        return Problem(path=path, code=self.code, message=self.message, hint=self.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One positional parameter of `run()`.

    Attributes:
        name: Its name.
        read_as: The type into which the SDK reads the argument: the annotation without `Annotated` extras.
        annotation: The type as its author wrote it; `Any` where there is none.
    """

    name: str
    read_as: Any
    annotation: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowCode:
    """A class decorated with `@workflow.defn`.

    Attributes:
        implementation: The class.
        type: Its workflow type; None for a dynamic workflow, which takes every type and all arguments raw.
        parameters: The positional parameters of `run()` in order, without self.
        required: How many of them have no default.
        variadic: Whether `run()` takes any number more, as `*args`.
        keyword_only: Keyword-only parameters without a default, which Temporal can never fill.
        typed: Whether the SDK uses the annotations at all; parameters that are not positional turn that off.
        returns: The annotation of the result; None where there is none.
    """

    implementation: type
    type: str | None
    parameters: tuple[Parameter, ...]
    required: int
    variadic: bool
    keyword_only: tuple[str, ...]
    typed: bool
    returns: Any = None

    def runs(self, workflow_type: str) -> bool:
        """Whether a worker with this class runs workflows of a type."""
        return self.type is None or self.type == workflow_type

    @property
    def kind(self) -> str:
        """What it is, in a message."""
        return "workflow"

    @property
    def called(self) -> str:
        """How to name its `run()` in a message."""
        return f"`{self.implementation.__name__}.run()`"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityCode:
    """A callable decorated with `@activity.defn`.

    Attributes:
        implementation: What a worker registers; bound, if it is a method.
        type: Its activity type; None for a dynamic activity.
        is_async: Whether it runs in the event loop; others need a thread.
    """

    implementation: Callable[..., Any]
    type: str | None
    is_async: bool

    @property
    def kind(self) -> str:
        """What it is, in a message."""
        return "activity"


def load_object(path: str, root: Path | None) -> object | Mistake:
    """Load whatever an import path names, or say why that cannot be."""
    try:
        return resolve(path, root)
    except ImportPathError as error:
        return Mistake(code=_IMPORT_CODES[error.kind], message=error.message, hint=error.hint)


@cache
def load_workflow(path: str, root: Path | None) -> WorkflowCode | Mistake:
    """Load a workflow class, once per path."""
    value = load_object(path, root)
    return value if isinstance(value, Mistake) else inspect_workflow(value, path)


def inspect_workflow(value: object, path: str) -> WorkflowCode | Mistake:
    """Read what is meant to be a workflow class, or say why it is none.

    Args:
        value: The object.
        path: Its import path, or another name to show.
    """
    try:
        return read_workflow(value) or _refuse_workflow(path, value)
    except Exception as error:  # noqa: BLE001  metaclasses and annotations are user code
        return _refuse_code(path, error)


def _refuse_code(path: str, error: Exception) -> Mistake:
    said = " ".join(str(error).split())
    return Mistake(code="JS303", message=f"`{path}` cannot be looked at: {type(error).__name__}: {said}")


def _refuse_workflow(path: str, value: object) -> Mistake:
    if not inspect.isclass(value):
        return Mistake(code="JS306", message=f"`{path}` is no workflow class but {_article(type(value).__name__)}")
    return Mistake(
        code="JS306",
        message=f"`{path}` is a class without `@workflow.defn`",
        hint=f"put `@workflow.defn` above `class {value.__name__}`",
    )


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


@cache
def load_activity(path: str, root: Path | None) -> ActivityCode | Mistake:
    """Load an activity, once per path."""
    value = load_object(path, root)
    return value if isinstance(value, Mistake) else inspect_activity(value, path)


def inspect_activity(value: object, path: str) -> ActivityCode | Mistake:
    """Read what is meant to be an activity, or say why it is none; arguments are those of `inspect_workflow`."""
    try:
        return read_activity(value) or _refuse_activity(path, value)
    except Exception as error:  # noqa: BLE001  `__getattr__` and properties are user code
        return _refuse_code(path, error)


def _refuse_activity(path: str, value: object) -> Mistake:
    if inspect.isclass(value) or is_unbound_method(value):
        return Mistake(
            code="JS308",
            message=f"`{path}` needs an instance of its class",
            hint="make one in the module and name its method, as `shop.activities:orders.fetch`",
        )
    if not callable(value):
        return Mistake(code="JS308", message=f"`{path}` is no activity but {_article(type(value).__name__)}")
    return Mistake(
        code="JS308",
        message=f"`{path}` is a function without `@activity.defn`",
        hint="put `@activity.defn` above it",
    )


def read_workflow(value: object) -> WorkflowCode | None:
    """Read what `@workflow.defn` says about a class; None where this very class is not decorated with it."""
    declared: Any = getattr(value, "__temporal_workflow_definition", None)
    if declared is None or not inspect.isclass(value) or declared.cls is not value:
        return None
    parameters = list(inspect.signature(declared.run_fn).parameters.values())[1:]
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    read_as, annotations = get_type_hints(declared.run_fn), get_type_hints(declared.run_fn, include_extras=True)
    return WorkflowCode(
        implementation=value,
        type=declared.name,
        parameters=tuple(
            Parameter(name=each.name, read_as=read_as.get(each.name, Any), annotation=annotations.get(each.name, Any))
            for each in positional
        ),
        required=sum(each.default is each.empty for each in positional),
        variadic=any(each.kind is each.VAR_POSITIONAL for each in parameters),
        keyword_only=tuple(
            each.name for each in parameters if each.kind is each.KEYWORD_ONLY and each.default is each.empty
        ),
        typed=len(positional) == len(parameters),
        returns=read_as.get("return"),
    )


def read_activity(value: object) -> ActivityCode | None:
    """Read what `@activity.defn` says about a callable; None where it is not decorated or cannot be registered.

    A class is none, though it may have a decorated `__call__`, and neither is a method without its instance.
    """
    declared: Any = getattr(value, "__temporal_activity_definition", None)
    if declared is None or inspect.isclass(value) or is_unbound_method(value) or not callable(value):
        return None
    return ActivityCode(implementation=value, type=declared.name, is_async=declared.is_async)


def is_unbound_method(value: object) -> bool:
    """Whether it is a function whose first parameter is `self`, that is a method taken from its class."""
    return inspect.isfunction(value) and next(iter(inspect.signature(value).parameters), "") == "self"
