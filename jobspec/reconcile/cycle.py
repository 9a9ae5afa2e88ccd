"""One cycle: load, read what is live, plan, ask the guards, write, verify.

It is level-triggered: what it does depends on what is there, never on what woke it. What it remembers from the cycles
before only spares it work, and lets it tell drift from change.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobspec.errors import JobspecError, ProjectError, UnreachableError
from jobspec.planning.apply import Assignment, Status, apply_plan
from jobspec.planning.convergence import desire_loaded, make_terms, plan_found
from jobspec.planning.plan import Action, HeldReason, Reason
from jobspec.reconcile.admission import withhold
from jobspec.reconcile.desires import Desires
from jobspec.reconcile.live_cache import LiveCache
from jobspec.reconcile.report import Cause, Report, Result, Trigger
from jobspec.spec.project import check_environment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jobspec.live.messages import DesiredSchedule
    from jobspec.live.schedules import Schedules
    from jobspec.planning.apply import Outcome
    from jobspec.planning.convergence import Planned
    from jobspec.planning.decisions import Equal
    from jobspec.planning.guards import Allowances
    from jobspec.planning.plan import Change, Plan, Terms
    from jobspec.planning.wanted import WantedJobs
    from jobspec.reconcile.contention import Contention
    from jobspec.reconcile.files import Files, Reading
    from jobspec.reconcile.settings import Settings
    from jobspec.spec.loaded import Loaded
    from jobspec.spec.project import Project


@dataclass(slots=True, kw_only=True)
class Memory:
    """What one cycle hands to the next; losing it costs requests and nothing else.

    Attributes:
        files: The project's files.
        contention: What others keep changing back.
        live: The live schedules.
        desires: What the jobs ask for.
        equal: What was found equal.
        verified: What the live schedule of each job was equal to when it was last looked at.
        owners: The marks that were ours then.
    """

    files: Files
    contention: Contention
    live: LiveCache = field(default_factory=LiveCache)
    desires: Desires = field(default_factory=Desires)
    equal: Equal = field(default_factory=dict)
    verified: dict[str, DesiredSchedule] = field(default_factory=dict)
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
        settings: Settings,
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
        plan, withheld = withhold(
            planned,
            settings=self._settings,
            is_confirmed=reading.is_confirmed,
            contention=self._memory.contention,
            now=time.monotonic(),
        )
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
        terms = make_terms(project, reading.loaded, now=reading.read_at)
        if terms.owners != self._memory.owners:  # what was foreign may be ours, and the other way round
            self._memory.owners = terms.owners
            self._memory.equal.clear()
        return terms

    def _check_unchanged(self, project: Project) -> None:
        """Refuse to go on where what only takes effect at the start of a process was changed."""
        if project.data_converter != self._settings.data_converter:
            raise ProjectError("`data_converter` was changed in jobspec.toml; start the daemon anew to use the new one")

    async def _plan(self, reading: Reading, terms: Terms, schedules: Schedules, *, is_full: bool) -> Planned:
        loaded, client = reading.loaded, schedules.client
        making = self._memory.desires.want(
            loaded.jobs,
            converter=client.data_converter,
            namespace=client.namespace,
            now=terms.now,
            is_private=bool(reading.workspace.project.plan.redact),
        )
        if is_full:
            found = await self._look_at_all(making, loaded, terms, schedules)
        else:
            found = await self._look_at_changed(making, schedules)
        planned = plan_found(
            found,
            self._memory.live.live,
            desired=desire_loaded(replace(loaded, jobs={}), self._settings.environment),
            terms=terms,
            namespace=client.namespace,
            max_deletes=reading.workspace.project.guards.max_deletes,
            allowances=self._make_allowances(),
            equal=self._memory.equal,
        )
        return self._note_verified(planned)

    def _make_allowances(self) -> Allowances:
        """Say what guards let pass: how many jobs would go is no matter where none may."""
        allowances = self._settings.allowances
        return allowances if self._settings.prunes else replace(allowances, deletes=sys.maxsize)

    async def _look_at_all(
        self, making: Awaitable[WantedJobs], loaded: Loaded, terms: Terms, schedules: Schedules
    ) -> WantedJobs:
        """Read what is live while the desired side is made."""
        names = [name for name, job in loaded.jobs.items() if job.spec.schedule is not None]
        looking = self._memory.live.refresh(schedules, names, owners=terms.owners)
        found, look = await asyncio.gather(making, looking, return_exceptions=True)
        if isinstance(look, BaseException):
            raise look
        if isinstance(found, BaseException):
            raise found
        self._report = replace(self._report, look=look)
        return found

    async def _look_at_changed(self, making: Awaitable[WantedJobs], schedules: Schedules) -> WantedJobs:
        """Read what is live of the jobs that the files say anew, and what could not be read before."""
        found = await making
        live, changed = self._memory.live, self._memory.desires.changed
        names = [name for name in found.wanted if name in changed or name not in live]
        names += live.find_unread()
        self._report = replace(self._report, look=await live.read(schedules, names))
        return found

    def _note_verified(self, planned: Planned) -> Planned:
        """Remember which schedules are as their specs want them, and call drift what changed without its spec."""
        memory, plan = self._memory, planned.plan
        changes = tuple(self._attribute(change, planned) for change in plan.changes)
        differing = {change.name for change in plan.changes} | {held.name for held in plan.held} | set(plan.completed)
        for name in memory.verified.keys() - planned.wanted.keys():
            del memory.verified[name]
        memory.verified.update(
            (name, wanted.desired) for name, wanted in planned.wanted.items() if name not in differing
        )
        for name in memory.equal.keys() - planned.wanted.keys():
            del memory.equal[name]
        return replace(planned, plan=replace(plan, changes=changes))

    def _attribute(self, change: Change, planned: Planned) -> Change:
        wanted = planned.wanted.get(change.name)
        is_known = wanted is not None and self._memory.verified.get(change.name) == wanted.desired
        return replace(change, reason=Reason.DRIFT) if is_known else change

    async def _apply(self, plan: Plan, planned: Planned, schedules: Schedules) -> None:
        assignment = Assignment(
            schedules=schedules, wanted=planned.wanted, terms=planned.terms, only_shown=False, stop=self._stop
        )
        outcomes: list[Outcome] = []
        async for outcome in apply_plan(plan, assignment):
            outcomes.append(outcome)
            self._learn(outcome, planned)
            self._tell(outcome)
        self._report = replace(self._report, outcomes=tuple(outcomes))
        if not self._stop.is_set():
            await self._memory.live.read(schedules, map(_name, filter(_is_open, outcomes)))

    def _learn(self, outcome: Outcome, planned: Planned) -> None:
        """Take in what a write told; whatever became of it, the next list does not vouch for that schedule."""
        name, now, memory = outcome.change.name, time.monotonic(), self._memory
        if outcome.status is Status.DONE:
            memory.contention.note(outcome.change, now)
            if outcome.after or outcome.change.action is Action.DELETE:
                memory.live.learn(name, outcome.after, shown=None, now=now)
            if name in planned.wanted:
                memory.verified[name] = planned.wanted[name].desired
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


_SETTLED = (Status.DONE, Status.UNCHANGED)
_WAITING = (Cause.UNCONFIRMED, Cause.CONTENDED, Cause.GUARD)


def _is_open(outcome: Outcome) -> bool:
    """Whether what is there now must be looked up: a create tells nothing, and others were faster than the rest."""
    is_untold = outcome.status is Status.DONE and outcome.after is None and outcome.change.action is not Action.DELETE
    return is_untold or outcome.status in (Status.UNCHANGED, Status.CONFLICT)


def _name(outcome: Outcome) -> str:
    return outcome.change.name
