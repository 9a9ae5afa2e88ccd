"""When the next cycle is due, and why."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobspec.planning.apply import WriteStatus
from jobspec.reconcile.report import Result, Trigger

if TYPE_CHECKING:
    from jobspec.reconcile.report import Report
    from jobspec.reconcile.settings import DaemonSettings

_JITTER = 0.1
"""How far an interval is off, so that many daemons do not keep in step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """The reason for a cycle.

    Attributes:
        trigger: The reason, as one word.
        is_full: Whether it reads all of what is live, and every file.
    """

    trigger: Trigger
    is_full: bool


@dataclass(slots=True, kw_only=True)
class Debounce:
    """Waits for quiet, but not for ever: who writes all the time must not keep his changes from being read.

    Times are seconds of any clock that never goes back.

    Attributes:
        quiet: How long nothing may have changed.
        patience: The longest wait after the first change.
    """

    quiet: float
    patience: float
    _first: float | None = None
    _last: float = 0.0

    @property
    def due_at(self) -> float | None:
        """When the changes are to be read; None where there are none."""
        return None if self._first is None else min(self._last + self.quiet, self._first + self.patience)

    def note(self, now: float) -> None:
        """Take a change into account."""
        self._first = now if self._first is None else self._first
        self._last = now

    def clear(self) -> None:
        """Begin anew: all changes up to now are about to be read."""
        self._first = None


@dataclass(slots=True, kw_only=True)
class Triggers:
    """What is to come. Times are seconds of any clock that never goes back.

    Attributes:
        settings: How to work.
        debounce: Changes of files.
        is_signalled: Whether somebody asked for a cycle.
        has_drift: Whether the sweep found something changed.
        is_away: Whether Temporal could not be reached; until the next attempt nothing but a signal makes a cycle.
    """

    settings: DaemonSettings
    debounce: Debounce
    is_signalled: bool = False
    has_drift: bool = False
    is_away: bool = False
    _full_at: float = 0.0
    _retry_at: float | None = None
    _confirm_at: float | None = None
    _failures: int = 0
    _owes_full: bool = False

    def find_due(self, now: float) -> Wake | None:
        """Say which cycle is due; None for none."""
        if self.is_signalled:
            return Wake(trigger=Trigger.SIGNAL, is_full=True)
        if self.is_away:
            return Wake(trigger=Trigger.RETRY, is_full=True) if _is_over(self._retry_at, now) else None
        if now >= self._full_at:
            return Wake(trigger=Trigger.INTERVAL, is_full=True)
        partial = (
            (Trigger.FILES, _is_over(self.debounce.due_at, now)),
            (Trigger.DRIFT, self.has_drift),
            (Trigger.CONFIRMATION, _is_over(self._confirm_at, now)),
            (Trigger.RETRY, _is_over(self._retry_at, now)),
        )
        return next((Wake(trigger=trigger, is_full=self._owes_full) for trigger, is_due in partial if is_due), None)

    def find_next(self) -> float:
        """Say when the next cycle will be due as far as is known now."""
        if self.is_away:
            return self._retry_at or 0.0
        times = (self._full_at, self.debounce.due_at, self._confirm_at, self._retry_at)
        return min(time for time in times if time is not None)

    def begin(self) -> None:
        """Take note that a cycle begins, which reads all that has changed up to now."""
        self.debounce.clear()
        self.is_signalled = self.has_drift = False
        self._confirm_at = self._retry_at = None

    def complete(self, report: Report, now: float, *, is_full: bool) -> None:
        """Plan from how a cycle has ended."""
        self.is_away = report.result is Result.UNREACHABLE
        if is_full:
            self._full_at = now + self._choose_interval()
            self._owes_full = report.planned is None
        if report.unconfirmed:
            self._confirm_at = now + self.settings.delays.confirm
        if has_failed(report):
            self._retry_at = now + self._back_off()
        else:
            self._failures = 0
        self._note_contended(report)

    def fail(self, now: float) -> None:
        """Plan from a sweep that did not reach Temporal."""
        self.is_away = True
        self._retry_at = now + self._back_off()

    def _note_contended(self, report: Report) -> None:
        releases = [withheld.until for withheld in report.withheld.values() if withheld.until is not None]
        if releases:
            self._retry_at = min([*releases, *(time for time in (self._retry_at,) if time is not None)])

    def _choose_interval(self) -> float:
        return self.settings.interval.total_seconds() * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  no secret

    def _back_off(self) -> float:
        """Choose how long to wait after one more failure: twice as long each time, less a random part."""
        delays = self.settings.delays
        longest = min(delays.first_retry * 2.0**self._failures, delays.longest_retry)
        self._failures = min(self._failures + 1, 30)
        return random.uniform(longest / 2, longest)  # noqa: S311  no secret


def _is_over(time: float | None, now: float) -> bool:
    return time is not None and now >= time


def has_failed(report: Report) -> bool:
    """Whether a cycle left something undone that another try may mend."""
    is_undone = any(outcome.status not in (WriteStatus.DONE, WriteStatus.UNCHANGED) for outcome in report.outcomes)
    return is_undone or report.look.failed > 0 or report.result in (Result.FAILED, Result.UNREACHABLE)
