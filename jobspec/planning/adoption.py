"""Taking a schedule over: what `adopt` would do, as data.

It writes the project's mark and nothing else; what else differs is the next plan's business.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jobspec.errors import JobspecError, ScheduleNotFoundError
from jobspec.planning.decide import hold_failed, hold_foreign
from jobspec.planning.diff import explain_difference
from jobspec.planning.pauses import decide_pause, pause_of
from jobspec.planning.plan import Action, Change, Reason, Unchanged
from jobspec.planning.planner import collect
from jobspec.temporal.schedules.canonical import uncommented

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jobspec.planning.desired import Desired
    from jobspec.planning.observe import Observed
    from jobspec.planning.plan import Decision, Plan
    from jobspec.planning.planner import Terms
    from jobspec.temporal.schedules.gateway import LiveSchedule


def plan_adoption(name: str, desired: Desired, live: LiveSchedule, *, terms: Terms, former: str | None) -> Decision:
    """Decide whether a foreign schedule may be taken over, or one that bears a former id of ours gets the present one.

    Args:
        name: The job's name.
        desired: What the specs say.
        live: What Temporal has.
        terms: Ownership.
        former: The mark of the project to take it from; None for an unmarked schedule.
    """
    if live.project == terms.project or (live.project in terms.owners and live.project != former):
        return Unchanged(name=name)
    if live.project != former:
        return hold_foreign(name, desired.source, live.project)
    return Change(
        name=name,
        action=Action.ADOPT,
        reason=Reason.REQUESTED,
        source=desired.source,
        fields=explain_difference(live.canonical, desired.canonical),
        before=live.canonical,
        after=live.canonical,
        pause=pause_of(live),
    )


def plan_adoptions(
    names: Iterable[str],
    desired: Mapping[str, Desired],
    live: Mapping[str, Observed],
    *,
    terms: Terms,
    former: str | None,
) -> Plan:
    """Plan to take over the named schedules.

    Args:
        names: Jobs with a schedule in the specs.
        desired: What the specs say, by name.
        live: What was read, by name.
        terms: Ownership.
        former: The mark of the project to take from; None for unmarked schedules.
    """
    decisions = [_adopt_or_hold(name, desired[name], live.get(name), terms, former) for name in sorted(names)]
    return collect(decisions, terms)


def _adopt_or_hold(name: str, desired: Desired, live: Observed | None, terms: Terms, former: str | None) -> Decision:
    if live is None:
        live = ScheduleNotFoundError("there is no schedule of that name; `jobspec apply` creates it")
    if isinstance(live, JobspecError):
        return hold_failed(name, desired, live)
    return plan_adoption(name, desired, live, terms=terms, former=former)


def is_as_desired(desired: Desired, live: LiveSchedule) -> bool:
    """Whether taking a foreign schedule over would leave nothing to change but comments."""
    before, after = live.canonical, desired.canonical
    pause = pause_of(live)
    return (
        replace(before, calendars=uncommented(before.calendars))
        == replace(after, calendars=uncommented(after.calendars))
        and decide_pause(pause, desired.paused) == pause
    )
