"""Plans that were saved to be applied later: what was planned, held against what would be done now.

Time alone makes no plan stale. When a retired job will be deleted, how a job runs next and what an operator paused are
no part of it, and a deletion that fell due meanwhile waits for the next apply.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobspec.planning.disclosure import Privacy, show_fields
from jobspec.planning.pauses import read_retirement
from jobspec.planning.plan import Action

if TYPE_CHECKING:
    from collections.abc import Collection

    from jobspec.planning.digests import Digester
    from jobspec.planning.plan import Change, Plan
    from jobspec.planning.planner import Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is to be done to one schedule, without any of its values.

    Attributes:
        name: The job's name.
        action: What is done.
        fields: The fields that differ, by the names under which they are shown.
        spec: The digest of the spec; None where no spec wants the schedule.
        live: The digest of the live schedule; None where there is none.
    """

    name: str
    action: Action
    fields: tuple[str, ...]
    spec: str | None
    live: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intents:
    """A plan, without any of its values.

    Attributes:
        changes: What is to be done, in name order.
        retired: Jobs that are retired already and wait for the end of their grace time.
    """

    changes: tuple[Intent, ...]
    retired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One job of which something else would be done now.

    Attributes:
        name: The job's name.
        message: Why.
        planned: What was planned; None for nothing.
        needed: What would be done now; None for nothing.
    """

    name: str
    message: str
    planned: Intent | None
    needed: Intent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A plan of now, held against a saved one.

    Attributes:
        plan: What is left to do of the saved one.
        settled: What is so already.
        postponed: Deletions that fell due meanwhile and are not done.
        differences: What would be done differently; the saved plan is stale if there is any.
    """

    plan: Plan
    settled: tuple[Intent, ...] = ()
    postponed: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


def make_intents(planned: Planned, digester: Digester, privacy: Privacy) -> Intents:
    """Take from a plan what a saved one needs.

    Args:
        planned: The plan.
        digester: Makes its digests.
        privacy: What must not be told, so that fields have the names under which they are shown.
    """
    changes = tuple(_make_intent(change, planned, digester, privacy) for change in planned.plan.changes)
    return Intents(changes=changes, retired=planned.plan.retired)


def _make_intent(change: Change, planned: Planned, digester: Digester, privacy: Privacy) -> Intent:
    desired = planned.desired.get(change.name)
    fields = show_fields(change, replace(privacy, shows_input=False))
    return Intent(
        name=change.name,
        action=change.action,
        fields=tuple(field.field for field in fields),
        spec=digester.of_spec(desired) if desired else None,
        live=digester.of_live(change.before) if change.before else None,
    )


def drop_due(plan: Plan, *, retired: frozenset[str]) -> tuple[Plan, tuple[str, ...]]:
    """Take the deletions of retired jobs out of a plan whose grace time is over.

    Args:
        plan: What would be done.
        retired: The jobs that are meant.

    Returns:
        The rest of the plan, and what was taken out.
    """
    due = tuple(change.name for change in plan.changes if change.name in retired and _is_due(change))
    return replace(plan, changes=tuple(change for change in plan.changes if change.name not in due)), due


def list_due(plan: Plan) -> frozenset[str]:
    """List the jobs that a plan deletes because their grace time is over."""
    return frozenset(change.name for change in plan.changes if _is_due(change))


def _is_due(change: Change) -> bool:
    return change.action is Action.DELETE and read_retirement(change.pause) is not None


def compare(saved: Intents, planned: Planned, digester: Digester, privacy: Privacy) -> Comparison:
    """Hold a plan of now against a saved one, job by job.

    Args:
        saved: The saved one.
        planned: The plan of now.
        digester: See `make_intents`; the same as then.
        privacy: See `make_intents`.
    """
    then = {intent.name: intent for intent in saved.changes}
    # What was to be retired, and was by somebody else, may be due by now as well as what was retired then.
    waited = {*saved.retired, *(name for name, intent in then.items() if intent.action is Action.RETIRE)}
    plan, postponed = drop_due(planned.plan, retired=frozenset(waited))
    now = {intent.name: intent for intent in make_intents(replace(planned, plan=plan), digester, privacy).changes}
    held = {each.name: each.message for each in plan.held}
    settled: list[Intent] = []
    differences: list[Difference] = []
    for name in sorted(then.keys() | now.keys()):
        before, after = then.get(name), now.get(name)
        is_done = before is not None and after is None and name not in held
        if before is not None and is_done and _is_settled(before, planned, postponed, digester):
            settled.append(before)
        elif before != after:
            message = f"it is held now: {held[name]}" if name in held else _explain(before, after, planned, digester)
            differences.append(Difference(name=name, message=message, planned=before, needed=after))
    return Comparison(plan=plan, settled=tuple(settled), postponed=postponed, differences=tuple(differences))


def _is_settled(intent: Intent, planned: Planned, postponed: Collection[str], digester: Digester) -> bool:
    """Whether nothing is to be done because all is as it was to become, or because the job's last run is past."""
    if intent.action is Action.RETIRE and intent.name not in {*planned.plan.retired, *postponed}:
        return False
    return intent.spec == _digest_spec(intent.name, planned, digester)


def _digest_spec(name: str, planned: Planned, digester: Digester) -> str | None:
    desired = planned.desired.get(name)
    return digester.of_spec(desired) if desired else None


def _explain(before: Intent | None, after: Intent | None, planned: Planned, digester: Digester) -> str:
    if before is None:
        return "it was not in the plan"
    reasons = []
    name = before.name
    if before.spec != _digest_spec(name, planned, digester):
        reasons.append("its spec has changed" if name in planned.desired else "no spec wants it any more")
    if after is not None and before.live != after.live:
        reasons.append("its live schedule has changed")
    return " and ".join(reasons) or ("what it needs has changed" if after else "it is not there any more")
