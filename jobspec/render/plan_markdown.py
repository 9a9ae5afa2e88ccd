"""A plan as Markdown for one comment in a code review.

What goes and what is held stands open, the rest is folded. All text from specs or from Temporal stands in code, where
no Markdown, HTML, mention or reference means anything (https://github.github.com/gfm/).
"""

from __future__ import annotations

import re
from html import escape as escape_html
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
from jobspec.render.terminal import cut, escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.render.diagnostic_documents import DiagnosticDocument
    from jobspec.render.plan_documents import BaseDocument, ChangeDocument, FieldDocument, HeldDocument, PlanDocument

MOST_BYTES = 60_000
"""How long a comment is at most, in UTF-8; GitHub takes 65,536 characters, and others may wish to add a line."""

_RUNS = re.compile("`+")
_LEFT_OUT = "What is left out here is in the output of `jobspec plan`."
_SENTENCE_BYTES = 80
"""Room for one sentence that says how many items are left out."""
_MOST_SENTENCES = 8
_LEAVING = (Action.DELETE, Action.RETIRE)
_VALUE_COLUMNS = 500
_EFFECT_COLUMNS = 120
_NAMES_IN_TITLE = 3
_OPEN_WARNINGS = 10
"""More of them would push what changes out of sight."""


def render_markdown(plan: PlanDocument, *, most_bytes: int = MOST_BYTES) -> str:
    """Write a plan as Markdown that is no longer than one comment may be.

    What does not fit is left out by whole items, and how many those are is said. Of jobs that go, all names are told
    before anything else is.

    Args:
        plan: Its document.
        most_bytes: How long the text may be, in UTF-8.
    """
    tail = f"Plan checksum: {code(plan.checksum)}" if plan.checksum and plan.changes else ""
    page = Page(most_bytes, tail=tail)
    page.add("\n".join(_head(plan)))
    leaving = [change for action in _LEAVING for change in plan.changes if change.action is action]
    page.add_open("Leaving", [_change(each, plan) for each in leaving], short=[_name(each) for each in leaving])
    page.add_open("Held", [_held(held) for held in plan.held], short=[])
    mistakes, warnings = [
        [_mistake(found) for found in plan.diagnostics if (found.severity is Severity.ERROR) is is_error]
        for is_error in (True, False)
    ]
    page.add_open("Mistakes", mistakes, short=[])
    is_open = len(warnings) <= _OPEN_WARNINGS
    page.add_open("Warnings", warnings if is_open else [], short=[])
    for action in ORDER:
        changes = [change for change in plan.changes if change.action is action and action not in _LEAVING]
        page.add_folded(_title(action, changes), f"to {action}", [_change(each, plan) for each in changes])
    page.add_folded(f"{len(warnings)} warnings", "warnings", [] if is_open else warnings)
    return page.finish()


def make_marker(plan: PlanDocument) -> str:
    """Make the line by which a program finds the comment that it wrote before; readers do not see it."""
    place = f"{plan.project}/{plan.environment}" if plan.environment else plan.project
    return f"<!-- jobspec-plan: {place} -->"


def _head(plan: PlanDocument) -> Iterator[str]:
    yield make_marker(plan)
    environment = f", environment {code(plan.environment)}" if plan.environment else ""
    namespace = f", namespace {code(plan.namespace)}" if plan.namespace is not None else ""
    yield f"### Plan for project {code(plan.project)}{environment}{namespace}"
    yield ""
    changes, held, rest = summarize_counts(plan)
    said = "; ".join(filter(None, [changes, held]))
    yield " ".join(filter(None, [f"**{said or 'No changes'}.**", f"{rest[:1].upper()}{rest[1:]}." if rest else ""]))
    if plan.base:
        yield from _say_base(plan.base)
    for refusal in plan.refusals:
        yield ""
        yield f"**Refused:** {code(refusal.message)}; to allow it, add {code(refusal.override)}."
    if plan.changes and any(found.severity is Severity.ERROR for found in plan.diagnostics):
        yield ""
        yield "**The specs have mistakes,** so `jobspec apply` will write nothing of this without `--keep-going`."


def _say_base(base: BaseDocument) -> Iterator[str]:
    server = "with the server; reasons tell drift from what changes since" if base.live else "with"
    yield f"Compared {server} {code(cut(escape(base.ref), _EFFECT_COLUMNS))} at {code(base.commit[:7])}."
    for note in base.notes:
        yield f"Note: {code(note)}."
    if base.diagnostics:
        yield f"There are mistakes at {code(base.commit[:7])}, so not all jobs of then are known."


def _title(action: Action, changes: Sequence[ChangeDocument]) -> str:
    names = ", ".join(f"<code>{escape_html(escape(change.name))}</code>" for change in changes[:_NAMES_IN_TITLE])
    more = ", …" if len(changes) > _NAMES_IN_TITLE else ""
    return f"{len(changes)} to {action}: {names}{more}"


def _name(change: ChangeDocument) -> str:
    return f"- **{change.action}** {code(change.name)}"


def _change(change: ChangeDocument, plan: PlanDocument) -> str:
    place = f" {code(f'{change.source.file}:{change.source.line}')}" if change.source else ""
    head = f"**{change.action}** {code(change.name)} ({change.reason}){place}"
    lines = list(_lines(change, plan))
    return f"{head}\n{fence(lines, 'diff')}" if lines else head


