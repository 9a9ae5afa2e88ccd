"""Which of the changes that are needed are not made now, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jobspec.errors import report_bug
from jobspec.planning.plan import Action, Held, HeldReason
from jobspec.reconcile.report import Cause, Withheld

if TYPE_CHECKING:
    from jobspec.planning.guards import Refusal
    from jobspec.planning.plan import Change, Plan
    from jobspec.planning.planner import Planned
    from jobspec.reconcile.contention import Contended, Contention
    from jobspec.reconcile.settings import DaemonSettings

REMOVALS = frozenset({Action.RETIRE, Action.DELETE})


def admit(
    planned: Planned, *, settings: DaemonSettings, is_confirmed: bool, contention: Contention, now: float
) -> tuple[Plan, dict[str, Withheld]]:
    """Split a plan into what is done and what is not.

    A guard withholds removals alone: the rest of the jobs need not wait until somebody has looked.

    Args:
        planned: The plan and what the guards say.
        settings: Whether anything may be written, and jobs may go.
        is_confirmed: Whether the files were found the same twice.
        contention: What others keep changing back.
        now: The time, by the clock of `contention`.

    Returns:
        The plan of what is done, with what failed here among what is held, and by name what is not done.
    """
    withheld: dict[str, Withheld] = {}
    failed: list[Held] = []
    for change in planned.plan.changes:
        try:
            found = (
                _withhold_removal(change, planned.refusals, settings, is_confirmed=is_confirmed)
                or _withhold_contended(change, contention.judge(change, now), now)
                or _withhold_all(change, settings)
            )
        except Exception as error:  # noqa: BLE001  what one change brings out is its failure alone
            message = str(report_bug(f"decide whether to {change.action} `{change.name}` now", error))
            failed.append(Held(name=change.name, reason=HeldReason.FAILED, message=message))
            continue
        if found:
            withheld[change.name] = found
    skipped = withheld.keys() | {held.name for held in failed}
    kept = tuple(change for change in planned.plan.changes if change.name not in skipped)
    return replace(planned.plan, changes=kept, held=(*planned.plan.held, *failed)), withheld


def _withhold_removal(
    change: Change, refusals: tuple[Refusal, ...], settings: DaemonSettings, *, is_confirmed: bool
) -> Withheld | None:
    if change.action not in REMOVALS:
        return None
    if not settings.prunes:
        message = "no spec names it, and this daemon retires and deletes nothing (--no-prune)"
        return Withheld(change=change, cause=Cause.PRUNE_OFF, message=message)
    if refusals:
        said = "; ".join(refusal.message for refusal in refusals)
        allowed = " ".join(refusal.override for refusal in refusals)
        message = f"no spec names it, but {said}; if this is meant, run `jobspec apply {allowed}`"
        return Withheld(change=change, cause=Cause.GUARD, message=message)
    if not is_confirmed:
        message = "no spec names it; it goes when a second look at the files agrees"
        return Withheld(change=change, cause=Cause.UNCONFIRMED, message=message)
    return None


def _withhold_contended(change: Change, contended: Contended | None, now: float) -> Withheld | None:
    if contended is None or contended.until <= now:
        return None
    message = (
        f"somebody else who writes for this project has changed it back {contended.reverted} times; look for a second "
        f"daemon or pipeline with other specs; next attempt in {max(contended.until - now, 1):.0f}s"
    )
    return Withheld(change=change, cause=Cause.CONTENDED, message=message, until=contended.until)


def _withhold_all(change: Change, settings: DaemonSettings) -> Withheld | None:
    if not settings.is_dry_run:
        return None
    message = f"it would be written ({change.action.value}, {change.reason.value}), but this is a dry run"
    return Withheld(change=change, cause=Cause.DRY_RUN, message=message)
