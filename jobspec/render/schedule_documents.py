"""What the commands for live schedules say, as versioned JSON documents; `schemas/runs.schema.json` describes them."""

from typing import Annotated, Literal

from jobspec.render.documents import KIND, Count, Document, Time, Version
from jobspec.render.run_documents import RunDocument
from jobspec.results import JobState


class ScheduleActionDocument(Document):
    """What became of what was asked of one schedule."""

    job: str
    """Whose schedule it is."""

    status: Literal["done", "unchanged", "failed"]
    """What became of it; `unchanged`: it was so already."""

    message: str
    """The note beside `paused`, or why it failed; may be empty."""


class ScheduleActionsDocument(Document):
    """What became of what was asked of schedules."""

    kind: Annotated[Literal["schedules"], KIND] = "schedules"

    version: Version = 1

    action: Literal["pause", "resume", "trigger"]
    """What was asked."""

    outcomes: tuple[ScheduleActionDocument, ...]
    """In the order in which they were named."""


class BackfillDocument(Document):
    """The runs of a backfill."""

    kind: Annotated[Literal["backfill"], KIND] = "backfill"

    version: Version = 1

    job: str
    """Whose schedule it is."""

    times: tuple[Time, ...]
    """The nominal times of the runs."""

    requested: bool
    """Whether the runs were asked for; not where they were only to be shown, or where there are none."""


class JobStatusDocument(Document):
    """How one job stands."""

    job: str
    """Its name, which is the Schedule ID."""

    state: JobState
    """Where it stands."""

    message: str
    """Who paused it and why, what is wrong, or what becomes of it next; may be empty."""

    differences: tuple[str, ...]
    """Fields of the live schedule that are not as the spec wants them."""

    delete_after: Time | None
    """When a retired schedule is deleted that no spec wants."""

    next_run: Time | None
    """When the schedule starts the next run; null where it starts none."""

    last_run: RunDocument | None
    """The run that ended last; null where there is none any more."""

    running: Count
    """How many runs go on."""

    running_since: Time | None
    """When the oldest of them started."""


class StatusDocument(Document):
    """How the jobs of a project stand."""

    kind: Annotated[Literal["status"], KIND] = "status"

    version: Version = 1

    project: str
    """Whose jobs these are."""

    namespace: str
    """Where their schedules are."""

    environment: str | None
    """The environment that the specs were merged for."""

    as_of: Time
    """When that was read."""

    jobs: tuple[JobStatusDocument, ...]
    """In name order."""
