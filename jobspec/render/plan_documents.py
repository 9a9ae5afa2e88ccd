"""Plans as versioned JSON documents; `schemas/plan.schema.json` describes them.

The texts for people are written from these, so that both say the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from jobspec.diagnostics import Diagnostic
from jobspec.planning.disclosure import Privacy, ShownField, make_checksum, show_fields
from jobspec.planning.effects import Effects, NoteKind, Rhythm
from jobspec.planning.guards import Refusal
from jobspec.planning.pauses import read_retirement
from jobspec.planning.plan import Action, Change, HeldReason, Plan, Reason, find_renames
from jobspec.render.diagnostic_documents import DiagnosticDocument, Place, diagnostic_document
from jobspec.render.documents import KIND, Count, JsonDocument, Length, Said, Time, Version
from jobspec.timing.duration import format_duration
from jobspec.timing.moments import write_utc

_SIDES = ("before", "after")


class FieldDocument(JsonDocument):
    """One difference between the live schedule and its spec."""

    field: str
    """Where it stands in a spec, such as `schedule.cron`."""

    before: Any = None
    """The live value; left out where there is none, or where it is hidden."""

    after: Any = None
    """The value as it shall be; left out where there is none, or where it is hidden."""

    hidden: bool = False
    """Whether the values go through the data converter's codec and are therefore not shown."""

    redacted: bool = False
    """Whether the values, or parts of them, are left out because the project says so."""

    drift: bool = False
    """Whether it differs although the branch did not change it; said only with `--base` and `--live`."""

    @model_serializer(mode="wrap")
    def _leave_out_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        return {key: value for key, value in values.items() if key not in _SIDES or key in self.model_fields_set}


class PauseDocument(JsonDocument):
    """The part of a schedule that belongs to the operator."""

    paused: bool
    """Whether the schedule takes no action."""

    note: Said
    """The note beside it."""


class RhythmDocument(JsonDocument):
    """When one side of a change runs; nominal times, which a jitter only delays."""

    next_runs: tuple[Time, ...]
    """The next runs, three at most; none where it never fires again."""

    runs_per_day: Annotated[float, Field(ge=0)]
    """How many runs there are on an average day."""

    timezone: str
    """The IANA name of the time zone that its calendars mean."""

    jitter: Length | None
    """How much later a run may start, such as `30s`; null where it is on time."""

    paused: bool
    """Whether it is paused, so that none of these runs starts."""


class NoteDocument(JsonDocument):
    """One thing to know before a change is made."""

    kind: NoteKind
    """What it is about, as one word."""

    message: str
    """The sentence, without a full stop."""


class EffectsDocument(JsonDocument):
    """What a change does to the run times."""

    runs_before: RhythmDocument | None
    """When it runs as it is; null where there is no schedule."""

    runs_after: RhythmDocument | None
    """When it will run; null where there will be no schedule, or none that may run."""

    notes: tuple[NoteDocument, ...]
    """What else to know."""


class ChangeDocument(JsonDocument):
    """One write."""

    name: str
    """The job's name, which is the Schedule ID."""

    action: Action
    """What is done."""

    reason: Reason
    """Why."""

    source: Place | None
    """Where the job is written; null for one that no spec names."""

    fields: tuple[FieldDocument, ...]
    """What differs; for a new schedule, what is set."""

    pause: PauseDocument
    """Paused and note as they shall be; for a deletion, as they are."""

    delete_after: Time | None = None
    """When a schedule that is retired now will be deleted."""

    retired_since: Time | None = None
    """For a deletion: since when the schedule is retired; null where it is deleted at once."""

    effects: EffectsDocument | None = None
    """What it does to the run times; null where it does nothing to them."""

    renamed_from: str | None = None
    """The job that goes in the same plan and is the same but for its name; null where there is none such."""

    renamed_to: str | None = None
    """The job that comes in the same plan and is the same but for its name; null where there is none such."""


class HeldDocument(JsonDocument):
    """One schedule that is left alone, and why."""

    name: str
    """The job's name, which is the Schedule ID."""

    reason: HeldReason
    """Why, as one word."""

    message: str
    """Why, as a sentence."""

    hint: str
    """What to do; may be empty."""

    source: Place | None
    """Where the job is written; null for one that no spec names."""


