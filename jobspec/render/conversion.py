"""From plans, outcomes and diagnostics to their documents."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from jobspec.diagnostics import Severity
from jobspec.planning.pauses import read_retirement
from jobspec.planning.plan import Action
from jobspec.planning.renames import find_renames
from jobspec.planning.shown import Privacy, make_checksum, show_fields
from jobspec.render.plan_documents import (
    ApplyDocument,
    BaseDocument,
    ChangeDocument,
    CountsDocument,
    DiagnosticDocument,
    DiagnosticsDocument,
    DifferenceDocument,
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
from jobspec.timing.moments import write_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from jobspec.diagnostics import Diagnostic, Location
    from jobspec.planning.apply import Outcome
    from jobspec.planning.effects import Effects, Rhythm
    from jobspec.planning.guards import Refusal
    from jobspec.planning.plan import Change, Held, Plan, Source
    from jobspec.planning.shown import ShownField


def plan_document(
    plan: Plan,
    *,
    refusals: Iterable[Refusal] = (),
    diagnostics: Iterable[Diagnostic] = (),
    effects: Mapping[str, Effects] = MappingProxyType({}),
    privacy: Privacy = Privacy(),  # noqa: B008  immutable
    base: BaseDocument | None = None,
) -> PlanDocument:
    """Make the document of a plan.

    Args:
        plan: What would be done.
        effects: What the changes do to the run times, by the job's name.
        refusals: Guards that refuse it.
        diagnostics: Mistakes in the files it was made from.
        privacy: What must not be shown.
        base: What the specs were compared with, where that is not only what is live.
    """
    shown = [tuple(show_fields(change, privacy)) for change in plan.changes]
    old_names = find_renames(plan)
    new_names = {old: new for new, old in old_names.items()}
    return PlanDocument(
        project=plan.project,
        namespace=plan.namespace,
        environment=plan.environment,
        base=base,
        grace=format_duration(plan.grace),
        checksum=None if plan.namespace is None else make_checksum(plan, privacy, shown=shown),
        counts=_count(plan),
        changes=tuple(
            _change(change, fields, effects.get(change.name)).model_copy(
                update={"renamed_from": old_names.get(change.name), "renamed_to": new_names.get(change.name)}
            )
            for change, fields in zip(plan.changes, shown, strict=True)
        ),
        held=tuple(map(_held, plan.held)),
        completed=plan.completed,
        retired=plan.retired,
        refusals=tuple(map(refusal_document, refusals)),
        diagnostics=tuple(map(diagnostic_document, diagnostics)),
    )


def refusal_document(refusal: Refusal) -> RefusalDocument:
    """Make the part that tells of a guard that refuses."""
    return RefusalDocument(guard=refusal.guard, message=refusal.message, override=refusal.override)


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


def diagnostics_document(diagnostics: Sequence[Diagnostic]) -> DiagnosticsDocument:
    """Make the document of mistakes in files."""
    return DiagnosticsDocument(
        errors=sum(found.severity is Severity.ERROR for found in diagnostics),
        warnings=sum(found.severity is Severity.WARNING for found in diagnostics),
        diagnostics=tuple(map(diagnostic_document, diagnostics)),
    )


def _count(plan: Plan) -> CountsDocument:
    return CountsDocument(
        **{action.value: number for action, number in plan.counts().items()},
        held=len(plan.held),
        unchanged=plan.unchanged,
        completed=len(plan.completed),
        retired=len(plan.retired),
    )


def _change(change: Change, fields: Sequence[ShownField], effects: Effects | None) -> ChangeDocument:
    retirement = read_retirement(change.pause) if change.action is Action.DELETE else None
    return ChangeDocument(
        name=change.name,
        action=change.action,
        reason=change.reason,
        source=_source(change.source),
        fields=tuple(map(_field, fields)),
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
        next_runs=tuple(map(write_utc, rhythm.next_runs)),
        runs_per_day=round(rhythm.runs_per_day, 4),
        timezone=rhythm.timezone,
        jitter=format_duration(rhythm.jitter) if rhythm.jitter else None,
        paused=rhythm.paused,
    )


def _field(field: ShownField) -> FieldDocument:
    return FieldDocument(
        field=field.field,
        hidden=field.is_hidden,
        redacted=field.is_redacted,
        drift=field.is_drift,
        **field.values,
    )


def _held(held: Held) -> HeldDocument:
    return HeldDocument(
        name=held.name, reason=held.reason, message=held.message, hint=held.hint, source=_source(held.source)
    )


def _source(source: Source | None) -> Place | None:
    return None if source is None else Place(file=source.file, line=source.line)


def _time(time: datetime | None) -> str | None:
    return None if time is None else write_utc(time, "seconds")


def diagnostic_document(diagnostic: Diagnostic) -> DiagnosticDocument:
    """Make the part that tells one mistake."""
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
