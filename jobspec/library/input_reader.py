"""The reader of an input's type: whether a value fits it, judged as a worker's converter will judge."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from jobspec.diagnostics import Severity
from jobspec.imports import divert_stdout
from jobspec.library.input_errors import UNKNOWN_KEY, Judged, did_you_mean, say_mismatches
from jobspec.spec.validation import Problem, find_path, limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.spec.positions import ValuePath

_MISSING = object()

_CAN_FORBID_UNKNOWN_KEYS = "extra" in inspect.signature(TypeAdapter.validate_json).parameters
"""Older pydantic cannot report which keys a model ignores; the warning is then left out."""


class UnreadableTypeError(Exception):
    """pydantic cannot handle the type.

    Args:
        message: Why.
        hint: What to write instead; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads JSON into one type.

    Attributes:
        label: How to name the type in a message, such as "`shop.models:OrdersInput`".
        type: The type.
        adapter: What reads it.
    """

    label: str
    type: Any
    adapter: TypeAdapter[Any] = field(compare=False)

    def check(self, value: Any, path: ValuePath, code: str) -> Iterator[Problem]:
        """List where a value does not fit.

        Args:
            value: Anything that can be written as JSON, or whatever else pydantic can write.
            path: Where the value stands in the job.
            code: The code for what does not fit.
        """
        try:
            text = to_json(value)
        except ValueError as error:  # pydantic's own among them
            yield Problem(path=path, code="JS326", message=f"the value cannot be written as JSON: {error}")
            return
        try:
            read = self._read(text)
        except ValidationError as error:
            plain = from_json(text)
            judged = Judged(
                value=plain,
                path=path,
                code=code,
                label=self.label,
                names=_field_names(self.type),
                unknown=self._unknown_keys(text, plain),
            )
            yield from limit(say_mismatches(error.errors(include_url=False), judged), path)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  validators are user code and may raise anything
            message = f"{self.label} cannot read this: {type(error).__name__}: {' '.join(str(error).split())}"
            yield Problem(path=path, code=code, message=message)
        else:
            yield from self._ignored(text, read, path)

    def read(self, value: Any) -> Any:
        """Read a value that fits.

        Raises:
            ValidationError: It does not; `check` says where.
        """
        return self._read(to_json(value))

    def changes(self, value: Any) -> bool:
        """Whether reading a value that fits gives anything but the same plain JSON."""
        text = to_json(value)
        read, plain = self._read(text), from_json(text)
        return type(read) is not type(plain) or read != plain

    def _read(self, text: bytes, **options: Any) -> Any:
        with divert_stdout():  # validators may print, and stdout is for data
            return self.adapter.validate_json(text, **options)

    def _ignored(self, text: bytes, read: Any, path: ValuePath) -> Iterator[Problem]:
        for key, owner, where in self._ignored_keys(text, read):
            yield Problem(
                path=path + where,
                code="JS324",
                message=f"{self.label} has no `{key}` and ignores it",
                hint=did_you_mean(key, _field_names(type(owner))) or "leave it out",
                severity=Severity.WARNING,
                on_key=True,
            )

    def _unknown_keys(self, text: bytes, plain: Any) -> list[ValuePath]:
        """Find the keys of a value that does not fit which the type does not have."""
        if not _CAN_FORBID_UNKNOWN_KEYS:
            return []
        try:
            self._read(text, extra="forbid")
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            return [find_path(each["loc"], plain) for each in errors if each["type"] in UNKNOWN_KEY]
        except Exception:  # noqa: BLE001  validators are user code, and the mistake itself is told already
            return []
        return []

    def _ignored_keys(self, text: bytes, read: Any) -> Iterator[tuple[str | int, Any, ValuePath]]:
        if not _CAN_FORBID_UNKNOWN_KEYS:
            return
        try:
            self._read(text, extra="forbid")
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            if any(each["type"] not in UNKNOWN_KEY for each in errors):
                return  # something else depends on the keys being let through
            plain = from_json(text)
            for each in errors:
                owner, key = _follow(read, each["loc"][:-1]), each["loc"][-1]
                if not _keeps(owner, key):
                    yield key, owner, find_path(each["loc"], plain)


def make_reader(annotation: Any, label: str) -> Reader:
    """Make what reads a type.

    Raises:
        UnreadableTypeError: pydantic cannot validate it; says why.
    """
    try:
        adapter = TypeAdapter(annotation)
        adapter.rebuild()  # raises where a name in an annotation is not defined
        return Reader(label=label, type=annotation, adapter=adapter)
    except PydanticSchemaGenerationError as error:
        raise UnreadableTypeError("it is no type that pydantic knows") from error
    except PydanticUserError as error:
        if error.code == "typed-dict-version":
            message = "pydantic cannot read a `typing.TypedDict` on Python below 3.12"
            raise UnreadableTypeError(message, "import `TypedDict` from `typing_extensions`") from error
        said = str(error.message).splitlines()[0].removesuffix(".")
        raise UnreadableTypeError(said[:1].lower() + said[1:]) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Annotations and validators are user code too, and run while the schema is built.
        raise UnreadableTypeError(f"{type(error).__name__}: {' '.join(str(error).split())}") from error


def _follow(value: Any, loc: Sequence[str | int]) -> Any:
    """Follow pydantic's location into a value that was read; steps that name a member of a union are skipped."""
    for key in loc:
        inner = _step(value, key)
        value = value if inner is _MISSING else inner
    return value


def _step(value: Any, key: str | int) -> Any:
    match value:
        case Mapping():
            return value.get(key, _MISSING)
        case list() | tuple():
            return value[key] if isinstance(key, int) and key < len(value) else _MISSING
        case BaseModel():
            known = type(value).model_fields.items()
            name = next((name for name, field in known if key in (name, field.alias, field.validation_alias)), None)
            return getattr(value, name, _MISSING) if name else _MISSING
        case _:
            return getattr(value, key, _MISSING) if isinstance(key, str) and is_dataclass(value) else _MISSING


def _keeps(owner: Any, key: str | int) -> bool:
    """Whether what was read holds an unknown key, as models with `extra="allow"` do."""
    if isinstance(owner, BaseModel):
        return key in (owner.model_extra or {})
    if isinstance(owner, Mapping):
        return key in owner
    return not is_dataclass(owner) or hasattr(owner, str(key))


def _field_names(annotation: Any) -> tuple[str, ...]:
    if not inspect.isclass(annotation):
        return ()
    if issubclass(annotation, BaseModel):
        return tuple(field.alias or name for name, field in annotation.model_fields.items())
    if is_dataclass(annotation):
        return tuple(field.name for field in fields(annotation))
    return tuple(getattr(annotation, "__required_keys__", ())) + tuple(getattr(annotation, "__optional_keys__", ()))
