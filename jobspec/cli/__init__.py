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
    from jobspec.cli.commands import run

    end_process(run(sys.argv[1:]))


def end_process(code: int) -> NoReturn:
    """Flush what was written and end, without the interpreter's shutdown."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it is gone; the code still counts
            stream.flush()
    os._exit(code)
