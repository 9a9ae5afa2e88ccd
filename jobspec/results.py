"""What the library tells of runs and schedules: frozen values, nothing of the SDK in them.

Times are aware datetimes in UTC. Values that went through the data converter are
decoded; what cannot be decoded is a `Raw`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta


class Status(StrEnum):
    """State of a run; Temporal's words."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    TERMINATED = "terminated"
    CONTINUED_AS_NEW = "continued_as_new"
    TIMED_OUT = "timed_out"
    PAUSED = "paused"
    UNKNOWN = "unknown"

    @property
    def is_terminal(self) -> bool:
        """Whether the run is over; one that continued as new is."""
        return self not in (Status.RUNNING, Status.PAUSED, Status.UNKNOWN)


class ActivityStatus(StrEnum):
    """State of an activity in a run's history."""

    SCHEDULED = "scheduled"
    STARTED = "started"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A payload that could not be decoded.

    Attributes:
        encoding: What it says of itself, such as `binary/encrypted`.
        data: Its bytes.
    """

    encoding: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """Start times of runs, both ends included; None is open."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run or an activity failed.

    Attributes:
        message: What was raised.
        type: The error's type; for timeouts, which time ran out.
        cause: What it was raised from.
        stack_trace: Where, as the worker reported it.
    """

    message: str
    type: str = ""
    cause: Failure | None = None
    stack_trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run, as a list shows it.

    Attributes:
        workflow_id: Its workflow id.
        run_id: Its run id.
        workflow_type: What runs.
        task_queue: Where its workers are.
        status: Its state.
        started_at: When it started.
        closed_at: When it ended; None while it runs.
        scheduled_for: The nominal time for which the schedule started it; None for one started by hand.
    """

    workflow_id: str
    run_id: str
    workflow_type: str
    task_queue: str
    status: Status
    started_at: datetime
    closed_at: datetime | None = None
    scheduled_for: datetime | None = None

    def took(self, now: datetime) -> timedelta:
        """How long it ran, or runs already."""
        return (self.closed_at or now) - self.started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """One page of runs, newest first.

    Attributes:
        runs: The runs.
        next_page_token: Pass it to get the next page; empty on the last.
    """

    runs: tuple[RunSummary, ...]
    next_page_token: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingActivity:
    """An activity that runs or waits now.

    Attributes:
        activity_id: Its id within the run.
        activity_type: What runs.
        status: `scheduled`, `started`, or `retrying` while it waits for its next attempt.
        attempt: Counted from 1.
        maximum_attempts: 0 has no limit.
        last_failure: What the attempt before failed with.
        scheduled_at: When the present attempt was or will be due.
        started_at: When the present attempt started.
    """

    activity_id: str
    activity_type: str
    status: ActivityStatus
    attempt: int
    maximum_attempts: int = 0
    last_failure: Failure | None = None
    scheduled_at: datetime | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetail:
    """All that describing one run tells."""

    summary: RunSummary
    history_length: int
    execution_timeout: timedelta | None = None
    run_timeout: timedelta | None = None
    task_timeout: timedelta | None = None
    memo: Mapping[str, Any] = field(default_factory=dict)
    search_attributes: Mapping[str, Any] = field(default_factory=dict)
    static_summary: str = ""
    static_details: str = ""
    parent_workflow_id: str | None = None
    pending_activities: tuple[PendingActivity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEvent:
    """One activity of a run, from all events that belong to it.

    Attributes:
        scheduled_event_id: The history event that scheduled it; 0 for a local activity, which has none.
        activity_id: Its id within the run.
        activity_type: What ran.
        status: Where it stands.
        attempt: The last attempt, counted from 1; 0 where none was started.
        input: Its arguments.
        result: What it returned; None while it has not, or failed.
        failure: What it failed with.
        last_failure: What the attempt before the present or last one failed with.
        scheduled_at: When it was scheduled; None for a local activity.
        started_at: When the last attempt started; None where none was.
        closed_at: When it ended.
        is_local: Whether it is a local activity.
    """

    scheduled_event_id: int
    activity_id: str
    activity_type: str
    status: ActivityStatus
    attempt: int = 0
    input: tuple[Any, ...] = ()
    result: Any = None
    failure: Failure | None = None
    last_failure: Failure | None = None
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None
    is_local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHistory:
    """What happened in a run.

    Attributes:
        workflow_id: Its workflow id.
        run_id: Its run id.
        status: Its state.
        input: Arguments of the workflow.
        result: What it returned; None while it has not, or failed.
        failure: What it failed with.
        activities: In the order in which they were scheduled.
        events: How many events were read.
        is_truncated: Whether there are more events than were read.
    """

    workflow_id: str
    run_id: str
    status: Status
    input: tuple[Any, ...] = ()
    result: Any = None
    failure: Failure | None = None
    activities: tuple[ActivityEvent, ...] = ()
    events: int = 0
    is_truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionStats:
    """How many runs of a job there are, by state.

    Attributes:
        since: Runs that ended before this are not counted; None counts all that the server still keeps.
        as_of: When they were counted.
    """

    running: int = 0
    completed: int = 0
    failed: int = 0
    canceled: int = 0
    terminated: int = 0
    timed_out: int = 0
    continued_as_new: int = 0
    since: datetime | None = None
    as_of: datetime

    @property
    def total(self) -> int:
        """All of them."""
        closed = self.completed + self.failed + self.canceled + self.terminated + self.timed_out
        return self.running + closed + self.continued_as_new


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQueueInfo:
    """Whether anybody works on a task queue.

    Attributes:
        name: The task queue.
        workflow_pollers: Identities of workers that polled for workflows lately.
        activity_pollers: Identities of workers that polled for activities lately.
    """

    name: str
    workflow_pollers: tuple[str, ...] = ()
    activity_pollers: tuple[str, ...] = ()

    @property
    def is_reachable(self) -> bool:
        """Whether a workflow that is started there will be picked up."""
        return bool(self.workflow_pollers)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentRun:
    """A run that a schedule started lately.

    Attributes:
        scheduled_for: Its nominal time, jitter included.
        started_at: When it was started.
        workflow_id: Its workflow id.
        run_id: Its run id.
        status: Its state; None where it was not asked for, or the server no longer has the run.
    """

    scheduled_for: datetime
    started_at: datetime
    workflow_id: str
    run_id: str
    status: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSummary:
    """One live schedule, as a list shows it.

    Attributes:
        name: The Schedule ID.
        project: Whose mark it bears; None for nobody's.
        workflow_type: What it starts.
        paused: Whether it takes no action.
        note: The note beside `paused`.
        next_runs: As the server computes them; while it is paused they may be old.
        recent_runs: Newest last, without their outcome.
    """

    name: str
    project: str | None
    workflow_type: str
    paused: bool
    note: str = ""
    next_runs: tuple[datetime, ...] = ()
    recent_runs: tuple[RecentRun, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDetail:
    """One live schedule, described: what Temporal has, not what the file asks for.

    Attributes:
        name: The Schedule ID.
        project: Whose mark it bears; None for nobody's.
        fields: What is live, in the words of a spec, such as `schedule.cron`; defaults are left out.
        differences: The fields in which it is not as the definition asks for; empty where it is.
        paused: Whether it takes no action.
        note: Who paused it and why, or any other note.
        next_runs: As the server computes them, jitter included; none while it is paused.
        recent_runs: Newest last, with their outcome.
        running: Workflow ids of runs that the schedule counts as running.
        actions: How many runs were started so far.
        missed: How many were not started because the catch-up window was over.
        skipped: How many were not started because one before still ran.
        buffered: How many wait for one before to end.
        remaining_actions: How many it may still start; None where they are not limited.
        created_at: When it was created.
        updated_at: When it was last changed; None where never.
    """

    name: str
    project: str | None
    fields: Mapping[str, Any]
    differences: tuple[str, ...]
    paused: bool
    note: str = ""
    next_runs: tuple[datetime, ...] = ()
    recent_runs: tuple[RecentRun, ...] = ()
    running: tuple[str, ...] = ()
    actions: int = 0
    missed: int = 0
    skipped: int = 0
    buffered: int = 0
    remaining_actions: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleOutcome:
    """What became of one schedule that was to be applied.

    Attributes:
        name: The Schedule ID.
        action: What was done: `create`, `update`, `restore` …; None where nothing was to be done, or nothing was.
        error: What it failed with, a `JobspecError`.
    """

    name: str
    action: str | None = None
    error: Exception | None = None
