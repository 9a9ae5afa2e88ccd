"""The command line: arguments, wiring, exit codes."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and end the process with the code that it means.

    The process ends by `os._exit`: once temporalio has made a call, its threads can crash or hang the interpreter's
    shutdown and so falsify the exit code (temporalio/sdk-python#300).
    """
    _open_closed_streams()
    from jobspec.cli.group import run

    end_process(run(sys.argv[1:]))


def _open_closed_streams() -> None:
    """Put the null device where a standard stream is closed, which Python shows as None."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  open to the end


def end_process(code: int) -> NoReturn:
    """Flush what was written and end, without the interpreter's shutdown."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it is gone; the code still counts
            stream.flush()
    os._exit(code)
