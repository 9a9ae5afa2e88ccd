"""What the commands for runs say, as versioned JSON documents.

Within a version keys are only added; `schemas/runs.schema.json` describes them. Times are UTC; values that went through
the data converter are JSON, or `{"encoding": …, "data": base64}` where they could not be decoded.
"""

from typing import Annotated, Any, Literal

from jobspec.render.documents import KIND, Count, Document, Time, Version
from jobspec.results import ActivityStatus, Status


class FailureDocument(Document):
    """Why a run or an activity failed."""

    message: str
    """What was raised."""

    type: str
    """The error's type; for a timeout which time ran out; for what Temporal itself reports, what that is."""

    subject: str
    """Type of the activity or child workflow that failed; empty where the failure is its own."""

    details: tuple[Any, ...]
    """What was raised with it."""

    cause: "FailureDocument | None"
    """What it was raised from."""

    stack_trace: str
    """Where, as the worker reported it."""


class RunDocument(Document):
    """One run, as a list shows it."""

    workflow_id: str
    """Its workflow id."""

    run_id: str
    """Its run id."""

    workflow_type: str
    """What runs."""

    task_queue: str
    """Where its workers are."""

    status: Status
    """Its state."""

    started_at: Time
    """When it started."""

    closed_at: Time | None
    """When it ended; null while it runs."""

    scheduled_for: Time | None
    """The nominal time for which the schedule started it; null for one started by hand."""


class RunsDocument(Document):
    """One page of a job's runs."""

    kind: Annotated[Literal["runs"], KIND] = "runs"

    version: Version = 1

    job: str
    """Whose runs these are."""

    runs: tuple[RunDocument, ...]
    """Those that go on by their start, then the others by their end, the newest first."""

    next_page_token: str
    """For `--page-token`; empty where there is no next page."""


class PendingActivityDocument(Document):
    """An activity that runs or waits now."""

    activity_id: str
    """Its id within the run."""

    activity_type: str
    """What runs."""

    status: ActivityStatus
    """Where it stands."""

    attempt: Count
    """Counted from 1."""

    maximum_attempts: Count
    """0 has no limit."""

    last_failure: FailureDocument | None
    """What the attempt before failed with."""

    scheduled_at: Time | None
    """When the present attempt was or will be due."""

    started_at: Time | None
    """When the present attempt started, or the one before while it waits."""

    last_heartbeat_at: Time | None
    """When it last said that it lives; null where it never did."""

    worker: str
    """Identity of the worker that had the present or last attempt; empty where none had one."""


class RunDetailDocument(Document):
    """All that is known of one run."""

    kind: Annotated[Literal["run"], KIND] = "run"

    version: Version = 1

    job: str
    """Whose run it is."""

    run: RunDocument
    """What a list shows too."""

    history_length: Count
    """How many events its history has."""

    execution_timeout: str | None
    """Longest time with all retries and continuations; null has no limit."""

    run_timeout: str | None
    """Longest time of this run; null has no limit."""

    task_timeout: str | None
    """Longest time for one workflow task."""

    memo: dict[str, Any]
    """As it was started with."""

    search_attributes: dict[str, Any]
    """Those of Temporal included."""

    static_summary: str
    """Shown in Temporal's UI."""

    static_details: str
    """Shown in Temporal's UI."""

    parent_workflow_id: str | None
    """Of the workflow that started it; null where none did."""

    pending_activities: tuple[PendingActivityDocument, ...]
    """Those that run or wait now; none once the run is over."""

    input: tuple[Any, ...]
    """Arguments of the workflow."""

    result: Any
    """What it returned; null while it has not, or failed."""

    failure: FailureDocument | None
    """What it failed with."""


class ActivityDocument(Document):
    """One activity of a run, from all events that belong to it."""

    scheduled_event_id: Count
    """The history event that scheduled it; 0 where it is not known."""

    activity_id: str
    """Its id within the run."""

    activity_type: str
    """What ran."""

    status: ActivityStatus
    """Where it stands."""

    attempt: Count
    """The last attempt, counted from 1; 0 where none was started."""

    input: tuple[Any, ...]
    """Its arguments."""

    result: Any
    """What it returned; null while it has not, or failed."""

    failure: FailureDocument | None
    """What it failed with."""

    last_failure: FailureDocument | None
    """What the attempt before the present or last one failed with."""

    scheduled_at: Time | None
    """When it was scheduled."""

    started_at: Time | None
    """When the last attempt started; null where none was, and for a local activity."""

    closed_at: Time | None
    """When it ended."""

    task_queue: str
    """Where its workers are; empty for a local activity."""

    is_local: bool
    """Whether it is a local activity."""


class HistoryDocument(Document):
    """What happened in a run."""

    kind: Annotated[Literal["history"], KIND] = "history"

    version: Version = 1

    job: str
    """Whose run it is."""

    workflow_id: str
    """Its workflow id."""

    run_id: str
    """Its run id."""

    status: Status
    """Its state."""

    input: tuple[Any, ...]
    """Arguments of the workflow."""

    result: Any
    """What it returned; null while it has not, or failed."""

    failure: FailureDocument | None
    """What it failed with."""

    activities: tuple[ActivityDocument, ...]
    """In the order in which they were scheduled."""

    events: Count
    """How many events were read."""

    is_truncated: bool
    """Whether there are more events than were read."""


class JobStatsDocument(Document):
    """How many runs of a job there are, by state."""

    job: str
    """Whose runs these are."""

    running: Count
    completed: Count
    failed: Count
    canceled: Count
    terminated: Count
    timed_out: Count
    continued_as_new: Count
    paused: Count
    unknown: Count
    """Runs in a state that this version does not know."""

    total: Count
    """All of them."""


class StatsDocument(Document):
    """How many runs there are, by job and state."""

    kind: Annotated[Literal["stats"], KIND] = "stats"

    version: Version = 1

    since: Time | None
    """Runs that ended before this are not counted; null counts all that the server still keeps."""

    as_of: Time
    """When they were counted."""

    jobs: tuple[JobStatsDocument, ...]
    """In name order."""


class StartedDocument(Document):
    """A run that was started."""

    kind: Annotated[Literal["started"], KIND] = "started"

    version: Version = 1

    job: str
    """Whose run it is."""

    workflow_id: str
    """Its workflow id."""

    run_id: str
    """Its run id."""


class ResultDocument(Document):
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

    result: Any
    """What it returned; null where it failed."""

    failure: FailureDocument | None
    """What it failed with."""


class AnswerDocument(Document):
    """What a run answered to a query."""

    kind: Annotated[Literal["answer"], KIND] = "answer"

    version: Version = 1

    job: str
    """Whose run it is."""

    workflow_id: str
    """Its workflow id."""

    query: str
    """The query's name."""

    answer: Any
    """What the run answered."""


class ToldDocument(Document):
    """What a run was told."""

    kind: Annotated[Literal["told"], KIND] = "told"

    version: Version = 1

    job: str
    """Whose run it is."""

    workflow_id: str
    """Its workflow id."""

    action: Literal["signal", "cancel", "terminate"]
    """What was done."""
