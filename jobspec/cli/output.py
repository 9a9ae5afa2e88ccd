"""Where text goes: data to stdout, everything else to stderr."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobspec.diagnostics import Diagnostic
    from jobspec.errors import JobspecError
    from jobspec.render.tables import Style


_unwritten: list[OSError] = []


def put(text: str) -> None:
    """Write data to stdout; neither that nobody reads it any more nor a full disk stops a command half way."""
    try:
        click.echo(text, nl=not text.endswith("\n"))
    except BrokenPipeError:
        pass
    except OSError as error:
        _unwritten.append(error)


def tell_unwritten() -> bool:
    """Say why data could not be written to stdout, such as for a full disk; returns whether that was so."""
    if not _unwritten:
        return False
    say(f"error: cannot write all data to stdout: {(_unwritten[0].strerror or str(_unwritten[0])).lower()}")
    _unwritten.clear()
    return True


def say(text: str) -> None:
    """Write a remark to stderr, secrets masked, as long as that can be written to."""
    from jobspec.secrets import mask

    with suppress(OSError):
        click.echo(mask(text, is_prose=True), err=True, nl=not text.endswith("\n"))


def say_error(error: JobspecError) -> None:
    """Write an error to stderr; it may quote what others wrote, so nothing in it may move the cursor."""
    from jobspec.render.terminal import escape

    say("\n".join(map(escape, f"error: {error}".split("\n"))))


def say_diagnostics(diagnostics: Iterable[Diagnostic], *, is_read_by_runner: bool = False) -> None:
    """Write diagnostics to stderr.

    Args:
        diagnostics: Any.
        is_read_by_runner: Whether GitHub's runner looks for workflow commands in what is written.
    """
    from jobspec.render.diagnostic_text import render_diagnostics

    text = render_diagnostics(diagnostics, color=wants_color(sys.stderr))
    if text and is_read_by_runner:
        from jobspec.render.annotations import defuse

        text = defuse(text)
    if text:
        say(text)


def wants_color(stream: TextIO) -> bool:
    """Whether to color: only a terminal, and never where NO_COLOR is set (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_ascii_only(stream: TextIO) -> bool:
    """Whether the stream cannot carry arrows and boxes."""
    try:
        "→".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def find_style(stream: TextIO | None = None) -> Style:
    """Say what a stream can show; stdout where none is given."""
    from jobspec.render.tables import Style

    stream = stream or sys.stdout
    columns = shutil.get_terminal_size().columns if stream.isatty() else None
    return Style(width=columns, ascii=is_ascii_only(stream), color=wants_color(stream))


def width() -> int:
    """How wide a line may be, in characters; wide where nobody looks."""
    return shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 120
