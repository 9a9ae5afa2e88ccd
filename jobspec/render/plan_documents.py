"""Plans, their outcomes and mistakes as versioned JSON documents; `schemas/plan.schema.json` describes them.

The texts for people are written from these, so that both say the same.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from jobspec.diagnostics import Severity
from jobspec.planning.effects import NoteKind
from jobspec.planning.plan import Action, HeldReason, Reason
from jobspec.render.documents import KIND, Count, Document, Time, Version

_SIDES = ("before", "after")


class Place(Document):
    """Where something is written."""

    file: str
    """Path, relative to the project where it lies inside."""

    line: Count
    """Line from 1; 0 when the whole file is meant."""

    column: Count = 0
    """Column from 1, in characters; 0 when the whole line is meant."""


class FieldDocument(Document):
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


class PauseDocument(Document):
    """The part of a schedule that belongs to the operator."""

    paused: bool
    """Whether the schedule takes no action."""

    note: str
    """The note beside it."""


class RhythmDocument(Document):
    """When one side of a change runs; nominal times, which a jitter only delays."""

    next_runs: tuple[Time, ...]
    """The next runs, three at most; none where it never fires again."""

    runs_per_day: Annotated[float, Field(ge=0)]
    """How many runs there are on an average day."""

    timezone: str
    """The IANA name of the time zone that its calendars mean."""

    jitter: str | None
    """How much later a run may start, such as `30s`; null where it is on time."""

    paused: bool
    """Whether it is paused, so that none of these runs starts."""


class NoteDocument(Document):
    """One thing to know before a change is made."""

    kind: NoteKind
    """What it is about, as one word."""

    message: str
    """The sentence, without a full stop."""


class EffectsDocument(Document):
    """What a change does to the run times."""

    runs_before: RhythmDocument | None
    """When it runs as it is; null where there is no schedule."""

    runs_after: RhythmDocument | None
    """When it will run; null where there will be no schedule, or none that may run."""

    notes: tuple[NoteDocument, ...]
    """What else to know."""


class ChangeDocument(Document):
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


class HeldDocument(Document):
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


class RefusalDocument(Document):
    """A guard that refuses the plan."""

    guard: str
    """The guard's name."""

    message: str
    """What it saw."""

    override: str
    """The option that lets this plan pass."""


class RelatedDocument(Document):
    """A second place that explains a diagnostic."""

    message: str
    """What is there."""

    place: Place
    """Where."""


class DiagnosticDocument(Document):
    """One mistake in a file."""

    code: str
    """The rule, such as `JS220`; `jobspec rule JS220` explains it."""

    severity: Severity
    """An error freezes the job, a warning does not."""

    message: str
    """What is wrong and why."""

    hint: str
    """What to do; may be empty."""

    place: Place
    """Where."""

    length: Count
    """How many characters are meant, from the column on."""

    excerpt: str
    """The text of that line; may be empty."""

    job: str | None
    """The job it belongs to, where one is known."""

    related: tuple[RelatedDocument, ...]
    """Other places to look at."""


class CountsDocument(Document):
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


class BaseDocument(Document):
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


class PlanDocument(Document):
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


class OutcomeDocument(Document):
    """What became of one change."""

    name: str
    """The job's name, which is the Schedule ID."""

    action: Action
    """What was to be done."""

    status: Literal["done", "unchanged", "failed", "conflict", "skipped"]
    """What became of it; `unchanged`: somebody else had done it already."""

    message: str
    """Why, where it is not done."""


class IntentDocument(Document):
    """What is to be done to one schedule, without any of its values."""

    name: str
    """The job's name, which is the Schedule ID."""

    action: Action
    """What is done."""

    fields: tuple[str, ...]
    """The fields that differ."""

    spec: str | None
    """The digest of the spec; null where no spec wants the schedule."""

    live: str | None
    """The digest of the live schedule; null where there is none."""


class DifferenceDocument(Document):
    """One job of which something else would be done now than was planned."""

    name: str
    """The job's name, which is the Schedule ID."""

    message: str
    """Why, as a sentence without a full stop."""

    planned: IntentDocument | None
    """What was planned; null for nothing."""

    needed: IntentDocument | None
    """What would be done now; null for nothing."""


class SavedPlanDocument(Document):
    """A plan to be applied later: which schedules it is about, and digests instead of values."""

    kind: Annotated[Literal["saved_plan"], KIND] = "saved_plan"

    version: Version = 1

    jobspec: str
    """The version of jobspec that made it; another one may plan differently."""

    project: str
    """Whose schedules these are."""

    namespace: str
    """Where they are."""

    namespace_digest: str
    """Of the namespace's id, by which another one of the same name, on another server, is known."""

    environment: str | None
    """The environment that the specs were merged for."""

    made_at: Time
    """When it was made; it does not grow old by that."""

    key: tuple[str, ...] | None
    """The key of the digests, sealed by the data converter's codec, in Base64; null without a codec, where it is the
    namespace's id."""

    changes: tuple[IntentDocument, ...]
    """The writes, in name order."""

    retired: tuple[str, ...]
    """Jobs that are retired already and wait for the end of their grace time."""

    checksum: str
    """Of all that was shown of the changes, as plans have it."""

    digest: str
    """Of all else in this document, so that a damaged one is known."""


class ApplyDocument(Document):
    """What became of a plan."""

    kind: Annotated[Literal["apply"], KIND] = "apply"

    version: Version = 1

    plan: PlanDocument
    """What was to be done."""

    outcomes: tuple[OutcomeDocument, ...]
    """What became of each change, in name order; empty where nothing was tried."""

    stale: tuple[DifferenceDocument, ...] = ()
    """What would be done differently now than the saved plan says; where there is any, nothing was tried."""


class DiagnosticsDocument(Document):
    """Mistakes in files."""

    kind: Annotated[Literal["diagnostics"], KIND] = "diagnostics"

    version: Version = 1

    errors: Count
    """How many errors there are."""

    warnings: Count
    """How many warnings there are."""

    diagnostics: tuple[DiagnosticDocument, ...]
    """In the order in which they shall be read."""
