"""Deciding what is done to each schedule. Pure.

Per job there is one decision (`plan_job`), which is made again for that job alone when a write meets a conflict.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from jobspec.errors import ForeignScheduleError, JobspecError, MalformedScheduleError
from jobspec.planning.diff import FieldChange, Plain, explain_difference
from jobspec.planning.pauses import Pause, pause_of, read_retirement, retire, spec_reason, want_pause
from jobspec.planning.plan import (
    Absent,
    Action,
    Change,
    Completed,
    Held,
    HeldReason,
    Plan,
    Reason,
    Retired,
    Unchanged,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobspec.live.schedules import LiveSchedule
    from jobspec.planning.plan import Decision, Source, Terms, Wanted

Equal: TypeAlias = "dict[str, tuple[Wanted | None, LiveSchedule | JobspecError | None, Unchanged]]"
"""By name, a job and a live schedule that were compared and found equal. It holds for these very objects."""


def make_plan(  # noqa: PLR0913  all that a plan depends on
    wanted: Mapping[str, Wanted],
    live: Mapping[str, LiveSchedule | JobspecError],
    *,
    terms: Terms,
    invalid: Mapping[str, Source | None],
    namespace: str,
    environment: str | None = None,
    equal: Equal | None = None,
) -> Plan:
    """Work out the writes that make the live schedules equal to the specs.

    Args:
        wanted: Jobs with a schedule, by name.
        live: What was read, by name: all of ours and all that has a job's name; an error where reading one failed.
        terms: Ownership, time, and whether pruning is allowed.
        invalid: Jobs with mistakes; their schedules are left as they are.
        namespace: For the record.
        environment: For the record.
        equal: What earlier plans of the same owners found equal, so that the same two values are not compared again;
            what this one finds is added.
    """
    known = {} if equal is None else equal
    decisions = [
        _plan_unless_equal(name, wanted.get(name), live.get(name), terms, known)
        if name not in invalid
        else hold_invalid(name, invalid[name])
        for name in sorted(wanted.keys() | live.keys() | invalid.keys())
    ]
    return collect(decisions, terms=terms, namespace=namespace, environment=environment)


def _plan_unless_equal(
    name: str, wanted: Wanted | None, live: LiveSchedule | JobspecError | None, terms: Terms, equal: Equal
) -> Decision:
    known = equal.get(name)
    if known is not None and known[0] is wanted and known[1] is live:
        return known[2]
    decision = plan_job(name, wanted, live, terms=terms)
    if isinstance(decision, Unchanged):
        equal[name] = (wanted, live, decision)
    return decision


def collect(
    decisions: Sequence[Decision], *, terms: Terms, namespace: str | None, environment: str | None = None
) -> Plan:
    """Make a plan of decisions, which are in name order."""
    rest = [decision for decision in decisions if not isinstance(decision, Unchanged)]  # nearly always few
    return Plan(
        project=terms.project,
        namespace=namespace,
        environment=environment,
        grace=terms.grace,
        changes=tuple(decision for decision in rest if isinstance(decision, Change)),
        held=tuple(decision for decision in rest if isinstance(decision, Held)),
        unchanged=len(decisions) - len(rest),
        completed=tuple(decision.name for decision in rest if isinstance(decision, Completed)),
        retired=tuple(decision.name for decision in rest if isinstance(decision, Retired)),
    )


def plan_job(name: str, wanted: Wanted | None, live: LiveSchedule | JobspecError | None, *, terms: Terms) -> Decision:
    """Decide about one schedule.

    Args:
        name: The job's name.
        wanted: What the specs say; None where no spec wants a schedule of that name.
        live: What Temporal has; None where there is none, an error where it could not be read.
        terms: Ownership, time, and whether pruning is allowed.
    """
    if isinstance(live, JobspecError):
        return hold_failed(name, wanted, live)
    if wanted is None:
        return _plan_unwanted(name, live, terms)
    if live is None:
        return _plan_absent(name, wanted)
    if live.project not in terms.owners:
        return hold_foreign(name, wanted.source, live.project)
    return _plan_present(wanted, live)


def _plan_absent(name: str, wanted: Wanted) -> Decision:
    if wanted.is_completed:
        return Completed(name=name)
    return Change(
        name=name,
        action=Action.CREATE,
        reason=Reason.NEW,
        source=wanted.source,
        after=wanted.desired.canonical,
        pause=want_pause(Pause(paused=False), wanted.desired.paused),
    )


def _plan_present(wanted: Wanted, live: LiveSchedule) -> Decision:
    desired = wanted.desired
    fields = explain_live(wanted, live)
    is_retired = read_retirement(pause_of(live)) is not None
    if not fields and not is_retired:
        return Unchanged(name=desired.name)
    return Change(
        name=desired.name,
        action=Action.RESTORE if is_retired else Action.UPDATE,
        reason=Reason.CHANGED,
        source=wanted.source,
        fields=fields,
        before=live.canonical,
        after=desired.canonical,
        pause=_want_pause_of(wanted, live),
        was=pause_of(live),
        recent_runs=live.recent_runs,
    )


def explain_live(wanted: Wanted, live: LiveSchedule) -> tuple[FieldChange, ...]:
    """Say in which fields a live schedule, whosever it is, is not as a job asks for."""
    pause = pause_of(live)
    return explain_difference(live.canonical, wanted.desired.canonical) + explain_pause(
        pause, _want_pause_of(wanted, live)
    )


def _want_pause_of(wanted: Wanted, live: LiveSchedule) -> Pause:
    pause = pause_of(live)
    retirement = read_retirement(pause)
    return want_pause(retirement.before if retirement else pause, wanted.desired.paused)


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


def hold_failed(name: str, wanted: Wanted | None, error: JobspecError) -> Held:
    """Say that nothing can be decided about a schedule, since it could not be read."""
    reason, hint = HeldReason.FAILED, ""
    if isinstance(error, ForeignScheduleError):
        reason, hint = HeldReason.FOREIGN, "rename the job"
    elif isinstance(error, MalformedScheduleError):
        then = "; the next apply creates it anew" if wanted else ""
        hint = f"delete it with `temporal schedule delete --schedule-id {name}`{then}"
    return Held(
        name=name,
        reason=reason,
        message=str(error),
        hint=hint,
        source=wanted.source if wanted else None,
    )
