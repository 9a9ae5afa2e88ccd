"""What is done to one schedule: from a job and what is live to a decision.

A plan makes it for each name, and a write that meets a conflict makes it again for that name alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jobspec.errors import ForeignScheduleError, JobspecError, MalformedScheduleError
from jobspec.planning.diff import FieldChange, Plain, explain_difference
from jobspec.planning.pauses import Pause, decide_pause, pause_of, read_retirement, retire, spec_reason
from jobspec.planning.plan import Absent, Action, Change, Completed, Held, HeldReason, Reason, Retired, Unchanged

if TYPE_CHECKING:
    from jobspec.planning.desired import Desired
    from jobspec.planning.observe import Observed
    from jobspec.planning.plan import Decision, Source
    from jobspec.planning.planner import Terms
    from jobspec.temporal.schedules.live_schedule import LiveSchedule


def decide(name: str, desired: Desired | None, live: Observed | None, *, terms: Terms) -> Decision:
    """Decide about one schedule.

    Args:
        name: The job's name.
        desired: What the specs say; None where no spec wants a schedule of that name.
        live: What Temporal has; None where there is none, an error where it could not be read.
        terms: Ownership, time, and whether pruning is allowed.
    """
    if isinstance(live, JobspecError):
        return hold_failed(name, desired, live)
    if desired is None:
        return _plan_unwanted(name, live, terms)
    if live is None:
        return _plan_absent(name, desired)
    if live.project not in terms.owners:
        return hold_foreign(name, desired.source, live.project)
    return _plan_present(desired, live)


def _plan_absent(name: str, desired: Desired) -> Decision:
    if desired.is_completed:
        return Completed(name=name)
    return Change(
        name=name,
        action=Action.CREATE,
        reason=Reason.NEW,
        source=desired.source,
        after=desired.canonical,
        pause=decide_pause(Pause(paused=False), desired.paused),
    )


def _plan_present(desired: Desired, live: LiveSchedule) -> Decision:
    fields = explain_live(desired, live)
    is_retired = read_retirement(pause_of(live)) is not None
    if not fields and not is_retired:
        return Unchanged(name=desired.name)
    return Change(
        name=desired.name,
        action=Action.RESTORE if is_retired else Action.UPDATE,
        reason=Reason.CHANGED,
        source=desired.source,
        fields=fields,
        before=live.canonical,
        after=desired.canonical,
        pause=_decide_pause_of(desired, live),
        was=pause_of(live),
        recent_runs=live.recent_runs,
    )


def explain_live(desired: Desired, live: LiveSchedule) -> tuple[FieldChange, ...]:
    """Say in which fields a live schedule, whosever it is, is not as a job asks for."""
    pause = pause_of(live)
    return explain_difference(live.canonical, desired.canonical) + explain_pause(pause, _decide_pause_of(desired, live))


def _decide_pause_of(desired: Desired, live: LiveSchedule) -> Pause:
    pause = pause_of(live)
    retirement = read_retirement(pause)
    return decide_pause(retirement.before if retirement else pause, desired.paused)


def explain_pause(before: Pause, after: Pause) -> tuple[FieldChange, ...]:
    """Say how two pauses differ, in the words of a spec."""
    if before == after:
        return ()
    shown = _show_pause(before), _show_pause(after)
    if shown[0] == shown[1]:  # only what the note says beside the reason differs
        shown = before.note, after.note
    return (FieldChange(field="schedule.paused", before=shown[0], after=shown[1]),)


def _show_pause(pause: Pause) -> Plain:
    if not pause.paused:
        return False
    reason = spec_reason(pause)
    return reason if reason is not None else (pause.note or True)


def _plan_unwanted(name: str, live: LiveSchedule | None, terms: Terms) -> Decision:
    if live is None or live.project not in terms.owners:
        return Absent(name=name)
    if not terms.can_prune:
        return hold_frozen(name)
    pause = pause_of(live)
    retirement = read_retirement(pause)
    removal = Change(
        name=name,
        action=Action.DELETE,
        reason=Reason.REMOVED,
        before=live.canonical,
        pause=pause,
        was=pause,
        recent_runs=live.recent_runs,
    )
    if retirement:
        return removal if retirement.is_due(terms.now) else Retired(name=name)
    if not terms.grace:
        return removal
    return replace(
        removal,
        action=Action.RETIRE,
        after=live.canonical,
        pause=retire(pause, now=terms.now, grace=terms.grace),
        delete_after=terms.now + terms.grace,
    )


def hold_foreign(name: str, source: Source | None, project: str | None) -> Held:
    """Say that a schedule is not ours, and how it could be.

    Args:
        name: The job's name.
        source: Where the job is written.
        project: Whose mark the schedule bears; None for nobody's.
    """
    if project is None:
        message, hint = "a schedule of that name exists and carries no project's mark", f"jobspec adopt {name}"
    else:
        message = f"a schedule of that name exists and belongs to the project `{project}`"
        hint = f"jobspec adopt {name} --from {project}"
    return Held(
        name=name,
        reason=HeldReason.FOREIGN,
        message=message,
        hint=f"rename the job, or take the schedule over with `{hint}`",
        source=source,
    )


def hold_invalid(name: str, source: Source | None) -> Held:
    """Say that a job has mistakes, whose first one is at the source."""
    return Held(
        name=name,
        reason=HeldReason.INVALID,
        message="its spec has mistakes, so its schedule is left as it is",
        hint="`jobspec validate` shows them",
        source=source,
    )


def hold_frozen(name: str) -> Held:
    """Say that a job would go, were it certain that no spec names it."""
    return Held(
        name=name,
        reason=HeldReason.FROZEN,
        message="no spec names it, but not all specs can be used",
        hint="mend the specs; nothing is retired or deleted until all of them can be used",
    )


def hold_failed(name: str, desired: Desired | None, error: JobspecError) -> Held:
    """Say that nothing can be decided about a schedule, since it could not be read."""
    reason, hint = HeldReason.FAILED, ""
    if isinstance(error, ForeignScheduleError):
        reason, hint = HeldReason.FOREIGN, "rename the job"
    elif isinstance(error, MalformedScheduleError):
        then = "; the next apply creates it anew" if desired else ""
        hint = f"delete it with `temporal schedule delete --schedule-id {name}`{then}"
    return Held(
        name=name,
        reason=reason,
        message=str(error),
        hint=hint,
        source=desired.source if desired else None,
    )
