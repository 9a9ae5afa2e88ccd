"""The daemon: one cycle after the other, and between them the sweep, until somebody tells it to stop."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from jobspec.errors import JobspecError, report_bug
from jobspec.reconcile.contention import Contention
from jobspec.reconcile.cycle import Cycle, Memory
from jobspec.reconcile.event_log import EventLog
from jobspec.reconcile.health import BEAT_SECONDS, Health
from jobspec.reconcile.logs import log, logger
from jobspec.reconcile.metrics import Metrics
from jobspec.reconcile.published_status import PublishedStatus
from jobspec.reconcile.report import Report, Result, Trigger
from jobspec.reconcile.spec_source import SpecSource
from jobspec.reconcile.sweep import Sweep
from jobspec.reconcile.systemd import Supervisor
from jobspec.reconcile.triggers import Debounce, Triggers, Wake
from jobspec.reconcile.watch import Watch
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from temporalio.client import Client

    from jobspec.planning.apply import Outcome
    from jobspec.reconcile.settings import DaemonSettings

FAREWELL_SECONDS: Final = 8.0
"""How long the writes in hand may take after the daemon was told to stop."""


class Daemon:
    """Keeps the live schedules of one project equal to its files.

    Args:
        directory: Of the project.
        settings: How to work.
        roots: The spec directories, as far as known at the start.
        project_file: Where `jobspec.toml` is; default: where the first cycle finds it.
        connect: Connects to the namespace; it is asked again as long as it fails with a `JobspecError`.
        version: Of jobspec, to show.

    Attributes:
        memory: What one cycle hands to the next.
        watch: Of the files.
        health: What probes are told.
        status: What there is to show.
        metrics: The same for Prometheus.
    """

    def __init__(
        self,
        directory: Path,
        settings: DaemonSettings,
        *,
        roots: Iterable[Path],
        project_file: Path | None = None,
        connect: Callable[[], Awaitable[Client]],
        version: str,
    ) -> None:
        delays, now = settings.delays, time.monotonic()
        self.memory = Memory(
            files=SpecSource(
                directory,
                settings.environment,
                confirm_after=delays.confirm,
                git_patience=delays.lock,
                project_file=project_file,
            ),
            contention=Contention(
                window=settings.window, first_wait=delays.contended, longest_wait=delays.longest_contended
            ),
        )
        files = [project_file] if project_file else []
        self.watch = Watch(
            roots,
            files,
            directory=project_file.parent if project_file else directory,
            changed=self._note_change,
            say=_warn,
            pace=settings.watch_pace,
        )
        self.health = Health(
            interval=settings.interval, answered_at=self._answered_at, watch_alive_at=lambda: self.watch.alive_at
        )
        self.status = PublishedStatus(
            version=version, started_at=datetime.now(UTC), settings=settings, watch=self.watch, health=self.health
        )
        self.metrics = Metrics(version)
        self._settings = settings
        self._connect_anew = connect
        self._event_log = EventLog()
        self._supervisor = Supervisor()
        self._triggers = Triggers(settings=settings, debounce=Debounce(quiet=delays.quiet, patience=delays.patience))
        self._sweep = Sweep(period=settings.sweep.total_seconds(), at=now)
        self._schedules: Schedules | None = None
        self._cycle: Cycle | None = None
        self._poke = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until told to stop; the writes in hand are finished then, no others begun.

        Args:
            stop: Set it to end.
        """
        helpers = [asyncio.create_task(each) for each in (self.watch.run(), self._poke_at(stop), self._feed_watchdog())]
        helpers[0].add_done_callback(_tell_death)
        log(logging.INFO, f"jobspec {self.status.version} keeps schedules equal to {self.memory.files.directory}")
        self._supervisor.ready()  # that it serves and watches; whether Temporal is there is for /readyz to say
        try:
            wake: Wake | None = Wake(trigger=Trigger.START, is_full=True)
            while wake is not None:
                await self._run_cycle_until(wake, stop)
                wake = await self._wait(stop)
        finally:
            log(logging.INFO, "stopping")
            self._supervisor.stopping()
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            self.memory.files.close()

    async def run_once(self, stop: asyncio.Event) -> list[Report]:
        """Make everything equal once: one cycle, and another where jobs may go only after a second look at the files.

        Args:
            stop: Set it to end; writes in hand are finished then, no others begun.

        Returns:
            The cycles that came to their end; none where the first one was told to stop before it wrote.
        """
        reports: list[Report] = []
        for wake in (Wake(trigger=Trigger.START, is_full=True), Wake(trigger=Trigger.CONFIRMATION, is_full=False)):
            report = await self._run_cycle_until(wake, stop)
            if report is None:
                break
            reports.append(report)
            if not report.unconfirmed:
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._settings.delays.confirm)
                break
        self.memory.files.close()
        return reports

    def hang_up(self) -> None:
        """Read everything anew now, as SIGHUP asks for."""
        log(logging.INFO, "reading everything anew, as SIGHUP asks for")
        self._supervisor.reloading()
        self._triggers.is_signalled = True
        self._poke.set()

    def render_metrics(self) -> bytes:
        """Write the figures as Prometheus reads them."""
        return self.metrics.render(watch=self.watch, oldest=self.memory.live.age(time.monotonic()))

    async def _run_cycle_until(self, wake: Wake, stop: asyncio.Event) -> Report | None:
        """Run a cycle; one that is told to stop while it writes gets the time to finish what it has in hand.

        Returns:
            What it did; None where it was ended before it came to its end.
        """
        cycle = asyncio.create_task(self._run_cycle(wake, stop))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((cycle, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not cycle.done() and self._cycle is not None and self._cycle.is_writing:
            await asyncio.wait((cycle,), timeout=FAREWELL_SECONDS)
        cycle.cancel()
        with suppress(asyncio.CancelledError):
            return await cycle
        return None

    async def _run_cycle(self, wake: Wake, stop: asyncio.Event) -> Report:
        self._triggers.begin()
        self.health.begin()
        self._cycle = Cycle(self.memory, self._connect, self._settings, stop=stop, tell=self._tell)
        try:
            report = await self._cycle.run(wake.trigger, is_full=wake.is_full)
        except Exception as error:  # noqa: BLE001  a bug in one cycle must not end all of them
            logger.exception("this is a bug in jobspec; please report it")
            bug = JobspecError(f"a bug in jobspec: {type(error).__name__}; the log says where")
            report = Report(trigger=wake.trigger, started_at=datetime.now(UTC), result=Result.FAILED, error=bug)
        self._publish(report, is_full=wake.is_full)
        if wake.trigger is Trigger.SIGNAL:
            self._supervisor.ready()
        return report

    def _publish(self, report: Report, *, is_full: bool) -> None:
        self._triggers.complete(report, time.monotonic(), is_full=is_full)
        self.health.complete(report)
        for tell in (self._show, self._event_log.tell_report, self._follow):
            try:
                tell(report)
            except Exception as error:  # noqa: BLE001  what cannot be told must not end the daemon
                report_bug("tell what a cycle did", error)

    def _show(self, report: Report) -> None:
        self.status.publish(report)
        self.metrics.count_cycle(report, self.status.picture)
        self._supervisor.status(self.health.find_unreadiness() or f"{report.result.value}")

    def _follow(self, report: Report) -> None:
        self.memory.contention.tidy(time.monotonic())
        if report.reading is not None:
            self.watch.follow(report.reading.workspace.roots, report.reading.files)

    def _tell(self, outcome: Outcome) -> None:
        self._event_log.tell_outcome(outcome)
        self.metrics.count_outcome(outcome)

    async def _connect(self) -> Schedules:
        """Give the namespace; a connection mends itself, but only a new one reads a certificate that was exchanged."""
        if self._schedules is None or self._triggers.is_away:
            self._schedules = Schedules(await self._connect_anew())
            self.status.namespace = self._schedules.client.namespace
        return self._schedules

    def _answered_at(self) -> float:
        return self._schedules.requests.answered_at if self._schedules else float("-inf")

    async def _wait(self, stop: asyncio.Event) -> Wake | None:
        """Wait until a cycle is due, verifying schedules meanwhile; None when told to stop."""
        while not stop.is_set():
            self.health.beat()
            now, count = time.monotonic(), len(self.memory.live)
            wake = self._triggers.find_due(now)
            if wake is not None:
                return wake
            sweep_at = float("inf") if self._triggers.is_away else self._sweep.find_next(count, now)
            if now >= sweep_at:
                await self._verify(self._sweep.take(count, now))
                continue
            await self._sleep_until(min(self._triggers.find_next(), sweep_at, now + BEAT_SECONDS))
        return None

    async def _sleep_until(self, moment: float) -> None:
        self._poke.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._poke.wait(), max(moment - time.monotonic(), 0))

    async def _verify(self, count: int) -> None:
        """Read those schedules in full that were not for the longest time."""
        if self._schedules is None or count == 0:
            return
        live = self.memory.live
        try:
            look = await live.read(self._schedules, live.find_oldest(count))
        except JobspecError as error:
            _warn(f"the sweep could not read schedules: {error}")
            self._triggers.fail(time.monotonic())
            return
        except Exception:  # noqa: BLE001  nor must one in the sweep; the next full cycle tells more
            logger.exception("this is a bug in jobspec; please report it")
            return
        self.metrics.count_sweep(look.described)
        self._triggers.has_drift = bool(look.news)

    def _note_change(self) -> None:
        self._triggers.debounce.note(time.monotonic())
        self._poke.set()

    async def _poke_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._poke.set()

    async def _feed_watchdog(self) -> None:
        """Tell the service manager that all is well, as often as it asks for it, as long as it is."""
        while self._supervisor.watchdog:
            if not self.health.find_death():
                self._supervisor.alive()
            await asyncio.sleep(self._supervisor.watchdog / 2)


def _warn(message: str) -> None:
    log(logging.WARNING, message)


def _tell_death(watching: asyncio.Task[None]) -> None:
    """Tell that the watch has ended, which it never should; the probe turns red for it."""
    if not watching.cancelled() and (error := watching.exception()):
        logger.error("the watch of the files has died; this is a bug in jobspec", exc_info=error)
