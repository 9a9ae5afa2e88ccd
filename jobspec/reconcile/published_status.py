"""What the daemon has to show: how the jobs stand and what the last cycles did, as the document of `/status`."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jobspec.errors import report_bug
from jobspec.planning.apply import WriteStatus
from jobspec.planning.plan import Action
from jobspec.reconcile.job_states import Picture, State, draw_picture
from jobspec.render.daemon_documents import (
    CycleChangesDocument,
    CycleDocument,
    DaemonDocument,
    DaemonSettingsDocument,
    StandingDocument,
    StateCountsDocument,
    WatchDocument,
)
from jobspec.render.diagnostic_documents import Place, diagnostics_document
from jobspec.render.plan_documents import RefusalDocument
from jobspec.timing.moments import write_utc

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from jobspec.diagnostics import Diagnostic
    from jobspec.planning.guards import Refusal
    from jobspec.planning.plan import Source
    from jobspec.reconcile.health import Health
    from jobspec.reconcile.job_states import Standing
    from jobspec.reconcile.report import Report
    from jobspec.reconcile.settings import DaemonSettings
    from jobspec.reconcile.watch import Watch

REMEMBERED = 20
"""How many cycles are shown."""

SHARED_SECONDS = 1.0
"""How old a document may be that somebody else has asked for."""

_STEP = 16
"""How many jobs are looked up before probes have their turn: some milliseconds' work."""


@dataclass(slots=True, kw_only=True)
class PublishedStatus:
    """What the daemon has to show.

    Attributes:
        version: Of jobspec.
        started_at: When the daemon was started.
        settings: How it was told to work.
        watch: Of the files.
        health: What probes are told.
        namespace: Where the schedules are; None until Temporal was reached.
        picture: How the jobs stand.
    """

    version: str
    started_at: datetime
    settings: DaemonSettings
    watch: Watch
    health: Health
    namespace: str | None = None
    picture: Picture = field(default_factory=Picture)
    _project: str | None = None
    _commit: str | None = None
    _refusals: tuple[Refusal, ...] = ()
    _diagnostics: tuple[Diagnostic, ...] = ()
    _cycles: deque[CycleDocument] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _places: dict[str, tuple[object, Place | None]] = field(default_factory=dict)
    _rendering: asyncio.Task[bytes] | None = None
    _rendered_at: float = 0.0

    def publish(self, report: Report) -> None:
        """Show what a cycle did, and how things stand after it."""
        self._rendering = None
        self.picture = draw_picture(report, self.picture)
        self._cycles.appendleft(make_cycle_document(report))
        if report.reading is not None:
            self._project = report.reading.workspace.project.project
            self._commit = report.reading.commit
        if report.diagnostics is not None:
            self._diagnostics = report.diagnostics
        if report.planned is not None:
            self._refusals = report.planned.refusals

    async def render(self) -> bytes:
        """Write all of it as JSON.

        Whoever asks while it is being written, or within a second after that, gets the same bytes, unless a cycle has
        ended since: many slow readers need hardly more memory, and many quick ones hardly more time, than one.
        """
        rendering = self._rendering
        if rendering is None or (rendering.done() and time.monotonic() - self._rendered_at > SHARED_SECONDS):
            rendering = self._rendering = asyncio.create_task(self._render())
        return await asyncio.shield(rendering)

    async def _render(self) -> bytes:
        text = (await self.make_document()).to_json().encode()
        self._rendered_at = time.monotonic()
        return text

    async def make_document(self) -> DaemonDocument:
        """Write all of it down; where a job is written is looked up here, when somebody asks, in small steps."""
        picture, jobs = self.picture, []
        for number, standing in enumerate(tuple(picture.list())):
            jobs.append(self._try_to_stand(standing))
            if number % _STEP == 0:
                await asyncio.sleep(0)
        problem = self.health.find_unreadiness()
        settings = self.settings
        for name in self._places.keys() - {job.name for job in jobs}:
            del self._places[name]
        return DaemonDocument(
            jobspec=self.version,
            started_at=write_utc(self.started_at, "milliseconds"),
            project=self._project,
            namespace=self.namespace,
            environment=settings.environment,
            commit=self._commit,
            ready=not problem,
            problem=problem,
            settings=DaemonSettingsDocument(
                interval_seconds=settings.interval.total_seconds(),
                sweep_seconds=settings.sweep.total_seconds(),
                prunes=settings.prunes,
                dry_run=settings.is_dry_run,
            ),
            watch=WatchDocument(mode=self.watch.mode.value, problem=self.watch.problem),
            counts=StateCountsDocument(**{state.value: count for state, count in picture.count().items()}),
            jobs=tuple(jobs),
            refusals=tuple(map(RefusalDocument.of, self._refusals)),
            diagnostics=diagnostics_document([_without_excerpt(found) for found in self._diagnostics]).diagnostics,
            cycles=tuple(self._cycles),
        )

    def _try_to_stand(self, standing: Standing) -> StandingDocument:
        try:
            return self._stand(standing)
        except Exception as error:  # noqa: BLE001  what one job brings out must not hide how the others stand
            bug = report_bug(f"say where the job `{standing.name}` is written", error)
            return StandingDocument(name=standing.name, state=State.FAILED.value, reason=str(bug), source=None)

    def _stand(self, standing: Standing) -> StandingDocument:
        return StandingDocument(
            name=standing.name,
            state=standing.state.value,
            reason=standing.reason,
            source=self._find_place(standing.name, standing.find_source),
        )

    def _find_place(self, name: str, find: Callable[[], Source | None] | None) -> Place | None:
        """Look up where a job is written; what looks it up is the same object as long as its file is."""
        known = self._places.get(name)
        if known is None or known[0] is not find:
            source = find() if find else None
            known = find, Place(file=source.file, line=source.line) if source else None
            self._places[name] = known
        return known[1]


def make_cycle_document(report: Report) -> CycleDocument:
    """Write down what a cycle did."""
    done = [outcome.change.action for outcome in report.outcomes if outcome.status is WriteStatus.DONE]
    changes = {action.value: done.count(action) for action in Action if action is not Action.ADOPT}
    failed = sum(outcome.status in (WriteStatus.FAILED, WriteStatus.CONFLICT) for outcome in report.outcomes)
    return CycleDocument(
        trigger=report.trigger.value,
        started_at=write_utc(report.started_at, "milliseconds"),
        seconds=round(report.seconds, 3),
        result=report.result.value,
        error=str(report.error or ""),
        commit=report.reading.commit if report.reading else None,
        described=report.look.described,
        changes=CycleChangesDocument(**changes, failed=failed, withheld=len(report.withheld)),
    )


def _without_excerpt(found: Diagnostic) -> Diagnostic:
    """Leave out the line of the file, which may hold what not everybody on the network should read."""
    return replace(found, location=replace(found.location, excerpt=""))
