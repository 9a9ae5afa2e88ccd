"""Guards: rules that refuse a plan before anything is written.

A guard looks at a plan and at how its specs were loaded, never at Temporal. It
names the exact words that override it; no word overrides all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobspec.errors import UsageError
from jobspec.planning.pauses import read_retirement
from jobspec.planning.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobspec.planning.plan import Change, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A guard that holds.

    Attributes:
        guard: Its name, `empty` or `deletes`.
        message: What it saw.
        override: The option that lets this plan pass.
    """

    guard: str
    message: str
    override: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """What the caller lets pass.

    Attributes:
        empty: Whether specs without a single job may be applied.
        deletes: How many jobs may go at once; None leaves it to the project.
    """

    empty: bool = False
    deletes: int | None = None


def parse_allowances(texts: Iterable[str]) -> Allowances:
    """Read `--allow` options: `empty` and `deletes=N`.

    Raises:
        UsageError: It is neither.
    """
    empty, deletes = False, None
    for text in texts:
        name, _, number = text.partition("=")
        if text == "empty":
            empty = True
        elif name == "deletes" and number.isascii() and number.isdigit():
            deletes = int(number)
        else:
            raise UsageError(f"`--allow {text}` allows nothing; write `--allow empty` or `--allow deletes=25`")
    return Allowances(empty=empty, deletes=deletes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecsFound:
    """How the specs were found.

    Attributes:
        missing_roots: Spec directories that do not exist.
        is_empty: Whether they hold not one job, good or bad.
    """

    missing_roots: tuple[str, ...] = field(default=())
    is_empty: bool = False


def check(plan: Plan, *, found: SpecsFound, max_deletes: int | None, allowances: Allowances) -> tuple[Refusal, ...]:
    """Ask every guard.

    Args:
        plan: What would be done.
        found: How the specs were found.
        max_deletes: How many jobs may go at once, by the project file; None for any number.
        allowances: What the caller lets pass.
    """
    refusals = [_guard_empty(found, allowances), _guard_deletes(plan, max_deletes, allowances)]
    return tuple(refusal for refusal in refusals if refusal)


def _guard_empty(found: SpecsFound, allowances: Allowances) -> Refusal | None:
    if allowances.empty or not (found.missing_roots or found.is_empty):
        return None
    if found.missing_roots:
        names = " and ".join(f"`{root}`" for root in found.missing_roots)
        said = "directory {} does" if len(found.missing_roots) == 1 else "directories {} do"
        message = f"the spec {said.format(names)} not exist"
    else:
        message = "the specs hold not one job"
    return Refusal(guard="empty", message=message, override="--allow empty")


def _guard_deletes(plan: Plan, max_deletes: int | None, allowances: Allowances) -> Refusal | None:
    limit = max_deletes if allowances.deletes is None else allowances.deletes
    going = sum(map(_counts_as_delete, plan.changes))
    if limit is None or going <= limit:
        return None
    message = f"{going} {'job' if going == 1 else 'jobs'} would go, more than the {limit} that may go at once"
    return Refusal(guard="deletes", message=message, override=f"--allow deletes={going}")


def _counts_as_delete(change: Change) -> bool:
    """Count what leaves now; a deletion after its grace time was counted when it was retired."""
    if change.action is Action.RETIRE:
        return True
    return change.action is Action.DELETE and read_retirement(change.pause) is None
