"""The command group, and the one place where errors become messages and exit codes.

A command's module is imported only when that command runs, so that `--help` and
shell completion stay quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from jobspec.cli.exits import ExitCode, code_of_error, code_of_unwritten
from jobspec.cli.output import find_style, say, say_diagnostics, say_error, tell_unwritten
from jobspec.errors import JobspecError, ProjectError, RunFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence


COMMANDS = {
    "init": ("init", "Write a new project, or prepare a namespace."),
    "validate": ("validate", "Check the spec files, their import paths and inputs."),
    "plan": ("plan", "Show what apply would do."),
    "apply": ("apply", "Make the live schedules equal to the specs."),
    "reconcile": ("reconcile", "Keep the live schedules equal to the specs: a daemon."),
    "worker": ("worker", "Run the jobs of the specs."),
    "dev": ("dev", "Run it all on an embedded Temporal server."),
    "next": ("next", "Show when jobs run next."),
    "calendar": ("next", "Show how many runs start when: a heat map."),
    "run": ("run", "Start a run of a job, and wait for it."),
    "runs": ("runs", "List the runs of a job."),
    "describe": ("runs", "Show all about one run."),
    "history": ("runs", "Show what happened in one run."),
    "stats": ("runs", "Count runs by state."),
    "signal": ("control", "Send a signal to a run."),
    "query": ("control", "Ask a run something."),
    "cancel": ("control", "Ask a run to end."),
    "terminate": ("control", "End a run at once."),
    "status": ("status", "Show how all jobs stand."),
    "pause": ("schedules", "Pause the schedules of jobs."),
    "resume": ("schedules", "Let paused schedules go on."),
    "trigger": ("schedules", "Have the schedules of jobs start a run now."),
    "backfill": ("schedules", "Start the runs of a time that is over."),
    "adopt": ("adopt", "Take over schedules that this project does not own yet."),
    "forget": ("adopt", "Drop this project's mark from schedules and nothing else."),
    "schema": ("explain", "Print a JSON Schema for editors and programs."),
    "explain": ("explain", "Show a job as merged, with the place each value came from."),
    "rule": ("explain", "Explain a diagnostic's code."),
}
"""Name of the command, the module that holds it, and its line in `--help`."""

SECTIONS = {
    "Specs and schedules": ("init", "validate", "plan", "apply", "reconcile", "worker", "dev", "next", "calendar"),
    "Runs": ("run", "runs", "describe", "history", "stats", "signal", "query", "cancel", "terminate"),
    "Live schedules": ("status", "pause", "resume", "trigger", "backfill", "adopt", "forget"),
    "What jobspec knows": ("schema", "explain", "rule"),
}
"""Headings in `--help`, and the commands below each."""

_NAME_COLUMNS = max(map(len, COMMANDS))


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"jobspec.cli.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        for heading, names in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:{_NAME_COLUMNS}}", COMMANDS[name][1]) for name in names])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from difflib import get_close_matches

            nearest = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `{nearest[0]}`?" if nearest else " `jobspec --help` lists them."
            raise click.UsageError(f"There is no command `{args[0]}`.{hint}", ctx)
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - so calls click
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"jobspec {version('temporal-jobspec')}")
        ctx.exit()


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 fine, 1 mistakes or failures, 2 changes (plan --detailed-exitcode), 3 refused, 4 conflict, "
    "5 partly done, 64 usage, 69 Temporal unreachable, 70 bug.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def jobspec() -> None:
    """Temporal schedules as YAML and TOML files in git.

    Specs are validated, reviewed as a plan, and applied; what is live is kept equal to them.
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit code.
    """
    code = _run(arguments)
    return code_of_unwritten(code) if tell_unwritten() else code


def _run(arguments: Sequence[str]) -> ExitCode:
    if os.environ.get("JOBSPEC_DEBUG"):
        _log_bugs()
    try:
        code = jobspec.main(list(arguments), prog_name="jobspec", standalone_mode=False)
    except SystemExit:  # how click ends where the reader of its own output, such as help, is gone
        return ExitCode.OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  what nobody raises on purpose is our own fault
        _show_error(error)
        return code_of_error(error)
    return ExitCode(code or 0)


def _log_bugs() -> None:
    """Log to stderr what is only for whoever looks for a bug, such as the tracebacks of those that stopped nothing."""
    import logging

    from jobspec.render.traces import MaskedFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(MaskedFormatter())
    logging.basicConfig(handlers=[handler])
    logging.getLogger("jobspec").setLevel(logging.DEBUG)


def _show_error(error: BaseException) -> None:
    from io import StringIO

    match error:
        case click.ClickException():
            told = StringIO()
            error.show(told)
            say(told.getvalue())
        case click.Abort() | KeyboardInterrupt():
            say("Interrupted.")
        case JobspecError():
            _explain(error)
        case _:
            _confess(error)


def _explain(error: JobspecError) -> None:
    if isinstance(error, ProjectError) and error.diagnostics:
        say_diagnostics(error.diagnostics)
    say_error(error)
    if isinstance(error, RunFailedError) and error.failure:
        from jobspec.render.failure_text import render_failure

        say(render_failure(error.failure, find_style(sys.stderr), indent="  "))


def _confess(error: BaseException) -> None:
    from jobspec.render.traces import render_trace

    is_asked_for = bool(os.environ.get("JOBSPEC_DEBUG"))
    say(render_trace(error, lambda _: is_asked_for))
    more = "" if is_asked_for else "; JOBSPEC_DEBUG=1 adds what the exceptions say, which may quote values"
    say(f"This is a bug in jobspec. Please report it with the lines above{more}.")
