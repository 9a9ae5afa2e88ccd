"""How rules say what they find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobspec.diagnostics import Severity
from jobspec.spec.validation import Problem

if TYPE_CHECKING:
    from jobspec.spec.model import ScheduleSpec
    from jobspec.spec.positions import ValuePath


def warn(
    path: ValuePath,
    code: str,
    message: str,
    hint: str = "",
    *,
    other: ValuePath | None = None,
    span: tuple[int, int] | None = None,
) -> Problem:
    """Make a warning about a valid job.

    Args:
        path: The way to the value in the merged job.
        code: Of the rule.
        message: One sentence on what will happen and is rarely meant.
        hint: What to write instead.
        other: The way to the other one of two values that do not fit each other.
        span: Start and end of the part of a text that is meant.
    """
    return Problem(path=path, code=code, message=message, hint=hint, severity=Severity.WARNING, other=other, span=span)


def find_kind(schedule: ScheduleSpec) -> str:
    """Name the key that says when the job runs."""
    return next(kind for kind in ("interval", "cron", "calendar") if getattr(schedule, kind))