class RefusalDocument(JsonDocument):
    """A guard that refuses the plan."""

    guard: str
    """The guard's name."""

    message: str
    """What it saw."""

    override: str
    """The option that lets this plan pass."""


class CountsDocument(JsonDocument):
    """How many there are of each."""

    create: Count
    update: Count
    retire: Count
    restore: Count
    delete: Count
    adopt: Count
    held: Count
    """Schedules that are left alone although they differ."""

    unchanged: Count
    """Schedules that are as their specs want them."""

    completed: Count
    """Jobs that will never run again and are not live."""

    retired: Count
    """Jobs that are retired already and wait for their deletion."""


class BaseDocument(JsonDocument):
    """What the specs were compared with."""

    ref: str
    """The commit that was named."""

    commit: str
    """The hash of the one that was read: where what is checked out left the named one."""

    live: bool
    """Whether the live schedules were read too, so that reasons tell drift from what the branch changes."""

    notes: tuple[str, ...]
    """What else to know of the comparison, as sentences without a full stop."""

    diagnostics: tuple[DiagnosticDocument, ...]
    """Mistakes that the commit has; the files bear its name."""


class PlanDocument(JsonDocument):
    """What would be done to make the live schedules equal to the specs."""

    kind: Annotated[Literal["plan"], KIND] = "plan"

    version: Version = 1

    project: str
    """Whose schedules these are."""

    namespace: str | None
    """Where they are; null where no server was asked."""

    environment: str | None
    """The environment that the specs were merged for."""

    base: BaseDocument | None
    """What the specs were compared with beside the live schedules, or in place of them."""

    grace: str
    """From retired to deleted, such as `24h`; `0s` deletes at once."""

    checksum: str | None
    """Of all that is shown of the changes, for `apply --checksum`; null where no server was asked."""

    counts: CountsDocument
    """How many there are of each."""

    changes: tuple[ChangeDocument, ...]
    """The writes, in name order."""

    held: tuple[HeldDocument, ...]
    """What is left alone, in name order."""

    completed: tuple[str, ...]
    """Jobs that will never run again and are not live; they are not created."""

    retired: tuple[str, ...]
    """Jobs that are retired already and wait for the end of their grace time."""

    refusals: tuple[RefusalDocument, ...]
    """Guards that refuse this plan; where there is one, nothing is written."""

    diagnostics: tuple[DiagnosticDocument, ...]
    """Mistakes in the files."""


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
            _change(
                change,
                fields,
                effects.get(change.name),
                renamed_from=old_names.get(change.name),
                renamed_to=new_names.get(change.name),
            )
            for change, fields in zip(plan.changes, shown, strict=True)
        ),
        held=tuple(map(HeldDocument.of, plan.held)),
        completed=plan.completed,
        retired=plan.retired,
        refusals=tuple(map(RefusalDocument.of, refusals)),
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


def _change(
    change: Change, fields: Sequence[ShownField], effects: Effects | None, **names: str | None
) -> ChangeDocument:
    retirement = read_retirement(change.pause) if change.action is Action.DELETE else None
    return ChangeDocument.of(
        change,
        fields=tuple(map(_field, fields)),
        delete_after=_time(change.delete_after),
        retired_since=_time(retirement.since) if retirement else None,
        effects=_effects(effects) if effects else None,
        **names,
    )


def _effects(effects: Effects) -> EffectsDocument:
    sides = {"runs_before": effects.before, "runs_after": effects.after}
    return EffectsDocument.of(effects, **{side: rhythm and _rhythm(rhythm) for side, rhythm in sides.items()})


def _rhythm(rhythm: Rhythm) -> RhythmDocument:
    return RhythmDocument.of(rhythm, runs_per_day=round(rhythm.runs_per_day, 4), jitter=rhythm.jitter or None)


def _field(field: ShownField) -> FieldDocument:
    return FieldDocument(
        field=field.field,
        hidden=field.is_hidden,
        redacted=field.is_redacted,
        drift=field.is_drift,
        **field.values,
    )


def _time(time: datetime | None) -> str | None:
    return None if time is None else write_utc(time, "seconds")
