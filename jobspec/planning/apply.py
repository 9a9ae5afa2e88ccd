"""Carrying out a plan: guarded writes, one job at a time for each name, many names at once.

Order: creates; then updates, restorations and adoptions; then retirements and
deletions, and none of the latter where a create failed: a rename must not take
the old job away while the new one is missing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from jobspec.errors import (
    ConflictError,
    ForeignScheduleError,
    JobspecError,
    ScheduleExistsError,
    ScheduleNotFoundError,
    UnreachableError,
    report_bug,
)
from jobspec.planning.adoption import plan_adoption
from jobspec.planning.decide import decide
from jobspec.planning.plan import Action, Change, Held

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from jobspec.planning.desired import Desired
    from jobspec.planning.plan import Decision, Plan
    from jobspec.planning.planner import Terms
    from jobspec.temporal.schedules.gateway import LiveSchedule, Schedules

CONCURRENCY = 32
"""Jobs written at once; more gains nothing, for the server's CPU is the limit, and lengthens the time between a job's
read and its write."""

ATTEMPTS = 3
"""How often a conflict is read and planned again before it is given up."""

PHASES = (
    (Action.CREATE,),
    (Action.UPDATE, Action.RESTORE, Action.ADOPT),
    (Action.RETIRE, Action.DELETE),
)


class WriteStatus(StrEnum):
    """What became of a change."""

    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    CONFLICT = "conflict"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one change.

    Attributes:
        change: As planned.
        status: `done` is written and, for updates, read back; `unchanged` somebody else had done it already;
            `conflict` the schedule was changed meanwhile so that this is not what was shown; `skipped` was not tried.
        message: Why, where it is not done.
        error: What it failed with, or was not tried for.
        before: What was there when it was written; None where nothing was updated.
        after: What was read back then.
    """

    change: Change
    status: WriteStatus
    message: str = ""
    error: JobspecError | None = None
    before: LiveSchedule | None = None
    after: LiveSchedule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a plan is carried out with.

    Attributes:
        schedules: The namespace.
        desired: The jobs of the specs, as planned from.
        terms: As planned under.
        adopt_from: For adoptions, the mark to take a schedule from; None for unmarked ones.
        only_shown: Whether a change that differs from the planned one after a conflict is given up (somebody approved
            the plan) or written (the daemon, which approves for itself).
        stop: When set, no more writes are begun; those in hand are finished.
    """

    schedules: Schedules
    desired: Mapping[str, Desired]
    terms: Terms
    adopt_from: str | None = None
    only_shown: bool = True
    stop: asyncio.Event = field(default_factory=asyncio.Event)


async def apply_plan(plan: Plan, assignment: Assignment) -> AsyncIterator[Outcome]:
    """Carry out a plan and tell of each change as soon as it is settled.

    One failing job does not stop the others; a server that is gone stops all that is not begun.

    Args:
        plan: What to do.
        assignment: What to do it with.
    """
    reason_to_skip, gone = "", asyncio.Event()
    for actions in PHASES:
        changes = [change for change in plan.changes if change.action in actions]
        async for outcome in _carry_out(changes, assignment, reason_to_skip, gone):
            yield outcome
            reason_to_skip = reason_to_skip or _why_skip_the_rest(outcome)


def _why_skip_the_rest(outcome: Outcome) -> str:
    if outcome.status is WriteStatus.DONE or outcome.status is WriteStatus.UNCHANGED:
        return ""
    if outcome.change.action is Action.CREATE:
        return f"`{outcome.change.name}` could not be created, so nothing is retired or deleted"
    return ""


async def _carry_out(
    changes: Sequence[Change], assignment: Assignment, reason_to_skip: str, gone: asyncio.Event
) -> AsyncIterator[Outcome]:
    if reason_to_skip and changes and changes[0].action in PHASES[-1]:
        for change in changes:
            yield Outcome(change=change, status=WriteStatus.SKIPPED, message=reason_to_skip)
        return
    turns = asyncio.Semaphore(CONCURRENCY)
    tasks = [asyncio.ensure_future(_settle(change, assignment, turns, gone)) for change in changes]
    for next_settled in asyncio.as_completed(tasks):
        yield await next_settled


async def _settle(change: Change, assignment: Assignment, turns: asyncio.Semaphore, gone: asyncio.Event) -> Outcome:
    async with turns:
        if assignment.stop.is_set():
            return Outcome(change=change, status=WriteStatus.SKIPPED, message="it was not begun before the end")
        if gone.is_set():
            gone_error = UnreachableError("Temporal cannot be reached")
            return Outcome(change=change, status=WriteStatus.SKIPPED, message=str(gone_error), error=gone_error)
        try:
            return await _write(change, assignment)
        except UnreachableError as error:
            gone.set()
            return _fail(change, error)
        except JobspecError as error:
            return _fail(change, error)
        except Exception as error:  # noqa: BLE001  a bug that one change brings out is its failure alone
            return _fail(change, report_bug(f"{change.action} the schedule `{change.name}`", error))


def _fail(change: Change, error: JobspecError) -> Outcome:
    return Outcome(change=change, status=WriteStatus.FAILED, message=str(error), error=error)


async def forget(schedules: Schedules, name: str, *, owners: frozenset[str]) -> None:
    """Drop our mark from a schedule and nothing else.

    Raises:
        ScheduleNotFoundError: There is none of that name.
        ForeignScheduleError: It is not ours.
        RefusedError: The mark cannot be changed there.
        ConflictError: Somebody else keeps changing it.
    """
    for attempt in range(ATTEMPTS):
        live = await schedules.describe(name)
        if live is None:
            raise ScheduleNotFoundError(f"there is no schedule `{name}`")
        if live.project not in owners:
            whose = f"belongs to the project `{live.project}`" if live.project else "carries no project's mark"
            raise ForeignScheduleError(f"the schedule `{name}` {whose}, so there is nothing to forget")
        try:
            await schedules.mark(live, None)
        except ConflictError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


async def _write(change: Change, assignment: Assignment) -> Outcome:
    if change.action is Action.CREATE:
        try:
            await _create(change, assignment)
        except ScheduleExistsError:
            pass  # somebody was faster: read it and decide again, as for any other conflict
        else:
            return Outcome(change=change, status=WriteStatus.DONE)
    for _ in range(ATTEMPTS):
        live = await assignment.schedules.describe(change.name)
        decision = _decide_again(change, live, assignment)
        settled = _settle_without_write(change, decision, assignment)
        if settled:
            return settled
        assert isinstance(decision, Change)  # noqa: S101  anything else is settled
        try:
            after = await _write_once(decision, live, assignment)
        except (ConflictError, ScheduleExistsError):
            continue
        return Outcome(change=change, status=WriteStatus.DONE, before=live if after else None, after=after)
    return Outcome(change=change, status=WriteStatus.CONFLICT, message="somebody else keeps changing the schedule")


def _decide_again(change: Change, live: LiveSchedule | None, assignment: Assignment) -> Decision | None:
    """Make the decision of the plan again, from what is there now."""
    desired = assignment.desired.get(change.name)
    if change.action is Action.ADOPT and desired:
        if live is None:
            return None
        return plan_adoption(change.name, desired, live, terms=assignment.terms, former=assignment.adopt_from)
    return decide(change.name, desired, live, terms=assignment.terms)


def _settle_without_write(change: Change, decision: Decision | None, assignment: Assignment) -> Outcome | None:
    if isinstance(decision, Held):
        return Outcome(change=change, status=WriteStatus.CONFLICT, message=decision.message)
    if isinstance(decision, Change):
        if assignment.only_shown and not decision.does_the_same_as(change):
            message = "it was changed meanwhile, so that the change shown is not the one needed now; plan again"
            return Outcome(change=change, status=WriteStatus.CONFLICT, message=message)
        return None
    return Outcome(change=change, status=WriteStatus.UNCHANGED, message="it is so already")


async def _write_once(decision: Change, live: LiveSchedule | None, assignment: Assignment) -> LiveSchedule | None:
    """Write; returns what an update was read back as."""
    if live is None:
        await _create(decision, assignment)
    elif decision.action is Action.DELETE:
        await assignment.schedules.delete(live)
    else:
        return await _update(decision, live, assignment)
    return None


async def _create(change: Change, assignment: Assignment) -> None:
    await assignment.schedules.create(
        change.name,
        assignment.desired[change.name].message,
        project=assignment.terms.project,
        paused=change.pause.paused,
        note=change.pause.note,
    )


async def _update(decision: Change, live: LiveSchedule, assignment: Assignment) -> LiveSchedule:
    if decision.action is Action.ADOPT:
        return await assignment.schedules.mark(live, assignment.terms.project)
    leaves_body = decision.action is Action.RETIRE
    return await assignment.schedules.update(
        live,
        None if leaves_body else assignment.desired[decision.name],
        paused=decision.pause.paused,
        note=decision.pause.note,
    )
