"""A plan as text for people.

What leaves comes first and is never folded; then what comes and what changes,
what is held, and what a guard refuses. Without a change "No changes." is the
first line.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jobspec.diagnostics import Severity
from jobspec.planning.pauses import Pause, spec_reason
from jobspec.planning.plan import Action, Reason
from jobspec.render.terminal import cut, cut_pair, escape, measure, pad, to_ascii
from jobspec.spec.redaction import REDACTED
from jobspec.timing.moments import tell_rate, tell_times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.render.plan_documents import (
        BaseDocument,
        ChangeDocument,
        EffectsDocument,
        FieldDocument,
        HeldDocument,
        PlanDocument,
        RefusalDocument,
        RhythmDocument,
    )

ORDER = (Action.DELETE, Action.RETIRE, Action.CREATE, Action.RESTORE, Action.ADOPT, Action.UPDATE)
"""The order in which actions are shown: what can do harm first."""

SYMBOLS = {
    Action.DELETE: "-",
    Action.RETIRE: "-",
    Action.CREATE: "+",
    Action.RESTORE: "+",
    Action.ADOPT: ">",
    Action.UPDATE: "~",
}
HELD_SYMBOL = "!"

_COLORS = {"-": "\x1b[31m", "+": "\x1b[32m", ">": "\x1b[36m", "~": "\x1b[33m", "!": "\x1b[35m"}
_RESET = "\x1b[0m"
_HOW_TO_KEEP = """\
A retired job whose spec comes back before it is deleted is restored as it was.
To keep a schedule without a spec, run `jobspec forget NAME` instead of applying this."""
_MISTAKES = """\
The specs have mistakes, so `jobspec apply` will write nothing of this without `--keep-going`."""
_INDENT = "    "
_ARROW = " → "
_DRIFT = "  (drift)"
_NONE = "none"
_WORD_COLUMNS = max(map(len, Action))
_MOST_NAME_COLUMNS = 48
_NARROWEST = 40
_BEFORE, _AFTER, _ONLY, _NOTE = "runs before:", "runs after:", "runs:", "note:"
_PAUSED = "none, paused"


def render_plan(plan: PlanDocument, *, width: int = 120, ascii: bool = False, color: bool = False) -> str:  # noqa: A002
    """Write a plan for people.

    Args:
        plan: Its document.
        width: Columns of the output; values that do not fit are cut in the middle, names never.
        ascii: Whether the output can show ASCII only.
        color: Whether to colour the symbols with ANSI escapes.
    """
    width = max(width, _NARROWEST)
    names = [change.name for change in plan.changes] + [held.name for held in plan.held]
    columns = min(max((measure(escape(name)) for name in names), default=0), _MOST_NAME_COLUMNS)
    blocks = ["\n".join(_summary(plan))]
    for action in ORDER:
        chosen = [change for change in plan.changes if change.action is action]
        blocks += ["\n".join(_change_block(change, plan, columns, width)) for change in chosen]
        if chosen and action is Action.RETIRE:
            blocks.append(_HOW_TO_KEEP)
    blocks += ["\n".join(_held_block(held, columns)) for held in plan.held]
    if plan.refusals:
        blocks.append("\n".join(_refusal_block(plan.refusals)))
    if plan.changes and any(found.severity is Severity.ERROR for found in plan.diagnostics):
        blocks.append(_MISTAKES)
    text = "\n\n".join(blocks) + "\n"
    text = to_ascii(text) if ascii else text
    return _colored(text) if color else text


def _colored(text: str) -> str:
    """Colour the lines that begin a block; all others begin with a space or a letter."""
    return "\n".join(
        f"{_COLORS[line[0]]}{line}{_RESET}" if line[:1] in _COLORS and line[1:2] == " " else line
        for line in text.split("\n")
    )


def _summary(plan: PlanDocument) -> Iterator[str]:
    where = tell_place(plan)
    changes, held, rest = summarize_counts(plan)
    if not (changes or held or plan.refusals):
        yield "No changes."
        yield f"{where[0].upper()}{where[1:]}: {rest or 'no schedules'}."
    else:
        said = "; ".join(filter(None, [changes or "nothing to change", held, rest]))
        yield f"Plan for {where}: {said}."
    for note in plan.base.notes if plan.base else ():
        yield f"Note: {escape(note)}."


def tell_place(plan: PlanDocument) -> str:
    """Say whose schedules a plan is about, where they are, and what the specs were compared with."""
    parts = [f"project {escape(plan.project)}"]
    if plan.environment:
        parts.append(f"environment {escape(plan.environment)}")
    where = ", ".join(parts)
    if plan.namespace is not None:
        where += f"{',' if plan.environment else ''} in namespace {escape(plan.namespace)}"
    return f"{where}, compared with {tell_base(plan.base)}" if plan.base else where


def tell_base(base: BaseDocument) -> str:
    """Name the commit that the specs were compared with."""
    return f"{escape(base.ref)} at {base.commit[:7]}"


def summarize_counts(plan: PlanDocument) -> tuple[str, str, str]:
    """Count changes, held schedules and the rest, each as a phrase; empty where there are none."""
    counts = plan.counts
    changes = [f"{getattr(counts, action)} to {action}" for action in ORDER if getattr(counts, action)]
    rest = {"unchanged": counts.unchanged, "completed": counts.completed, "retired already": counts.retired}
    return (
        ", ".join(changes),
        f"{counts.held} held" if counts.held else "",
        ", ".join(f"{number} {word}" for word, number in rest.items() if number),
    )


def _heading(symbol: str, word: str, name: str, columns: int, remarks: Sequence[str]) -> str:
    line = f"{symbol} {pad(word, _WORD_COLUMNS)}  {pad(escape(name), columns)}  {'  '.join(remarks)}"
    return line.rstrip()


def _change_block(change: ChangeDocument, plan: PlanDocument, columns: int, width: int) -> Iterator[str]:
    source = [f"{escape(change.source.file)}:{change.source.line}"] if change.source else []
    remarks = [change.reason.value, *source]
    yield _heading(SYMBOLS[change.action], change.action.value, change.name, columns, remarks)
    for sentence in say_more(change, plan):
        yield f"{_INDENT}{sentence}"
    yield from _field_lines(change.fields, width, is_new=is_all_told(change))
    if change.effects:
        yield from (f"{_INDENT}{line}" for line in render_effects(change.effects, width=width - len(_INDENT)))


def is_all_told(change: ChangeDocument) -> bool:
    """Whether the fields are all that is set, instead of what differs."""
    return change.action is Action.CREATE or change.reason is Reason.MENDED


def say_more(change: ChangeDocument, plan: PlanDocument) -> Iterator[str]:
    """Say in sentences what the fields of a change do not tell."""
    yield from _say_of_action(change, plan)
    if change.renamed_to is not None:
        new = escape(change.renamed_to)
        yield f"renamed to {new}, to Temporal another schedule: past runs and an operator's pause stay with this one"
    if change.renamed_from is not None:
        yield f"renamed from {escape(change.renamed_from)}"


def _say_of_action(change: ChangeDocument, plan: PlanDocument) -> Iterator[str]:
    match change.action:
        case Action.DELETE if change.retired_since:
            yield f"retired since {change.retired_since}, its grace time is over; deleted for good"
        case Action.DELETE:
            yield "deleted at once and for good, because the project has no grace time"
        case Action.RETIRE if change.delete_after is None:
            yield f"paused by the apply; deleted by the first apply {plan.grace} after that"
        case Action.RETIRE:
            yield f"paused now; deleted by the first apply after {change.delete_after}"
        case Action.RESTORE:
            yield f"retired, and back in the specs; {_say_pause(change)}"
        case Action.ADOPT:
            yield f"gets the mark of project `{escape(plan.project)}`; nothing else is written"
            if change.fields:
                yield "what the apply after that will change:"
        case _ if change.reason is Reason.MENDED:
            yield "its spec had mistakes before, so what differs is not known; all that it sets:"
        case _:
            pass


def _say_pause(change: ChangeDocument) -> str:
    if not change.pause.paused:
        return "runs again"
    reason = spec_reason(Pause(paused=True, note=change.pause.note))
    if reason is not None:
        return "paused by its spec" if reason is True else f"paused by its spec: {_show(reason)}"
    return f"stays paused: {_show(change.pause.note)}" if change.pause.note else "stays paused"


def _field_lines(fields: Sequence[FieldDocument], width: int, *, is_new: bool) -> Iterator[str]:
    names = [cut(escape(field.field), width // 2) for field in fields]
    columns = max(map(measure, names), default=0) + 1
    room = width - len(_INDENT) - columns - 1
    for name, field in zip(names, fields, strict=True):
        mark = _DRIFT if field.drift else ""
        yield f"{_INDENT}{pad(f'{name}:', columns)} {_show_field(field, room - len(mark), is_new=is_new)}{mark}"


def _show_field(field: FieldDocument, room: int, *, is_new: bool) -> str:
    if field.hidden:
        return tell_hidden(is_new=is_new)
    if is_new:
        return cut(_show_side(field, "after"), room)
    before, after = show_sides(field, room - len(_ARROW))
    return f"{before or _NONE}{_ARROW}{after or _NONE}"


def tell_hidden(*, is_new: bool) -> str:
    """Say of a field that it is not shown."""
    return f"{'set' if is_new else 'differs'}, not shown (`--show-input` shows it)"


def show_sides(field: FieldDocument, columns: int) -> tuple[str | None, str | None]:
    """Write what a field was and what it will be, so that both fit and show where they differ; None for no value."""
    sides = [_show_side(field, side) if side in field.model_fields_set else None for side in ("before", "after")]
    before, after = cut_pair(sides[0] or _NONE, sides[1] or _NONE, columns)
    return (None if sides[0] is None else before), (None if sides[1] is None else after)


def _show_side(field: FieldDocument, side: str) -> str:
    value = getattr(field, side)
    return REDACTED if field.redacted and value == REDACTED else _show(value)


def _show(value: Any) -> str:
    """Write a value as JSON on one line, with nothing in it that a terminal obeys."""
    return escape(json.dumps(value, ensure_ascii=False))


def _held_block(held: HeldDocument, columns: int) -> Iterator[str]:
    source = [f"{escape(held.source.file)}:{held.source.line}"] if held.source else []
    yield _heading(HELD_SYMBOL, "held", held.name, columns, [held.reason.value, *source])
    yield f"{_INDENT}{escape(held.message)}"
    if held.hint:
        yield f"{_INDENT}hint: {escape(held.hint)}"


def _refusal_block(refusals: Sequence[RefusalDocument]) -> Iterator[str]:
    yield "Refused, so nothing will be written:"
    for refusal in refusals:
        yield f"{_INDENT}{escape(refusal.message)}"
        yield f"{_INDENT}to allow it, add `{refusal.override}`"


def render_effects(effects: EffectsDocument, *, width: int) -> Iterator[str]:
    """Write the effects of one change, a line for each side that tells something.

    Where both sides run alike, nothing is said of either; where a schedule comes or goes, only of the one.

    Args:
        effects: Their document.
        width: Columns; runs that do not fit are left out, one at least is shown.
    """
    before, after = effects.runs_before, effects.runs_after
    if before and before.paused and (after is None or not after.paused):
        before = None  # it did not run, so only what comes is worth telling
    columns = len(_BEFORE) + 1
    if before and after and before != after:
        was, will = [_tell_rhythm(rhythm, width - columns) for rhythm in (before, after)]
        if was == will:
            yield f"{_ONLY} {will}"
        else:
            yield f"{_BEFORE:{columns}}{was}"
            is_only_paused = after == before.model_copy(update={"paused": True})
            yield f"{_AFTER:{columns}}{_PAUSED if is_only_paused else will}"
    elif before and not after:
        yield f"{_BEFORE:{columns}}{_tell_rhythm(before, width - columns)}"
        yield f"{_AFTER:{columns}}none"
    elif after and not before:
        yield f"{_ONLY} {_tell_rhythm(after, width - len(_ONLY) - 1)}"
    for note in effects.notes:
        yield f"{_NOTE} {escape(note.message)}"


def _tell_rhythm(rhythm: RhythmDocument, width: int) -> str:
    if not rhythm.next_runs:
        return "never"
    start = f"{_PAUSED}; unpaused " if rhythm.paused else ""
    start += f"{tell_rate(rhythm.runs_per_day)}, next " if rhythm.runs_per_day else "next "
    jitter = f" + up to {rhythm.jitter}" if rhythm.jitter else ""
    zone = ZoneInfo(rhythm.timezone)
    told = tell_times([datetime.fromisoformat(time).astimezone(zone) for time in rhythm.next_runs])
    room = width - measure(start) - measure(jitter)
    while len(told) > 1 and measure(", ".join(told)) > room:
        told.pop()
    return f"{start}{', '.join(told)}{jitter}"
