"""Exit codes: one table for all commands."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from jobspec.errors import (
    ConflictError,
    JobspecError,
    RefusedError,
    UnreachableError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Collection


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


def code_of_failures(failures: Collection[JobspecError], *, done: int) -> ExitCode:
    """Say what it means that some of several independent things failed.

    Args:
        failures: Why.
        done: How many were done.
    """
    if not failures:
        return ExitCode.OK
    if done:
        return ExitCode.PARTIAL
    codes = {code_of(error) for error in failures}
    return next(code for code in ExitCode if code in codes)
