"""Renamed jobs: to Temporal the old schedule goes and another comes, and who reviews that should be told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from jobspec.planning.plan import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobspec.live.canonical import CanonicalSchedule
    from jobspec.planning.plan import Plan


def find_renames(plan: Plan) -> Mapping[str, str]:
    """Find jobs that come under a new name and are otherwise as one that goes.

    Returns:
        By the new name the old one; where several jobs are alike, none of them.
    """
    comes: dict[CanonicalSchedule, list[str]] = defaultdict(list)
    goes: dict[CanonicalSchedule, list[str]] = defaultdict(list)
    for change in plan.changes:
        if change.action is Action.CREATE and change.after is not None:
            comes[_leave_out_name(change.after, change.name)].append(change.name)
        elif change.action in (Action.RETIRE, Action.DELETE) and change.before is not None:
            goes[_leave_out_name(change.before, change.name)].append(change.name)
    return {new[0]: goes[key][0] for key, new in comes.items() if len(new) == len(goes.get(key, ())) == 1}


def _leave_out_name(schedule: CanonicalSchedule, name: str) -> CanonicalSchedule:
    """Leave out what follows a job's name by default."""
    return replace(schedule, workflow_id="") if schedule.workflow_id == name else schedule
