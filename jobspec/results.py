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
    """State of an activity of a run.

    `scheduled` waits for a worker, `retrying` for its next attempt, `cancel_requested` for the activity to notice, and
    `abandoned` is what the end of the run left unfinished. `unknown` is one whose end lies past the events that were
    read of a long history.
    """

    SCHEDULED = "scheduled"
    STARTED = "started"
    RETRYING = "retrying"
    CANCEL_REQUESTED = "cancel_requested"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELED = "canceled"
    ABANDONED = "abandoned"
    UNKNOWN = "unknown"


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
        type: The error's type; for a timeout which time ran out; for what Temporal itself reports, what that is. An
            error has the type that its worker names; a timeout, for example, `start_to_close`; what Temporal reports,
            `activity`, `child_workflow`, `canceled`, `terminated` or the like.
        subject: Type of the activity or child workflow that failed; empty where the failure is its own.
        details: What was raised with it. The arguments of an `ApplicationError`, for example.
        cause: What it was raised from.
        stack_trace: Where, as the worker reported it.
    """

    message: str
    type: str = ""
    subject: str = ""
    details: tuple[Any, ...] = ()
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
    """One page of a job's runs.

    Attributes:
        runs: Those that go on by their start, then the others by their end, the newest first.
        next_page_token: For `--page-token`; empty where there is no next page. `list_runs` takes it for the same job
            and states.
    """

    runs: tuple[RunSummary, ...]
    next_page_token: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingActivity:
    """An activity that runs or waits now.

    Attributes:
        activity_id: Its id within the run.
        activity_type: What runs.
        status: Where it stands. One of `scheduled`, `started`, `retrying`, `cancel_requested` and `paused`.
        attempt: Counted from 1.
        maximum_attempts: 0 has no limit.
        last_failure: What the attempt before failed with.
        scheduled_at: When the present attempt was or will be due.
        started_at: When the present attempt started, or the one before while it waits.
        last_heartbeat_at: When it last said that it lives; None where it never did.
        worker: Identity of the worker that had the present or last attempt; empty where none had one.
    """

    activity_id: str
    activity_type: str
    status: ActivityStatus
    attempt: int
    maximum_attempts: int = 0
    last_failure: Failure | None = None
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    last_heartbeat_at: datetime | None = None
    worker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetail:
    """All that is known of one run.

    Attributes:
        summary: What a list shows too.
        history_length: How many events its history has.
        execution_timeout: Longest time with all retries and continuations; None has no limit.
        run_timeout: Longest time of this run; None has no limit.
        task_timeout: Longest time for one workflow task.
        memo: As it was started with.
        search_attributes: Those of Temporal included. `TemporalScheduledById` is one of these.
        static_summary: Shown in Temporal's UI.
        static_details: Shown in Temporal's UI.
        parent_workflow_id: Of the workflow that started it; None where none did.
        pending_activities: Those that run or wait now; none once the run is over.
    """

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
        scheduled_event_id: The history event that scheduled it; 0 where it is not known. That is so for a local
            activity, and for one that runs now and was scheduled after the events that were read.
        activity_id: Its id within the run.
        activity_type: What ran.
        status: Where it stands.
        attempt: The last attempt, counted from 1; 0 where none was started.
        input: Its arguments.
        result: What it returned; None while it has not, or failed.
        failure: What it failed with.
        last_failure: What the attempt before the present or last one failed with.
        scheduled_at: When it was scheduled.
        started_at: When the last attempt started; None where none was, and for a local activity.
        closed_at: When it ended.
        task_queue: Where its workers are; empty for a local activity. That one runs where the workflow does.
        is_local: Whether it is a local activity. Only finished ones are in a history.
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
    task_queue: str = ""
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
        activities: In the order in which they were scheduled. Where the history is truncated: those that were scheduled
            within the events that were read, as they stood then, and after them what runs now.
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
        unknown: Runs in a state that this version does not know.
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
    paused: int = 0
    unknown: int = 0
    since: datetime | None = None
    as_of: datetime

    @property
    def total(self) -> int:
        """All of them."""
        closed = self.completed + self.failed + self.canceled + self.terminated + self.timed_out + self.continued_as_new
        return self.running + self.paused + closed + self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQueueInfo:
    """Whether anybody works on a task queue.

    The server forgets a worker that no longer polls after some minutes.

    Attributes:
        name: The task queue.
        workflow_pollers: Identities of workers that polled for workflows lately, in order.
        activity_pollers: Identities of workers that polled for activities lately, in order.
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
        fields: What is live, in the words of a spec, such as `schedule.cron`; defaults are left out. Inputs are as the
            workflow gets them, a codec undone.
        differences: The fields in which it is not as the definition asks for; empty where it is, and `schedule` alone
            where the definition asks for none.
        paused: Whether it takes no action.
        note: Who paused it and why, or any other note.
        next_runs: As the server computes them, jitter included; none while it is paused.
        recent_runs: Newest last, with their outcome.
        running: Workflow ids of runs that the schedule counts as running.
        actions: How many runs were started so far.
        missed: How many were not started because the catch-up window was over.
        skipped: How many were not started because one before still ran.
        buffered: How many wait for one before to end.
        dropped: How many were not started because too many waited already.
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
    dropped: int = 0
    remaining_actions: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseOutcome:
    """What became of a request to pause a schedule, or to let it go on.

    Attributes:
        name: The Schedule ID.
        paused: Whether it takes no action, as it is now.
        note: As it is now; somebody else's where they had paused it already.
        changed: Whether it was changed now; False where it was so already, and nothing was written.
    """

    name: str
    paused: bool
    note: str
    changed: bool


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


class JobState(StrEnum):
    """Where a job stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    ON_DEMAND = "on_demand"
    NOT_APPLIED = "not_applied"
    COMPLETED = "completed"
    UNWANTED = "unwanted"
    RETIRED = "retired"
    FOREIGN = "foreign"
    INVALID = "invalid"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOverview:
    """How one job stands.

    It brings the job's spec, its live schedule and its runs together.

    Attributes:
        name: Its name, which is the Schedule ID.
        state: Where it stands. `completed`: no run is left, and no schedule. `unwanted`: the schedule is ours and no
            spec wants it, so the next apply retires it. `foreign`: a schedule of its name is not ours. `invalid`: its
            spec has mistakes. `unreadable`: its schedule cannot be read.
        message: Who paused it and why, what is wrong, or what becomes of it next; may be empty.
        differences: Fields of the live schedule that are not as the spec wants them.
        delete_after: When a retired schedule is deleted that no spec wants.
        next_run: When the schedule starts the next run; None where it starts none. The server computes it.
        last_run: The run that ended last; None where there is none any more.
        running: How many runs go on.
        running_since: When the oldest of them started.
    """

    name: str
    state: JobState
    message: str = ""
    differences: tuple[str, ...] = ()
    delete_after: datetime | None = None
    next_run: datetime | None = None
    last_run: RunSummary | None = None
    running: int = 0
    running_since: datetime | None = None
