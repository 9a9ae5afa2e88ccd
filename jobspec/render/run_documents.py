"""Runs and live schedules as versioned JSON documents; `schemas/runs.schema.json` describes them.

Times are UTC; values that went through the data converter are JSON, or `{"encoding": …, "data": base64}` where they
could not be decoded.
"""

from typing import Annotated, Final, Literal

from jobspec.render.documents import KIND, Count, JsonDocument, Payload, Time, Version, make_document
from jobspec.results import (
    ActivityEvent,
    DefinitionStats,
    Failure,
    JobOverview,
    PendingActivity,
    RunDetail,
    RunHistory,
    RunPage,
    RunSummary,
    Status,
)

_JOB: Final = {"job": (str, "Whose run it is.")}
_JOBS: Final = {"job": (str, "Whose runs these are.")}

FailureDocument = make_document("FailureDocument", Failure)

RunDocument = make_document("RunDocument", RunSummary)

RunsDocument = make_document("RunsDocument", RunPage, kind="runs", parts={RunSummary: RunDocument}, first=_JOBS)

PendingActivityDocument = make_document("PendingActivityDocument", PendingActivity, parts={Failure: FailureDocument})

ActivityDocument = make_document("ActivityDocument", ActivityEvent, parts={Failure: FailureDocument})

RunDetailDocument = make_document(
    "RunDetailDocument",
    RunDetail,
    RunHistory,
    kind="run",
    parts={RunSummary: RunDocument, PendingActivity: PendingActivityDocument, Failure: FailureDocument},
    first={**_JOB, "run": (RunDocument, "What a list shows too.")},
    without=frozenset({"summary", "workflow_id", "run_id", "status", "activities", "events", "is_truncated"}),
)

HistoryDocument = make_document(
    "HistoryDocument",
    RunHistory,
    kind="history",
    parts={ActivityEvent: ActivityDocument, Failure: FailureDocument},
    first=_JOB,
)

JobStatsDocument = make_document(
    "JobStatsDocument",
    DefinitionStats,
    first=_JOBS,
    last={"total": (Count, "All of them.")},
    without=frozenset({"since", "as_of"}),
)

JobStatusDocument = make_document(
    "JobStatusDocument",
    JobOverview,
    parts={RunSummary: RunDocument},
    first={"job": (str, "Its name, which is the Schedule ID.")},
    without=frozenset({"name"}),
)


class StatsDocument(JsonDocument):
    """How many runs there are, by job and state."""

    kind: Annotated[Literal["stats"], KIND] = "stats"

    version: Version = 1

    since: Time | None
    """Runs that ended before this are not counted; null counts all that the server still keeps."""

    as_of: Time
    """When they were counted."""

    jobs: tuple[JobStatsDocument, ...]  # type: ignore[valid-type]
    """In name order."""


class StartedDocument(JsonDocument):
    """A run that was started."""

    kind: Annotated[Literal["started"], KIND] = "started"

    version: Version = 1

    job: str
    """Whose run it is."""

    workflow_id: str
    """Its workflow id."""

    run_id: str
    """Its run id."""


class ResultDocument(JsonDocument):
    """A run that was waited for."""

    kind: Annotated[Literal["result"], KIND] = "result"

    version: Version = 1

    job: str
    """Whose run it is."""

    workflow_id: str
    """Its workflow id."""

    run_id: str
    """Its run id; that of the first where it was retried or continued as new."""

    status: Status
    """Its state."""

    result: Payload
    """What it returned; null where it failed."""

    failure: FailureDocument | None  # type: ignore[valid-type]
    """What it failed with."""


class AnswerDocument(JsonDocument):
    """What a run answered to a query."""

    kind: Annotated[Literal["answer"], KIND] = "answer"

    version: Version = 1

    job: str
    """Whose run it is."""

    workflow_id: str
    """Its workflow id."""

    query: str
    """The query's name."""

    answer: Payload
    """What the run answered."""


class ToldDocument(JsonDocument):
    """What a run was told."""

    kind: Annotated[Literal["told"], KIND] = "told"

    version: Version = 1

    job: str
    """Whose run it is."""

    workflow_id: str
    """Its workflow id."""

    action: Literal["signal", "cancel", "terminate"]
    """What was done."""


class ScheduleActionDocument(JsonDocument):
    """What became of what was asked of one schedule."""

    job: str
    """Whose schedule it is."""

    status: Literal["done", "unchanged", "failed"]
    """What became of it; `unchanged`: it was so already."""

    message: str
    """The note beside `paused`, or why it failed; may be empty."""


class ScheduleActionsDocument(JsonDocument):
    """What became of what was asked of schedules."""

    kind: Annotated[Literal["schedules"], KIND] = "schedules"

    version: Version = 1

    action: Literal["pause", "resume", "trigger"]
    """What was asked."""

    outcomes: tuple[ScheduleActionDocument, ...]
    """In the order in which they were named."""


class BackfillDocument(JsonDocument):
    """The runs of a backfill."""

    kind: Annotated[Literal["backfill"], KIND] = "backfill"

    version: Version = 1

    job: str
    """Whose schedule it is."""

    times: tuple[Time, ...]
    """The nominal times of the runs."""

    requested: bool
    """Whether the runs were asked for; not where they were only to be shown, or where there are none."""


class StatusDocument(JsonDocument):
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

    jobs: tuple[JobStatusDocument, ...]  # type: ignore[valid-type]
    """In name order."""
