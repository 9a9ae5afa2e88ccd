"""What became of a plan: as a versioned JSON document, and as text for people written from that."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from jobspec.planning.apply import Outcome
from jobspec.planning.plan import Action
from jobspec.render.documents import KIND, JsonDocument, Version
from jobspec.render.plan_documents import PlanDocument
from jobspec.render.saved_plans import DifferenceDocument
from jobspec.render.terminal import escape, to_ascii

DONE_WORDS = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.RETIRE: "retired",
    Action.RESTORE: "restored",
    Action.DELETE: "deleted",
    Action.ADOPT: "adopted",
}
_WORD_COLUMNS = max(map(len, [*DONE_WORDS.values(), "unchanged", "conflict"]))
_SUMMARY_ORDER = (*DONE_WORDS.values(), "unchanged", "failed", "conflict", "skipped")


class OutcomeDocument(JsonDocument):
    """What became of one change."""

    name: str
    """The job's name, which is the Schedule ID."""

    action: Action
    """What was to be done."""

    status: Literal["done", "unchanged", "failed", "conflict", "skipped"]
    """What became of it; `unchanged`: somebody else had done it already."""

    message: str
    """Why, where it is not done."""


class ApplyDocument(JsonDocument):
    """What became of a plan."""

    kind: Annotated[Literal["apply"], KIND] = "apply"

    version: Version = 1

    plan: PlanDocument
    """What was to be done."""

    outcomes: tuple[OutcomeDocument, ...]
    """What became of each change, in name order; empty where nothing was tried."""

    stale: tuple[DifferenceDocument, ...] = ()
    """What would be done differently now than the saved plan says; where there is any, nothing was tried."""


def apply_document(
    plan: PlanDocument, outcomes: Iterable[Outcome], stale: tuple[DifferenceDocument, ...] = ()
) -> ApplyDocument:
    """Make the document of what became of a plan.

    Args:
        plan: Its document.
        outcomes: In any order.
        stale: What would be done differently now than a saved plan says.
    """
    settled = sorted(outcomes, key=lambda outcome: outcome.change.name)
    return ApplyDocument(plan=plan, outcomes=tuple(map(outcome_document, settled)), stale=stale)


def outcome_document(outcome: Outcome) -> OutcomeDocument:
    """Make the part that tells what became of one change."""
    change = outcome.change
    return OutcomeDocument(name=change.name, action=change.action, status=outcome.status.value, message=outcome.message)


def render_outcome(outcome: OutcomeDocument, *, ascii: bool = False) -> str:  # noqa: A002
    """Write one line about one change, without a newline.

    Args:
        outcome: Its document.
        ascii: Whether the output can show ASCII only.
    """
    line = f"{_word(outcome):{_WORD_COLUMNS}}  {escape(outcome.name)}"
    if outcome.status not in ("done", "unchanged"):
        line += f"  ({outcome.action.value})"
    if outcome.message and outcome.status != "done":
        line += f": {escape(outcome.message)}"
    return to_ascii(line) if ascii else line


def summarize_outcomes(outcomes: Sequence[OutcomeDocument]) -> str:
    """Count the outcomes in a line such as `3 created, 1 updated, 1 failed`."""
    words = [_word(outcome) for outcome in outcomes]
    counted = [f"{words.count(word)} {_plural(word, words.count(word))}" for word in _SUMMARY_ORDER if word in words]
    return ", ".join(counted)


def _word(outcome: OutcomeDocument) -> str:
    return DONE_WORDS[outcome.action] if outcome.status == "done" else outcome.status


def _plural(word: str, number: int) -> str:
    return "conflicts" if word == "conflict" and number != 1 else word
