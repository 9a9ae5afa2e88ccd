"""Plans and mistakes as workflow commands, which GitHub shows as annotations beside the lines that they are about.

GitHub shows ten of each level for each step and drops the rest without a word
(https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md#limitations), so what is worst comes first and
the last line says how many there are. The form is that of
https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from jobspec.diagnostics import Severity
from jobspec.planning.plan import Action
from jobspec.render.plan_text import (
    ORDER,
    is_all_told,
    render_effects,
    say_more,
    show_sides,
    summarize_counts,
    tell_hidden,
)
from jobspec.render.terminal import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jobspec.render.diagnostic_documents import DiagnosticDocument, Place
    from jobspec.render.plan_documents import ChangeDocument, HeldDocument, PlanDocument

MOST_A_LEVEL = 10
"""How many annotations of a level GitHub shows for one step."""

_LEAVING = (Action.DELETE, Action.RETIRE)
_COLUMNS = 200
_MOST_CHARACTERS = 4_000


class AnnotationLevel(StrEnum):
    """How an annotation looks."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One remark beside a line.

    Attributes:
        level: How it looks.
        title: Its heading.
        message: Its text; may have several lines.
        place: What it is about; None where that is no line of a file.
        length: How many characters are meant, from the column on.
    """

    level: AnnotationLevel
    title: str
    message: str
    place: Place | None = None
    length: int = 0


def annotate_plan(plan: PlanDocument, *, prefix: str = "") -> str:
    """Write a plan as workflow commands.

    Args:
        plan: Its document.
        prefix: The project's directory from the top of the repository, with a slash at its end; empty for the top.
    """
    counted = "; ".join(filter(None, summarize_counts(plan))) or "nothing to change"
    return _write(list(_annotate_plan(plan)), prefix, f"jobspec plan: {counted}.")


def annotate_diagnostics(diagnostics: Sequence[DiagnosticDocument], *, prefix: str = "", summary: str) -> str:
    """Write mistakes as workflow commands.

    Args:
        diagnostics: The mistakes.
        prefix: See :func:`annotate_plan`.
        summary: The last line.
    """
    return _write([_annotate_mistake(found) for found in diagnostics], prefix, summary)


def defuse(text: str) -> str:
    """Make text for people one in which a runner finds no workflow command, whoever wrote what it quotes.

    It looks for `::` at the beginning of a line, leading spaces aside, and for `##[` anywhere
    (actions/runner, src/Runner.Common/ActionCommand.cs).
    """
    lines = text.replace("##[", "## [").split("\n")
    return "\n".join(f". {line}" if line.lstrip().startswith("::") else line for line in lines)


def _annotate_plan(plan: PlanDocument) -> Iterator[Annotation]:
    yield from (_annotate_mistake(found) for found in plan.diagnostics if found.severity is Severity.ERROR)
    for refusal in plan.refusals:
        message = f"{refusal.message}\nto allow it, add {refusal.override}"
        yield Annotation(level=AnnotationLevel.ERROR, title=f"refused: {refusal.guard}", message=message)
    for action in ORDER:
        chosen = [change for change in plan.changes if change.action is action]
        yield from (_annotate_change(change, plan) for change in chosen)
    yield from map(_annotate_held, plan.held)
    yield from (_annotate_mistake(found) for found in plan.diagnostics if found.severity is not Severity.ERROR)


def _annotate_mistake(found: DiagnosticDocument) -> Annotation:
    level = AnnotationLevel.ERROR if found.severity is Severity.ERROR else AnnotationLevel.WARNING
    message = f"{found.message}\nhint: {found.hint}" if found.hint else found.message
    return Annotation(level=level, title=found.code, message=message, place=found.place, length=found.length)


def _annotate_held(held: HeldDocument) -> Annotation:
    message = f"{held.message}\nhint: {held.hint}" if held.hint else held.message
    return Annotation(level=AnnotationLevel.WARNING, title=f"held: {held.name}", message=message, place=held.source)


def _annotate_change(change: ChangeDocument, plan: PlanDocument) -> Annotation:
    level = AnnotationLevel.WARNING if change.action in _LEAVING else AnnotationLevel.NOTICE
    message = "\n".join(_tell(change, plan)) or change.reason.value
    return Annotation(level=level, title=f"{change.action}: {change.name}", message=message, place=change.source)


def _tell(change: ChangeDocument, plan: PlanDocument) -> Iterator[str]:
    yield from say_more(change, plan)
    is_new = is_all_told(change)
    for field in change.fields:
        drift = "  (drift)" if field.drift else ""
        if field.hidden:
            yield f"{escape(field.field)}: {tell_hidden(is_new=is_new)}{drift}"
            continue
        before, after = show_sides(field, _COLUMNS)
        value = after if is_new else f"{before or 'none'} → {after or 'none'}"
        yield f"{escape(field.field)}: {value}{drift}"
    if change.effects:
        yield from render_effects(change.effects, width=_COLUMNS)


def _write(annotations: Sequence[Annotation], prefix: str, summary: str) -> str:
    lines = []
    left_out = []
    for level in AnnotationLevel:
        chosen = [each for each in annotations if each.level is level]
        lines += [_make_command(each, prefix) for each in chosen[:MOST_A_LEVEL]]
        if len(chosen) > MOST_A_LEVEL:
            left_out.append(f"{len(chosen) - MOST_A_LEVEL} more of {len(chosen)} {level}s")
    if left_out:
        summary = f"{summary.removesuffix('.')}; not annotated: {', '.join(left_out)}."
    return "\n".join(filter(None, [*lines, summary])) + "\n"


def _make_command(annotation: Annotation, prefix: str) -> str:
    properties = [*_list_properties(annotation, prefix), ("title", annotation.title)]
    said = ",".join(f"{name}={_escape_property(value)}" for name, value in properties)
    lines = [escape(line) for line in annotation.message.split("\n")]
    return f"::{annotation.level} {said}::{_escape_data(_shorten(lines))}"


def _list_properties(annotation: Annotation, prefix: str) -> Iterator[tuple[str, str]]:
    place = annotation.place
    if place is None:
        return
    yield "file", f"{prefix}{place.file}"
    if place.line:
        yield "line", str(place.line)
    if place.line and place.column:
        yield "col", str(place.column)
        yield "endColumn", str(place.column + max(annotation.length, 1))


def _shorten(lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"


def _escape_data(text: str) -> str:
    """Escape as the runner undoes it (actions/toolkit, packages/core/src/command.ts, `escapeData`)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(escape(text)).replace(":", "%3A").replace(",", "%2C")
