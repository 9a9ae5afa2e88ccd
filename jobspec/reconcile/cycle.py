"""One cycle: load, read what is live, plan, ask the guards, write, verify.

It is level-triggered: what it does depends on what is there, never on what woke it. What it remembers from the cycles
before only spares it work, and lets it tell drift from change.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobspec.errors import JobspecError, ProjectError, UnreachableError, report_bug
from jobspec.planning.apply import Assignment, WriteStatus, apply_plan
from jobspec.planning.desired import Conversion, JobSet
from jobspec.planning.plan import Action, HeldReason, Reason
from jobspec.planning.planner import make_terms, plan
from jobspec.reconcile.admission import admit
from jobspec.reconcile.desired_cache import DesiredCache
from jobspec.reconcile.live_cache import LiveCache
from jobspec.reconcile.report import Cause, Report, Result, Trigger
from jobspec.spec.project import check_environment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jobspec.planning.apply import Outcome
    from jobspec.planning.desired import Desired, DesiredState
    from jobspec.planning.plan import Change, Plan
    from jobspec.planning.planner import Equal, Planned, Terms
    from jobspec.reconcile.contention import Contention
    from jobspec.reconcile.settings import DaemonSettings
    from jobspec.reconcile.spec_source import Reading, SpecSource
    from jobspec.spec.project import Project
    from jobspec.temporal.schedules.gateway import Schedules


@dataclass(slots=True, kw_only=True)
class Memory:
    """What one cycle hands to the next; losing it costs requests and nothing else.

    Attributes:
        files: The project's files.
        contention: What others keep changing back.
        live: The live schedules.
        desired: What the jobs ask for.
        equal: What was found equal.
        verified: What the live schedule of each job was equal to when it was last looked at.
        owners: The marks that were ours then.
    """

    files: SpecSource
    contention: Contention
    live: LiveCache = field(default_factory=LiveCache)
    desired: DesiredCache = field(default_factory=DesiredCache)
    equal: Equal = field(default_factory=dict)
    verified: dict[str, Desired] = field(default_factory=dict)
    owners: frozenset[str] = frozenset()


class Cycle:
    """One cycle.

    Args:
        memory: What earlier ones left.
        connect: Gives the namespace.
        settings: How to work.
        stop: When set, no more writes are begun.
        tell: Called for each change as soon as it is settled.

    Attributes:
        is_writing: Whether changes are being made, which a process that ends has to wait for.
    """

    def __init__(
        self,
        memory: Memory,
        connect: Callable[[], Awaitable[Schedules]],
        settings: DaemonSettings,
        *,
        stop: asyncio.Event | None = None,
        tell: Callable[[Outcome], None] = lambda _: None,
    ) -> None:
        self.is_writing = False
        self._memory = memory
        self._connect = connect
        self._settings = settings
        self._stop = stop or asyncio.Event()
        self._tell = tell
        self._begun = time.monotonic()
        self._report = Report(trigger=Trigger.START, started_at=datetime.now(UTC))

    async def run(self, trigger: Trigger, *, is_full: bool = True) -> Report:
        """Run it; what goes wrong in an expected way stands in the report.

        Args:
            trigger: What woke it.
            is_full: Whether to list what is live and to read every file; otherwise only what the files say anew is
                looked after.
        """
        self._report = replace(self._report, trigger=trigger)
        try:
            await self._run(is_full=is_full)
        except UnreachableError as error:
            self._report = replace(self._report, result=Result.UNREACHABLE, error=error)
        except JobspecError as error:
            self._report = replace(self._report, result=Result.FAILED, error=error)
        return replace(self._report, seconds=time.monotonic() - self._begun)

    async def _run(self, *, is_full: bool) -> None:
        reading = await self._memory.files.read(trust=not is_full)
        self._report = replace(self._report, reading=reading)
        terms = self._make_terms(reading)
        schedules = await self._connect()
        check_environment(reading.environment, self._settings.environment, schedules.client.namespace)
        planned = await self._plan(reading, terms, schedules, is_full=is_full)
        plan, withheld = admit(
            planned,
            settings=self._settings,
            is_confirmed=reading.is_confirmed,
            contention=self._memory.contention,
            now=time.monotonic(),
        )
        planned = replace(planned, plan=replace(planned.plan, held=plan.held))
        self._report = replace(
            self._report, planned=planned, withheld=withheld, plan_seconds=time.monotonic() - self._begun
        )
        self.is_writing = bool(plan.changes)
        await self._apply(plan, planned, schedules)
        self.is_writing = False
        self._conclude()

    def _make_terms(self, reading: Reading) -> Terms:
        project = reading.workspace.project
        self._check_unchanged(project)
        terms = make_terms(project, reading.loaded, now=reading.read_at, allowances=self._settings.allowances)
        if not self._settings.prunes:  # how many jobs would go is no matter where none may
            terms = replace(terms, max_deletes=None, allowances=replace(terms.allowances, deletes=None))
        if terms.owners != self._memory.owners:  # what was foreign may be ours, and the other way round
            self._memory.owners = terms.owners
            self._memory.equal.clear()
        return terms

    def _check_unchanged(self, project: Project) -> None:
        """Refuse to go on where what only takes effect at the start of a process was changed."""
        if project.data_converter != self._settings.data_converter:
            raise ProjectError("`data_converter` was changed in jobspec.toml; start the daemon anew to use the new one")

    async def _plan(self, reading: Reading, terms: Terms, schedules: Schedules, *, is_full: bool) -> Planned:
        job_set = JobSet.of_files(reading.loaded, self._settings.environment)
        making = self._memory.desired.update(job_set, Conversion.of(schedules.client, terms.now))
        if is_full:
            desired = await self._look_at_all(making, job_set, terms, schedules)
        else:
            desired = await self._look_at_changed(making, schedules)
        terms = replace(terms, namespace=schedules.client.namespace)
        return self._note_verified(plan(desired, self._memory.live.live, terms, equal=self._memory.equal))

    async def _look_at_all(
        self, making: Awaitable[DesiredState], job_set: JobSet, terms: Terms, schedules: Schedules
    ) -> DesiredState:
        """Read what is live while the desired side is made."""
        looking = self._memory.live.refresh(schedules, job_set.scheduled.keys(), owners=terms.owners)
        desired, look = await asyncio.gather(making, looking, return_exceptions=True)
        if isinstance(look, BaseException):
            raise look
        if isinstance(desired, BaseException):
            raise desired
        self._report = replace(self._report, look=look)
        return desired

    async def _look_at_changed(self, making: Awaitable[DesiredState], schedules: Schedules) -> DesiredState:
        """Read what is live of the jobs that the files say anew, and what could not be read before."""
        desired = await making
        live, changed = self._memory.live, self._memory.desired.changed
        names = [name for name in desired.jobs if name in changed or name not in live]
        names += live.find_unread()
        self._report = replace(self._report, look=await live.read(schedules, names))
        return desired

    def _note_verified(self, planned: Planned) -> Planned:
        """Remember which schedules are as their specs want them, and call drift what changed without its spec."""
        memory, found = self._memory, planned.plan
        changes = tuple(self._attribute(change, planned) for change in found.changes)
        differing = {change.name for change in found.changes} | {held.name for held in found.held} | {*found.completed}
        for name in memory.verified.keys() - planned.desired.keys():
            del memory.verified[name]
        memory.verified.update((name, job) for name, job in planned.desired.items() if name not in differing)
        for name in memory.equal.keys() - planned.desired.keys():
            del memory.equal[name]
        return replace(planned, plan=replace(found, changes=changes))

    def _attribute(self, change: Change, planned: Planned) -> Change:
        desired = planned.desired.get(change.name)
        try:
            is_known = desired is not None and self._memory.verified.get(change.name) == desired
        except Exception as error:  # noqa: BLE001  that one change cannot be told from drift concerns no other
            report_bug(f"tell whether the spec of `{change.name}` has changed", error)
            return change
        return replace(change, reason=Reason.DRIFT) if is_known else change

    async def _apply(self, plan: Plan, planned: Planned, schedules: Schedules) -> None:
        assignment = Assignment(
            schedules=schedules, desired=planned.desired, terms=planned.terms, only_shown=False, stop=self._stop
        )
        outcomes: list[Outcome] = []
        async for outcome in apply_plan(plan, assignment):
            outcomes.append(outcome)
            try:
                self._learn(outcome, planned)
                self._tell(outcome)
            except Exception as error:  # noqa: BLE001  a bug that one outcome brings out must not end the cycle
                report_bug(f"take note of what became of `{outcome.change.name}`", error)
        self._report = replace(self._report, outcomes=tuple(outcomes))
        if not self._stop.is_set():
            await self._memory.live.read(schedules, map(_name, filter(_is_open, outcomes)))

    def _learn(self, outcome: Outcome, planned: Planned) -> None:
        """Take in what a write told; whatever became of it, the next list does not vouch for that schedule."""
        name, now, memory = outcome.change.name, time.monotonic(), self._memory
        if outcome.status is WriteStatus.DONE:
            memory.contention.note(outcome.change, now)
            if outcome.after or outcome.change.action is Action.DELETE:
                memory.live.learn(name, outcome.after, shown=None, now=now)
            if name in planned.desired:
                memory.verified[name] = planned.desired[name]
        memory.live.doubt(name)

    def _conclude(self) -> None:
        report = self._report
        held = report.planned.plan.held if report.planned else ()
        is_pending = (
            any(outcome.status not in _SETTLED for outcome in report.outcomes)
            or any(each.cause in _WAITING for each in report.withheld.values())
            or any(each.reason is HeldReason.FAILED for each in held)
        )
        is_gone = any(isinstance(outcome.error, UnreachableError) for outcome in report.outcomes)
        result = Result.UNREACHABLE if is_gone else Result.PENDING if is_pending else Result.CONVERGED
        unconfirmed = any(each.cause is Cause.UNCONFIRMED for each in report.withheld.values())
        self._report = replace(report, result=result, unconfirmed=unconfirmed)


_SETTLED = (WriteStatus.DONE, WriteStatus.UNCHANGED)
_WAITING = (Cause.UNCONFIRMED, Cause.CONTENDED, Cause.GUARD)


def _is_open(outcome: Outcome) -> bool:
    """Whether what is there now must be looked up: a create tells nothing, and others were faster than the rest."""
    is_untold = (
        outcome.status is WriteStatus.DONE and outcome.after is None and outcome.change.action is not Action.DELETE
    )
    return is_untold or outcome.status in (WriteStatus.UNCHANGED, WriteStatus.CONFLICT)


def _name(outcome: Outcome) -> str:
    return outcome.change.name
