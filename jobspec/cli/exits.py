"""Exit codes: one table for all commands."""

from __future__ import annotations

from enum import IntEnum

from jobspec.errors import (
    ConflictError,
    JobspecError,
    RefusedError,
    UnreachableError,
    UsageError,
)


class ExitCode(IntEnum):
    """What a command's end means; of several that hold, the first in this order is given."""

    USAGE = 64
    BUG = 70
    UNREACHABLE = 69
    FAILED = 1
    REFUSED = 3
    CONFLICT = 4
    PARTIAL = 5
    CHANGES = 2
    OK = 0
    INTERRUPTED = 130


def code_of(error: JobspecError) -> ExitCode:
    """Say which code an error that ends a command means."""
    match error:
        case UsageError():
            return ExitCode.USAGE
        case UnreachableError():
            return ExitCode.UNREACHABLE
        case RefusedError():
            return ExitCode.REFUSED
        case ConflictError():
            return ExitCode.CONFLICT
        case _:
            return ExitCode.FAILED
