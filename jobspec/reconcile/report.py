"""What one cycle did, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from jobspec.errors import ProjectError
from jobspec.reconcile.live_cache import Look

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jobspec.diagnostics import Diagnostic
    from jobspec.errors import JobspecError
    from jobspec.planning.apply import Outcome
    from jobspec.planning.plan import Change
    from jobspec.planning.planner import Planned
    from jobspec.reconcile.spec_source import Reading


class Trigger(StrEnum):
    """What woke a cycle."""

    START = "start"
    INTERVAL = "interval"
    FILES = "files"
    SIGNAL = "signal"
    DRIFT = "drift"
    CONFIRMATION = "confirmation"
    RETRY = "retry"


class Cause(StrEnum):
    """Why a change that is needed is not made now."""

    GUARD = "guard"
    PRUNE_OFF = "prune-off"
    UNCONFIRMED = "unconfirmed"
    CONTENDED = "contended"
    DRY_RUN = "dry-run"


class Result(StrEnum):
    """How a cycle ended.

    `converged`: all that may be written is as the specs want it. `pending`: some of it is not, for something failed or
    waits. `failed`: nothing could be decided. `unreachable`: Temporal could not be reached.
    """

    CONVERGED = "converged"
    PENDING = "pending"
    FAILED = "failed"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A change that is needed and not made now.

    Attributes:
        change: The change.
        cause: Why, as one word.
        message: Why, as a sentence.
        until: When it may be made, in seconds of the clock of `time.monotonic`; None where that depends on others.
    """

    change: Change
    cause: Cause
    message: str
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one cycle did.

    Attributes:
        trigger: What woke it.
        started_at: When it began.
        seconds: How long it took.
        plan_seconds: How long it took until the plan was there; None where it did not get that far.
        result: How it ended.
        error: What ended it early.
        reading: What was read; None where the files could not be used.
        planned: What was planned; None where it did not get that far.
        look: What reading the live side cost.
        outcomes: What became of the changes that were tried.
        withheld: The changes that were not tried, by name.
        unconfirmed: Whether a second look at the files is needed before jobs may go.
    """

    trigger: Trigger
    started_at: datetime
    seconds: float = 0.0
    plan_seconds: float | None = None
    result: Result = Result.CONVERGED
    error: JobspecError | None = None
    reading: Reading | None = None
    planned: Planned | None = None
    look: Look = field(default_factory=Look)
    outcomes: tuple[Outcome, ...] = ()
    withheld: Mapping[str, Withheld] = field(default_factory=dict)
    unconfirmed: bool = False

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...] | None:
        """Mistakes and warnings in the files, those of `jobspec.toml` included; None where the files were not read."""
        if isinstance(self.error, ProjectError):
            return self.error.diagnostics
        return self.reading.loaded.diagnostics if self.reading else None