def _lines(change: ChangeDocument, plan: PlanDocument) -> Iterator[str]:
    sign = "-" if change.action in _LEAVING else " "
    yield from (f"{sign} {sentence}" for sentence in say_more(change, plan))
    for field in change.fields:
        yield from _field(field, is_new=is_all_told(change))
    if change.effects:
        for line in render_effects(change.effects, width=_EFFECT_COLUMNS):
            yield f"{'!' if line.startswith('note:') else ' '} {line}"


def _field(field: FieldDocument, *, is_new: bool) -> Iterator[str]:
    name = cut(escape(field.field), _EFFECT_COLUMNS)
    drift = "  (drift)" if field.drift else ""
    if field.hidden:
        yield f"! {name}: {tell_hidden(is_new=is_new)}{drift}"
        return
    before, after = show_sides(field, 2 * _VALUE_COLUMNS)
    if before is not None:
        yield f"- {name}: {before}{drift}"
    if after is not None:
        yield f"+ {name}: {after}{drift}"


def _held(held: HeldDocument) -> str:
    place = f" {code(f'{held.source.file}:{held.source.line}')}" if held.source else ""
    lines = [f"! {escape(held.message)}", *([f"  hint: {escape(held.hint)}"] if held.hint else [])]
    return f"**held** {code(held.name)} ({held.reason}){place}\n{fence(lines, 'diff')}"


def _mistake(found: DiagnosticDocument) -> str:
    numbers = [str(number) for number in (found.place.line, found.place.column) if number]
    place = ":".join([found.place.file, *numbers])
    hint = f"\n  hint: {escape(found.hint)}" if found.hint else ""
    lines = f"{escape(place)}: {found.severity}[{found.code}]: {escape(found.message)}{hint}"
    return fence(lines.split("\n"), "text")


def code(text: str) -> str:
    """Write text as a code span, whatever it holds."""
    shown = escape(text) or " "
    mark = "`" * (_longest_run(shown) + 1)
    # A space on each side is taken away again (GFM 6.3), so one more keeps spaces and backticks of the text's own.
    needs_space = shown[0] in "` " or shown[-1] in "` "
    return f"{mark} {shown} {mark}" if needs_space and shown.strip() else f"{mark}{shown}{mark}"


def fence(lines: Sequence[str], language: str) -> str:
    """Write lines as a code block; none of them may hold a newline."""
    mark = "`" * max(3, *(_longest_run(line) + 1 for line in lines), 3)
    return "\n".join([f"{mark}{language}", *lines, mark])


def _longest_run(text: str) -> int:
    return max(map(len, _RUNS.findall(text)), default=0)


class Page:
    """Gathers blocks until they are as long as they may be.

    Args:
        most_bytes: How long the text may be, in UTF-8.
        tail: The last block, for which room is kept.
    """

    def __init__(self, most_bytes: int, *, tail: str) -> None:
        self._blocks: list[str] = []
        self._tail = tail
        self._is_cut = False
        kept = _size(tail) + _size(_LEFT_OUT) + _MOST_SENTENCES * _SENTENCE_BYTES
        self._room = most_bytes - kept

    def add(self, block: str) -> None:
        """Add a block that has to be there."""
        self._blocks.append(block)
        self._room -= _size(block)

    def add_open(self, heading: str, items: Sequence[str], *, short: Sequence[str]) -> None:
        """Add items that everybody sees.

        Args:
            heading: What they are.
            items: The items.
            short: The same ones in few words, for the case that they do not all fit; else as many as fit are taken.
        """
        if not items:
            return
        head = f"#### {heading}"
        fitting = self._count(items, _size(head))
        if fitting == len(items) or not short:
            self._add(head, items[:fitting], len(items), heading.lower())
            return
        listed = self._count(["\n".join(short)], _size(head))
        names = short if listed else short[: self._count(short, _size(head))]
        self._add(head, ["\n".join(names)] if names else [], len(items), heading.lower(), shown=len(names))

    def add_folded(self, title: str, what: str, items: Sequence[str]) -> None:
        """Add items that a reader has to unfold.

        Args:
            title: What they are, as HTML.
            what: What they are, for the case that not all of them fit.
            items: The items.
        """
        if not items:
            return
        start, end = f"<details>\n<summary>{title}</summary>", "</details>"
        fitting = self._count(items, _size(start) + _size(end))
        if fitting:
            for block in (start, *items[:fitting], end):
                self.add(block)
        self._say_left_out(len(items) - fitting, what)

    def finish(self) -> str:
        """Give the text."""
        blocks = [*self._blocks, *([_LEFT_OUT] if self._is_cut else []), *([self._tail] if self._tail else [])]
        return "\n\n".join(blocks) + "\n"

    def _add(self, head: str, items: Sequence[str], total: int, what: str, shown: int | None = None) -> None:
        self.add(head)
        for item in items:
            self.add(item)
        self._say_left_out(total - (len(items) if shown is None else shown), what)

    def _say_left_out(self, number: int, what: str) -> None:
        if number:
            self._is_cut = True
            self._blocks.append(f"**{number:,} more not shown** ({what})")  # room is kept for it

    def _count(self, items: Sequence[str], extra: int) -> int:
        """Count how many of the items fit, from the first one on."""
        room = self._room - extra
        for number, item in enumerate(items):
            room -= _size(item)
            if room < 0:
                return number
        return len(items)


def _size(block: str) -> int:
    """Tell how long a block is, with the empty line behind it."""
    return len(block.encode()) + 2 if block else 0
