"""Taking a schedule over: what `adopt` would do, as data.

It writes the project's mark and nothing else; what else differs is the next plan's business.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jobspec.errors import JobspecError, ScheduleNotFoundError
from jobspec.live.canonical import uncommented
from jobspec.planning.decisions import collect, hold_failed, hold_foreign
from jobspec.planning.diff import explain_difference
from jobspec.planning.pauses import pause_of, want_pause
from jobspec.planning.plan import Action, Change, Reason, Unchanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jobspec.live.schedules import LiveSchedule
    from jobspec.planning.plan import Decision, Plan, Terms, Wanted


def plan_adoption(name: str, wanted: Wanted, live: LiveSchedule, *, terms: Terms, former: str | None) -> Decision:
    """Decide whether a foreign schedule may be taken over, or one that bears a former id of ours gets the present one.

    Args:
        name: The job's name.
        wanted: What the specs say.
        live: What Temporal has.
        terms: Ownership.
        former: The mark of the project to take it from; None for an unmarked schedule.
    """
    if live.project == terms.project or (live.project in terms.owners and live.project != former):
        return Unchanged(name=name)
    if live.project != former:
        return hold_foreign(name, wanted.source, live.project)
    return Change(
        name=name,
        action=Action.ADOPT,
        reason=Reason.REQUESTED,
        source=wanted.source,
        fields=explain_difference(live.canonical, wanted.desired.canonical),
        before=live.canonical,
        after=live.canonical,
        pause=pause_of(live),
    )


def plan_adoptions(
    names: Iterable[str],
    wanted: Mapping[str, Wanted],
    live: Mapping[str, LiveSchedule | JobspecError],
    *,
    terms: Terms,
    former: str | None,
    namespace: str,
) -> Plan:
    """Plan to take over the named schedules.

    Args:
        names: Jobs with a schedule in the specs.
        wanted: What the specs say, by name.
        live: What was read, by name.
        terms: Ownership.
        former: The mark of the project to take from; None for unmarked schedules.
        namespace: For the record.
    """
    decisions = [_adopt_or_hold(name, wanted[name], live.get(name), terms, former) for name in sorted(names)]
    return collect(decisions, terms=terms, namespace=namespace)


def _adopt_or_hold(
    name: str, wanted: Wanted, live: LiveSchedule | JobspecError | None, terms: Terms, former: str | None
) -> Decision:
    if live is None:
        live = ScheduleNotFoundError("there is no schedule of that name; `jobspec apply` creates it")
    if isinstance(live, JobspecError):
        return hold_failed(name, wanted, live)
    return plan_adoption(name, wanted, live, terms=terms, former=former)


def is_as_wanted(wanted: Wanted, live: LiveSchedule) -> bool:
    """Whether taking a foreign schedule over would leave nothing to change but comments."""
    before, after = live.canonical, wanted.desired.canonical
    pause = pause_of(live)
    return (
        replace(before, calendars=uncommented(before.calendars))
        == replace(after, calendars=uncommented(after.calendars))
        and want_pause(pause, wanted.desired.paused) == pause
    )
