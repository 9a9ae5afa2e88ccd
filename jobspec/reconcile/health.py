"""Whether the daemon works, and whether its work succeeds: what probes and the watchdog ask for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobspec.reconcile.report import Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from jobspec.reconcile.report import Report

WATCH_SECONDS = 60.0
"""How long the watch of the files may give no sign of life; it gives one about every second."""

STUCK_SECONDS = 300.0
"""How long nothing may move: a server that is gone is waited for half a minute, git and a slow disk not much longer."""

BEAT_SECONDS = 30.0
"""How often a daemon that waits says that it is there."""


@dataclass(slots=True, kw_only=True)
class Health:
    """What probes are told.

    Attributes:
        interval: Between two cycles.
        answered_at: Tells when Temporal answered for the last time; a long cycle that gets answers is not stuck.
        watch_alive_at: Tells when the watch of the files gave its last sign of life.
        clock: Seconds that never go back; that of the other two.
    """

    interval: timedelta
    answered_at: Callable[[], float]
    watch_alive_at: Callable[[], float]
    clock: Callable[[], float] = time.monotonic
    _moved_at: float = field(init=False)
    _completed_at: float = field(init=False)
    _is_busy: bool = False
    _problem: str = "the first cycle has not come to an end yet"

    def __post_init__(self) -> None:
        self._moved_at = self._completed_at = self.clock()

    def beat(self) -> None:
        """Take note that the daemon waits for its next cycle."""
        self._moved_at = self.clock()

    def begin(self) -> None:
        """Take note that a cycle begins."""
        self._moved_at = self.clock()
        self._is_busy = True

    def complete(self, report: Report) -> None:
        """Take note that a cycle has come to an end, well or not."""
        self._moved_at = self._completed_at = self.clock()
        self._is_busy = False
        is_well = report.result in (Result.CONVERGED, Result.PENDING)
        self._problem = "" if is_well else f"the last cycle could not do its work: {report.error or 'Temporal is gone'}"

    def find_death(self) -> str:
        """Say why this process should be started anew; empty where it should not.

        A server that is gone is no reason: a cycle that found that out has come to its end.
        """
        now = self.clock()
        still = now - max(self._moved_at, self.answered_at())
        if still > STUCK_SECONDS:
            return f"nothing has moved for {still:.0f} s"
        idle = now - self._completed_at
        if not self._is_busy and idle > 3 * self.interval.total_seconds() + STUCK_SECONDS:
            return f"no cycle has come to an end for {idle:.0f} s"
        silence = now - self.watch_alive_at()
        if silence > WATCH_SECONDS:
            return f"the watch of the files has given no sign of life for {silence:.0f} s"
        return ""

    def find_unreadiness(self) -> str:
        """Say why this daemon does not keep schedules equal to specs at present; empty where it does."""
        return self.find_death() or self._problem
