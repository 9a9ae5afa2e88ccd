"""Options that several commands share, each said once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobspec.cli.completion import complete_environments

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN_OUTPUTS = ("text", "json", "markdown", "github")
"""The forms of a plan."""

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
