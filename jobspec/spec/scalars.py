"""The values that stand in many places of a spec: names, import paths, durations.

Each type judges a value as it was written and says in a person's words what is wrong with it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from jobspec.spec.frozen_model import kind_of, mistake, suggest_quotes
from jobspec.spec.positions import quote
from jobspec.timing.duration import DurationError, parse_duration

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}"
"""Job names and workflow ids; the server would take nearly anything, also what no shell or URL can carry."""

LONGEST_TIMEOUT = timedelta(days=36500)
"""The server cuts longer workflow timeouts to this (common/util.go, `MaxDuration` of 100 years)."""

LONGEST_QUEUE_OR_TYPE = 1000
"""Bytes; the server's limit for task queues and workflow types (`limit.maxIDLength`)."""


def _check_text(value: Any, what: str, longest: int) -> str:
    if not isinstance(value, str):
        raise mistake("JS110", f"{what} must be text, not {kind_of(value)}", suggest_quotes(value))
    if not value.strip() or value != value.strip():
        raise mistake("JS203", f"{what} must not be empty, nor begin or end with a space")
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise mistake("JS203", f"{what} must not hold control characters such as newlines")
    if len(value.encode()) > longest:
        raise mistake("JS203", f"{what} is longer than {longest} bytes, the most the server takes")
    return value


def _identifier(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise mistake("JS110", f"{what} must be text, not {kind_of(value)}", suggest_quotes(value))
    if not re.fullmatch(NAME_PATTERN, value, re.ASCII):
        raise mistake(
            "JS201",
            f"{what} {quote(value)} is not allowed",
            "use 1 to 200 letters, digits and . _ : / -, beginning with a letter or digit",
        )
    return value


def _job_name(value: Any) -> str:
    return _identifier(value, "the name")


def _workflow_id(value: Any) -> str:
    return _identifier(value, "the workflow id")


def _queue(value: Any) -> str:
    text = _check_text(value, "the task queue", LONGEST_QUEUE_OR_TYPE)
    if text.startswith("/_sys/"):
        raise mistake("JS203", "a task queue must not begin with `/_sys/`, which Temporal keeps for itself")
    return text


def _workflow_type(value: Any) -> str:
    return _check_text(value, "the workflow type", LONGEST_QUEUE_OR_TYPE)


def check_import_path(value: Any) -> str:
    """Read an import path, or say in a person's words why it is none."""
    if not isinstance(value, str):
        raise mistake("JS110", f"an import path must be text, not {kind_of(value)}")
    module, colon, attribute = value.partition(":")
    if not colon:
        package, _, last = value.rpartition(".")
        hint = f"write `{package}:{last}`" if package and last else "write it as `package.module:Name`"
        raise mistake("JS202", f"the import path {quote(value)} has no `:` between module and name", hint)
    if not (_is_dotted(module) and _is_dotted(attribute)):
        raise mistake("JS202", f"{quote(value)} is no import path", "write it as `package.module:Name`")
    return value


@lru_cache(maxsize=1024)
def _is_dotted(name: str) -> bool:
    """Whether a name is identifiers with dots between; jobs share modules and classes."""
    return all(part.isidentifier() for part in name.split("."))


def check_duration(value: Any) -> timedelta:
    """Read a duration of a spec, or say in a person's words why it is none."""
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise mistake("JS210", "a duration cannot be negative")
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise mistake(
            "JS210", f"`{value}` has no unit", f"write `{value}s` if seconds are meant, or `5m`, `1h30m`, `2d`"
        )
    if not isinstance(value, str):
        raise mistake("JS210", f"a duration must be text such as `90s`, not {kind_of(value)}")
    try:
        return parse_duration(value)
    except DurationError as error:
        raise mistake("JS210", str(error), "write it as `90s`, `5m`, `1h30m`, `500ms` or `2d`") from error


def _positive_duration(value: Any) -> timedelta:
    duration = check_duration(value)
    if not duration:
        raise mistake("JS211", "this duration must be longer than zero", "leave it out to have no limit")
    return duration


def _timeout(value: Any) -> timedelta:
    duration = _positive_duration(value)
    if duration > LONGEST_TIMEOUT:
        raise mistake("JS211", "the server cuts timeouts longer than 100 years", "leave it out to have no timeout")
    return duration


def as_list(value: Any) -> Any:
    """Let one entry stand for a list of one, as the file format does."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def as_tuple(value: Any) -> Any:
    """Freeze a list; anything else is left to be judged."""
    return tuple(value) if isinstance(value, list) else value


DURATION_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w)",
        "examples": ["90s", "5m", "1h30m", "2d"],
    }
)
_NAME_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN}$", "examples": ["orders-sync"]})
_IMPORT_PATH_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^[^:\s]+:[^:\s]+$"})
_TEXT_SCHEMA = WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_QUEUE_OR_TYPE})

JobName = Annotated[str, BeforeValidator(_job_name), _NAME_SCHEMA]
WorkflowId = Annotated[str, BeforeValidator(_workflow_id), _NAME_SCHEMA]
TaskQueue = Annotated[str, BeforeValidator(_queue), _TEXT_SCHEMA]
WorkflowType = Annotated[str, BeforeValidator(_workflow_type), _TEXT_SCHEMA]
ImportPath = Annotated[str, BeforeValidator(check_import_path), _IMPORT_PATH_SCHEMA]
PositiveDuration = Annotated[timedelta, BeforeValidator(_positive_duration), DURATION_SCHEMA]
Timeout = Annotated[timedelta, BeforeValidator(_timeout), DURATION_SCHEMA]
