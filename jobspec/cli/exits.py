"""Exit codes: one table for all commands, and everything that decides which of them a command ends with."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

import click

from jobspec.errors import BugError, ConflictError, JobspecError, RefusedError, UnreachableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from jobspec.planning.apply import Outcome
    from jobspec.planning.plan import Plan
    from jobspec.reconcile.report import Report


class ExitCode(IntEnum):
    """What the end of a command means; when several codes hold, the first in this order is given."""

    USAGE = 64
    BUG = 70
    UNREACHABLE = 69
    FAILED = 1
    REFUSED = 3
    CONFLICT = 4
    PARTIAL = 5
    CHANGES = 2
    OK = 0
    INTERRUPTED = 130


def pick(codes: Iterable[ExitCode]) -> ExitCode:
    """Pick the first of some codes in the order of the table; 0 if there are none."""
    held = set(codes)
    return next((code for code in ExitCode if code in held), ExitCode.OK)


def code_of_error(error: BaseException) -> ExitCode:
    """Say which code an exception that ends a command means; one that nobody raises on purpose is a bug."""
    return next((code for kinds, code in _CODES_OF_ERRORS if isinstance(error, kinds)), ExitCode.BUG)


_CODES_OF_ERRORS: Final[tuple[tuple[tuple[type[BaseException], ...], ExitCode], ...]] = (
    ((click.ClickException, UsageError), ExitCode.USAGE),
    ((click.Abort, KeyboardInterrupt), ExitCode.INTERRUPTED),
    ((BugError,), ExitCode.BUG),
    ((UnreachableError,), ExitCode.UNREACHABLE),
    ((RefusedError,), ExitCode.REFUSED),
    ((ConflictError,), ExitCode.CONFLICT),
    ((JobspecError,), ExitCode.FAILED),
)
"""The first line that has the exception's class counts, so the root of all errors comes last."""


def code_of_unwritten(code: ExitCode) -> ExitCode:
    """Say what a command's code becomes when some of its data could not be written to stdout."""
    return ExitCode.FAILED if code in (ExitCode.OK, ExitCode.CHANGES) else code


def code_of_files(*, has_errors: bool, is_empty: bool = False) -> ExitCode:
    """Say what a look at the spec files means, without Temporal.

    Args:
        has_errors: Whether any diagnostic is an error.
        is_empty: Whether there is no job where there has to be one: a wrong directory must not pass as valid.
    """
    return pick([ExitCode.FAILED] * has_errors + [ExitCode.REFUSED] * is_empty)


def code_of_failures(failures: Collection[JobspecError], *, done: int) -> ExitCode:
    """Say what it means that some of several independent things failed.

    Args:
        failures: Why they failed.
        done: How many succeeded.
    """
    return ExitCode.PARTIAL if failures and done else pick(map(code_of_error, failures))


def code_of_plan(plan: Plan, *, has_mistakes: bool = False, is_refused: bool = False) -> ExitCode:
    """Say what a plan means before anything is written.

    Args:
        plan: The plan.
        has_mistakes: Whether its specs have errors.
        is_refused: Whether a guard refuses it.
    """
    is_held = bool(is_refused or plan.held)
    return pick([ExitCode.FAILED] * has_mistakes + [ExitCode.REFUSED] * is_held)


def code_of_shown_plan(plan: Plan, of_plan: ExitCode, *, is_detailed: bool) -> ExitCode:
    """Say what `plan` ends with.

    Args:
        plan: The plan.
        of_plan: What it means.
        is_detailed: Whether changes have a code of their own, as `--detailed-exitcode` asks.
    """
    return pick([of_plan] + [ExitCode.CHANGES] * bool(is_detailed and plan.changes))


def code_of_outcomes(outcomes: Sequence[Outcome], of_plan: ExitCode) -> ExitCode:
    """Say what became of a plan as a whole.

    Args:
        outcomes: What became of its changes; none if nothing was tried.
        of_plan: What the plan meant before.
    """
    from jobspec.planning.apply import WriteStatus

    statuses = {outcome.status for outcome in outcomes}
    if WriteStatus.DONE not in statuses:
        return pick([of_plan, *map(_code_of_unmade, outcomes)])
    if of_plan is ExitCode.FAILED:
        return ExitCode.FAILED
    is_all = of_plan is ExitCode.OK and statuses <= {WriteStatus.DONE, WriteStatus.UNCHANGED}
    return ExitCode.OK if is_all else ExitCode.PARTIAL


def _code_of_unmade(outcome: Outcome) -> ExitCode:
    from jobspec.planning.apply import WriteStatus

    if outcome.error:
        return code_of_error(outcome.error)
    return ExitCode.CONFLICT if outcome.status is WriteStatus.CONFLICT else ExitCode.OK


def code_of_apply(plan: Plan, outcomes: Sequence[Outcome], of_plan: ExitCode, *, is_stale: bool) -> ExitCode:
    """Say what `apply` ends with.

    Args:
        plan: What was to be done.
        outcomes: What became of its changes; none if nothing was tried.
        of_plan: What the plan meant before.
        is_stale: Whether it is not the plan that was approved, so that nothing was tried.
    """
    if is_stale:
        return pick([of_plan, ExitCode.CONFLICT])
    if outcomes:
        return code_of_outcomes(outcomes, of_plan)
    return pick([of_plan] + [ExitCode.REFUSED] * bool(plan.changes))


def code_of_cycles(reports: Sequence[Report], *, is_interrupted: bool = False) -> ExitCode:
    """Say what `reconcile --once` ends with; as `apply` would after the same writes.

    Args:
        reports: What its cycles did; none if it was interrupted in the first.
        is_interrupted: Whether a signal asked it to stop.
    """
    if is_interrupted and not _is_finished(reports):
        return ExitCode.INTERRUPTED
    outcomes = [outcome for report in reports for outcome in report.outcomes]
    return code_of_outcomes(outcomes, _code_of_last(reports[-1]))


def _is_finished(reports: Sequence[Report]) -> bool:
    """Whether cycles have tried everything that they had to, so that a signal came too late to keep them from it."""
    from jobspec.planning.apply import WriteStatus

    return bool(reports) and not (
        reports[-1].unconfirmed or any(outcome.status is WriteStatus.SKIPPED for outcome in reports[-1].outcomes)
    )


def _code_of_last(last: Report) -> ExitCode:
    from jobspec.reconcile.report import Cause

    if last.planned is None:
        return code_of_error(last.error) if last.error else ExitCode.BUG
    has_mistakes = any(found.is_error for found in last.diagnostics or ())
    causes = {withheld.cause for withheld in last.withheld.values()} - {Cause.DRY_RUN, Cause.PRUNE_OFF}
    return code_of_plan(last.planned.plan, has_mistakes=has_mistakes, is_refused=bool(last.planned.refusals or causes))
