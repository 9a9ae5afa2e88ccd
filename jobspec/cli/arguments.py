"""Values on the command line: JSON as it is typed, from a file or from stdin, and lengths of time."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from jobspec.errors import UsageError

if TYPE_CHECKING:
    from datetime import timedelta

MAX_BYTES: Final = 64 << 20
"""How much is read; far more than a server takes (its limit for one payload is 2 MiB)."""

_MOST_DIGITS: Final = 1000


def read_json(text: str, option: str) -> Any:
    """Read a value that somebody gave.

    Args:
        text: JSON; `@file` for the file's content, `@-` for stdin's.
        option: How the value was given, for messages.

    Raises:
        UsageError: It is no JSON, or there is no such file.
    """
    if not text.startswith("@"):
        return _parse(text, option)
    return _parse(_read(text[1:], option), f"{option} {text}")


def _read(name: str, option: str) -> str:
    if not name:
        raise UsageError(f"{option}: name a file after `@`, or `@-` for stdin")
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{option}: cannot read `{name}`: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{option}: `{name}` has more than the {MAX_BYTES:,} bytes that are read")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{option}: `{name}` is not UTF-8") from error


def _parse(text: str, option: str) -> Any:
    try:
        return json.loads(text, parse_int=_read_integer, parse_constant=_refuse, object_pairs_hook=_refuse_duplicates)
    except RecursionError as error:
        raise UsageError(f"{option}: this is nested too deeply") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if "\n" in text else f"column {error.colno}"
        raise UsageError(f"{option}: this is no JSON, {error.msg.lower()} at {place}{_advise(text)}") from error
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def _advise(text: str) -> str:
    """Say how to write what was probably meant: the shell takes the quotes of a text, and `-` is stdin elsewhere."""
    word = text.strip()
    if word == "-":
        return "; write `@-` for stdin"
    return f"; a text needs quotes that the shell leaves, as '\"{word}\"'" if word.isalnum() else ""


def _read_integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits, which nothing takes")
    return int(digits)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"JSON has no `{name}`")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key `{twice}` is there twice")
    return found


def read_duration(_context: click.Context, _parameter: click.Parameter, text: str) -> timedelta:
    """Read a length of time such as `90s`; a callback of click's options.

    Raises:
        BadParameter: It is none.
    """
    from jobspec.timing.duration import DurationError, parse_duration

    try:
        return parse_duration(text)
    except DurationError as error:
        raise click.BadParameter(str(error)) from error
