"""From plans, outcomes and diagnostics to their documents."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jobspec.diagnostics import Severity
from jobspec.planning.diff import ABSENT, FieldChange, explain_creation
from jobspec.planning.pauses import read_retirement, spec_reason
from jobspec.planning.plan import Action
from jobspec.render.documents import (
    ApplyDocument,
    ChangeDocument,
    CountsDocument,
    DiagnosticDocument,
    DiagnosticsDocument,
    EffectsDocument,
    FieldDocument,
    HeldDocument,
    NoteDocument,
    OutcomeDocument,
    PauseDocument,
    Place,
    PlanDocument,
    RefusalDocument,
    RelatedDocument,
    RhythmDocument,
)
from jobspec.timing.duration import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from jobspec.diagnostics import Diagnostic, Location
    from jobspec.planning.apply import Outcome
    from jobspec.planning.effects import Effects, Rhythm
    from jobspec.planning.guards import Refusal
    from jobspec.planning.plan import Change, Held, Plan, Source


def plan_document(
    plan: Plan,
    *,
    refusals: Iterable[Refusal] = (),
    diagnostics: Iterable[Diagnostic] = (),
    effects: Mapping[str, Effects] = MappingProxyType({}),
    show_input: bool = True,
) -> PlanDocument:
    """Make the document of a plan.

    Args:
        plan: What would be done.
        effects: What the changes do to the run times, by the job's name.
        refusals: Guards that refuse it.
        diagnostics: Mistakes in the files it was made from.
        show_input: Whether to show what goes through the data converter's codec; else it is only said to differ.
    """
    return PlanDocument(
        project=plan.project,
        namespace=plan.namespace,
        environment=plan.environment,
        counts=_count(plan),
        changes=tuple(_change(change, effects.get(change.name), show_input=show_input) for change in plan.changes),
        held=tuple(map(_held, plan.held)),
        completed=plan.completed,
        retired=plan.retired,
        refusals=tuple(
            RefusalDocument(guard=refusal.guard, message=refusal.message, override=refusal.override)
            for refusal in refusals
        ),
        diagnostics=tuple(map(_diagnostic, diagnostics)),
    )


def apply_document(plan: PlanDocument, outcomes: Iterable[Outcome]) -> ApplyDocument:
    """Make the document of what became of a plan.

    Args:
        plan: Its document.
        outcomes: In any order.
    """
    settled = sorted(outcomes, key=lambda outcome: outcome.change.name)
    return ApplyDocument(plan=plan, outcomes=tuple(map(outcome_document, settled)))


def outcome_document(outcome: Outcome) -> OutcomeDocument:
    """Make the part that tells what became of one change."""
    change = outcome.change
    return OutcomeDocument(name=change.name, action=change.action, status=outcome.status.value, message=outcome.message)


def diagnostics_document(diagnostics: Sequence[Diagnostic]) -> DiagnosticsDocument:
    """Make the document of mistakes in files."""
    return DiagnosticsDocument(
        errors=sum(found.severity is Severity.ERROR for found in diagnostics),
        warnings=sum(found.severity is Severity.WARNING for found in diagnostics),
        diagnostics=tuple(map(_diagnostic, diagnostics)),
    )


def _count(plan: Plan) -> CountsDocument:
    return CountsDocument(
        **{action.value: number for action, number in plan.counts().items()},
        held=len(plan.held),
        unchanged=plan.unchanged,
        completed=len(plan.completed),
        retired=len(plan.retired),
    )


def _change(change: Change, effects: Effects | None, *, show_input: bool) -> ChangeDocument:
    retirement = read_retirement(change.pause) if change.action is Action.DELETE else None
    return ChangeDocument(
        name=change.name,
        action=change.action,
        reason=change.reason,
        source=_source(change.source),
        fields=tuple(_show_fields(_explain(change), show_input=show_input)),
        pause=PauseDocument(paused=change.pause.paused, note=change.pause.note),
        delete_after=_time(change.delete_after),
        retired_since=_time(retirement.since) if retirement else None,
        effects=_effects(effects) if effects else None,
    )


def _effects(effects: Effects) -> EffectsDocument:
    return EffectsDocument(
        runs_before=_rhythm(effects.before) if effects.before else None,
        runs_after=_rhythm(effects.after) if effects.after else None,
        notes=tuple(NoteDocument(kind=note.kind, message=note.message) for note in effects.notes),
    )


def _rhythm(rhythm: Rhythm) -> RhythmDocument:
    return RhythmDocument(
        next_runs=tuple(map(format_utc, rhythm.next_runs)),
        runs_per_day=round(rhythm.runs_per_day, 4),
        timezone=rhythm.timezone,
        jitter=format_duration(rhythm.jitter) if rhythm.jitter else None,
        paused=rhythm.paused,
    )


def _explain(change: Change) -> tuple[FieldChange, ...]:
    """Say what differs; of a new schedule, say all that is set; of a restored one, leave its retirement out."""
    if change.action is Action.RESTORE:
        return tuple(field for field in change.fields if field.field != "schedule.paused")
    if change.action is not Action.CREATE or change.after is None:
        return change.fields
    fields = explain_creation(change.after, name=change.name)
    if change.pause.paused:
        fields += (FieldChange(field="schedule.paused", before=ABSENT, after=spec_reason(change.pause) or True),)
    return fields


def _show_fields(fields: Iterable[FieldChange], *, show_input: bool) -> Iterator[FieldDocument]:
    """Hide what is private, one line for each private field, so that not even its keys are told."""
    hidden: set[str] = set()
    for field in fields:
        owner = field.private_field
        if owner is None or show_input:
            sides = {"before": field.before, "after": field.after}
            shown = {side: _plain(value) for side, value in sides.items() if value is not ABSENT}
            yield FieldDocument(field=field.field, **shown)
        elif owner not in hidden:
            hidden.add(owner)
            yield FieldDocument(field=owner, hidden=True)


def _plain(value: Any) -> Any:
    """Sort keys, and replace the numbers that JSON lacks; a stranger's schedule may hold any."""
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _held(held: Held) -> HeldDocument:
    return HeldDocument(
        name=held.name, reason=held.reason, message=held.message, hint=held.hint, source=_source(held.source)
    )


def _source(source: Source | None) -> Place | None:
    return None if source is None else Place(file=source.file, line=source.line)


def _time(time: datetime | None) -> str | None:
    return None if time is None else format_utc(time.replace(microsecond=0))


def format_utc(time: datetime) -> str:
    """Write a time in UTC as RFC 3339 has it, `2027-03-28T01:30:00Z`."""
    return time.isoformat().replace("+00:00", "Z")


def _diagnostic(diagnostic: Diagnostic) -> DiagnosticDocument:
    return DiagnosticDocument(
        code=diagnostic.code,
        severity=diagnostic.severity,
        message=diagnostic.message,
        hint=diagnostic.hint,
        place=_place(diagnostic.location),
        length=diagnostic.location.length,
        excerpt=diagnostic.location.excerpt,
        job=diagnostic.job,
        related=tuple(
            RelatedDocument(message=related.message, place=_place(related.location)) for related in diagnostic.related
        ),
    )


def _place(location: Location) -> Place:
    return Place(file=location.path, line=location.line, column=location.column)
