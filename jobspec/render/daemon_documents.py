"""What the daemon says of itself at `/status`, as a versioned JSON document.

Within a version keys are only added; `schemas/status.schema.json` describes it.
"""

from typing import Annotated, Literal

from pydantic import Field

from jobspec.render.diagnostic_documents import DiagnosticDocument, Place
from jobspec.render.documents import KIND, Count, JsonDocument, Time, Version
from jobspec.render.plan_documents import RefusalDocument

StateName = Literal["synced", "drifted", "held", "invalid", "failed", "retired", "contended", "completed"]
Seconds = Annotated[float, Field(ge=0)]


class StandingDocument(JsonDocument):
    """How one job stands."""

    name: str
    """The job's name, which is the Schedule ID."""

    state: StateName
    """`synced`: the schedule is as its spec wants it. `drifted`: it is not, and has not been made so. `held`: it is
    left alone on purpose. `invalid`: its spec has mistakes. `failed`: it could not be read or written. `retired`: no
    spec wants it, and it waits for its deletion. `contended`: somebody else keeps changing it back. `completed`: it
    will never run again."""

    reason: str
    """Why, as a sentence; empty where the word says it all."""

    source: Place | None
    """Where the job is written; null for one that no spec names."""


class StateCountsDocument(JsonDocument):
    """How many jobs there are of each state."""

    synced: Count
    drifted: Count
    held: Count
    invalid: Count
    failed: Count
    retired: Count
    contended: Count
    completed: Count


class CycleChangesDocument(JsonDocument):
    """How many changes a cycle made, and how many it did not."""

    create: Count
    update: Count
    retire: Count
    restore: Count
    delete: Count
    failed: Count
    """Changes that were tried and failed, or met a conflict."""

    withheld: Count
    """Changes that are needed and were not tried."""


class CycleDocument(JsonDocument):
    """One cycle."""

    trigger: Literal["start", "interval", "files", "signal", "drift", "confirmation", "retry"]
    """What woke it."""

    started_at: Time
    """When it began."""

    seconds: Seconds
    """How long it took."""

    result: Literal["converged", "pending", "failed", "unreachable"]
    """`converged`: all that may be written is as the specs want it. `pending`: some of it is not, for something failed
    or waits. `failed`: nothing could be decided. `unreachable`: Temporal could not be reached."""

    error: str
    """What ended it early; empty where nothing did."""

    commit: str | None
    """The commit that was checked out where the specs lie; null outside of git."""

    described: Count
    """How many schedules were read in full."""

    changes: CycleChangesDocument
    """What it changed."""


class WatchDocument(JsonDocument):
    """How changes of files are noticed."""

    mode: Literal["events", "scanning"]
    """`events` of the kernel, or `scanning` now and then where there are none."""

    problem: str
    """Why there are no events; empty where there are."""


class DaemonSettingsDocument(JsonDocument):
    """How the daemon was told to work."""

    interval_seconds: Seconds
    """Between two cycles that read all of what is live."""

    sweep_seconds: Seconds
    """The time within which every schedule is read in full."""

    prunes: bool
    """Whether jobs that left the specs are retired and deleted."""

    dry_run: bool
    """Whether nothing is written."""


class DaemonDocument(JsonDocument):
    """What the daemon knows: how each job stands, and what it did last."""

    kind: Annotated[Literal["daemon"], KIND] = "daemon"

    version: Version = 1

    jobspec: str
    """The version of jobspec."""

    started_at: Time
    """When the daemon was started."""

    project: str | None
    """Whose schedules these are; null until the first cycle has read it."""

    namespace: str | None
    """Where they are; null until Temporal was reached."""

    environment: str | None
    """The environment that the specs are merged for."""

    commit: str | None
    """The commit that is checked out where the specs lie; null outside of git."""

    ready: bool
    """Whether schedules are being kept equal to specs, as `/readyz` says."""

    problem: str
    """Why not; empty where they are."""

    settings: DaemonSettingsDocument
    """How it was told to work."""

    watch: WatchDocument
    """How changes of files are noticed."""

    counts: StateCountsDocument
    """How many jobs there are of each state."""

    jobs: tuple[StandingDocument, ...]
    """Every job with a schedule, and every schedule of the project that no spec names, in name order."""

    refusals: tuple[RefusalDocument, ...]
    """Guards that withhold removals."""

    diagnostics: tuple[DiagnosticDocument, ...]
    """Mistakes and warnings in the files."""

    cycles: tuple[CycleDocument, ...]
    """The last twenty cycles, the newest first."""
