"""Whether the values of a job can be sent as JSON, which is all that other SDKs and Temporal's UI can read.

In files only such values can be written; in code an input may hold anything, and what cannot be sent would be found out
by the first run, or by nobody.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydantic import BaseModel

from jobspec.spec.run_options import RunOptions
from jobspec.spec.validation import Problem, limit, say_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.spec.positions import ValuePath

DEEPEST: Final = 100
"""More than the 64 levels that a file may have, and less than what pydantic writes."""


def check_payloads(values: Mapping[str, Any], *, own_converter: bool = False) -> Iterator[Problem]:
    """Check what of a job is sent as payloads: `input`, `args` and `run.memo`.

    Args:
        values: By the keys of a spec; what is left out is not there.
        own_converter: Whether another converter than the Pydantic one sends them, which may know other classes.
    """
    parts: list[tuple[ValuePath, Any]] = [((key,), values[key]) for key in ("input", "args") if key in values]
    for path, value in (*parts, (("run", "memo"), _memo_of(values.get("run")))):
        yield from limit(_check(value, path, (), own_converter=own_converter), path)


def copy_payloads(values: Mapping[str, Any]) -> dict[str, Any]:
    """Copy what of a job is sent, so that nobody who keeps a list or a model of it changes the job.

    Args:
        values: By the keys of a spec, as `check_payloads` found nothing wrong with them.
    """
    copied = {key: _copy(value) if key in ("input", "args") else value for key, value in values.items()}
    run, memo = values.get("run"), _copy(_memo_of(values.get("run")))
    if memo and isinstance(run, RunOptions):
        copied["run"] = run.model_copy(update={"memo": memo})
    elif memo and isinstance(run, Mapping):
        copied["run"] = {**run, "memo": memo}
    return copied


def _memo_of(run: Any) -> Any:
    """Find the memo among the options, which may be given as a mapping as well."""
    return run.get("memo", {}) if isinstance(run, Mapping) else getattr(run, "memo", {})


def _copy(value: Any) -> Any:
    is_model = isinstance(value, BaseModel) or (is_dataclass(value) and not isinstance(value, type))
    if is_model or isinstance(value, set | deque | bytearray):
        return _copy_object(value)
    if isinstance(value, Mapping):  # any kind is the same JSON
        return {key: _copy(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return (tuple if isinstance(value, tuple) else list)(map(_copy, value))
    return value


def _copy_object(value: Any) -> Any:
    try:
        return deepcopy(value)
    except Exception:  # noqa: BLE001  what a model keeps beside its fields may be anything, such as a lock
        return copy(value)


def _check(value: Any, path: ValuePath, above: tuple[int, ...], *, own_converter: bool) -> Iterator[Problem]:
    if isinstance(value, Mapping | list | tuple):
        yield from _check_inside(value, path, above, own_converter=own_converter)
    elif isinstance(value, float) and not math.isfinite(value):
        yield _refuse(path, f"is `{value}`, and JSON has finite numbers only")
    elif isinstance(value, str) and not value.isascii() and _is_broken(value):
        yield _refuse(path, "is no Unicode text, for it has half a surrogate pair")
    elif value is not None and not isinstance(value, str | int | float) and not own_converter:
        yield from _check_object(value, path)


def _is_broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _check_inside(
    value: Mapping[Any, Any] | Sequence[Any], path: ValuePath, above: tuple[int, ...], *, own_converter: bool
) -> Iterator[Problem]:
    if id(value) in above:
        yield _refuse(path, "contains itself, which JSON cannot")
    elif len(above) == DEEPEST:
        yield _refuse(path[:1], f"is nested deeper than {DEEPEST} levels")
    else:
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _check(inner, (*path, key), (*above, id(value)), own_converter=own_converter)


def _check_object(value: Any, path: ValuePath) -> Iterator[Problem]:
    """Try to send an object, such as a model, as the Pydantic converter does."""
    from temporalio.contrib.pydantic import pydantic_data_converter

    try:
        for payload in pydantic_data_converter.payload_converter.to_payloads([value]):
            if payload.metadata.get("encoding", b"").startswith(b"json/"):
                json.loads(payload.data, parse_constant=_refuse_constant)
    except Exception as error:  # noqa: BLE001  serializers are user code and may raise anything
        yield _refuse(path, f"cannot be written as JSON: {' '.join(str(error).split())}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds `{name}`, and JSON has finite numbers only")


def _refuse(path: ValuePath, why: str) -> Problem:
    return Problem(path=path, code="JS326", message=f"`{say_path(path)}` {why}")
