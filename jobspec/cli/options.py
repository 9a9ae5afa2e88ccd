"""Options that several commands share, and how values on the command line are read."""

from __future__ import annotations

import functools
import json
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast

import click

from jobspec.cli.completion import complete_environments
from jobspec.errors import UsageError
from jobspec.timing.duration import DurationError, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

PLAN_OUTPUTS = ("text", "json", "markdown", "github")
"""The forms of a plan."""

MAX_BYTES: Final = 64 << 20
"""How much is read; far more than a server takes (its limit for one payload is 2 MiB)."""

_MOST_DIGITS: Final = 1000

Command = TypeVar("Command", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """Where Temporal is; what is None comes from Temporal's own environment configuration."""

    profile: str | None = None
    address: str | None = None
    namespace: str | None = None


def connection_options(command: Command) -> Command:
    """Add `--profile`, `--address` and `--namespace`."""
    for decorate in (
        click.option("--namespace", metavar="NAME", help="Temporal namespace."),
        click.option("--address", metavar="HOST:PORT", help="Temporal server."),
        click.option("--profile", metavar="NAME", help="Profile of Temporal's own temporal.toml."),
    ):
        command = decorate(command)
    return command


def env_option(command: Command) -> Command:
    """Add `--env`."""
    return click.option(
        "--env",
        "environment",
        metavar="NAME",
        help="Environment whose overlay is merged; needed once one is declared.",
        shell_complete=complete_environments,
    )(command)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOptions:
    """Which specs a command is about, and where Temporal is.

    Attributes:
        environment: As given by `--env`.
        connection: As given by the other options.
    """

    environment: str | None
    connection: ConnectionOptions

    @property
    def given(self) -> dict[str, str | None]:
        """The values as they were given, by option."""
        connection = self.connection
        return {
            "--env": self.environment,
            "--profile": connection.profile,
            "--address": connection.address,
            "--namespace": connection.namespace,
        }


def target_options(command: Command) -> Command:
    """Add `--env` and the options for the connection; the command gets them as its argument `target`."""

    @env_option
    @connection_options
    @functools.wraps(command)
    def with_target(
        *, environment: str | None, profile: str | None, address: str | None, namespace: str | None, **others: Any
    ) -> Any:
        connection = ConnectionOptions(profile=profile, address=address, namespace=namespace)
        return command(target=TargetOptions(environment=environment, connection=connection), **others)

    return cast("Command", with_target)


def output_option(*kinds: str) -> Callable[[Command], Command]:
    """Add `--output` with the given kinds, the first of which is the default."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice(kinds),
        default=kinds[0],
        show_default=True,
        help="Form of what goes to stdout.",
    )


def plan_options(command: Command) -> Command:
    """Add what `plan` and `apply` share."""
    for decorate in (
        click.option("--show-input", is_flag=True, help="Show inputs in clear although a codec is configured."),
        click.option(
            "--allow",
            "allowed",
            metavar="GUARD",
            multiple=True,
            help="Let a guard pass: `empty`, or `deletes=N` for up to N jobs that go.",
        ),
    ):
        command = decorate(command)
    return command


def read_json(text: str, option: str) -> Any:
    """Read a value that somebody gave.

    Args:
        text: JSON; `@file` for the file's content, `@-` for stdin's.
        option: How the value was given, for messages.

    Raises:
        UsageError: The text is not JSON, or there is no such file.
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
    try:
        return parse_duration(text)
    except DurationError as error:
        raise click.BadParameter(str(error)) from error
