"""What became of a plan, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobspec.planning.plan import Action
from jobspec.render.terminal import escape, to_ascii

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobspec.render.plan_documents import OutcomeDocument

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
