"""Temporal schedules as YAML and TOML files in git: validated, reviewed as a plan, and kept equal to what is live.

The library: :class:`Definition` is one job with all that can be done with it, :class:`Registry` all jobs of a project;
:func:`load` reads them from spec files, :func:`plan` and :func:`apply` make the live schedules equal to them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobspec.errors import (
        AlreadyClosedError as AlreadyClosedError,
        AlreadyStartedError as AlreadyStartedError,
        ApplyError as ApplyError,
        ConflictError as ConflictError,
        DuplicateNameError as DuplicateNameError,
        ForeignScheduleError as ForeignScheduleError,
        InvalidDefinitionError as InvalidDefinitionError,
        JobspecError as JobspecError,
        MalformedScheduleError as MalformedScheduleError,
        NamespaceNotFoundError as NamespaceNotFoundError,
        NoScheduleError as NoScheduleError,
        NotFoundError as NotFoundError,
        NotRegisteredError as NotRegisteredError,
        ProjectError as ProjectError,
        QueryError as QueryError,
        RefusedError as RefusedError,
        RequestError as RequestError,
        RunFailedError as RunFailedError,
        ScheduleExistsError as ScheduleExistsError,
        ScheduleNotFoundError as ScheduleNotFoundError,
        UnreachableError as UnreachableError,
        UsageError as UsageError,
    )
    from jobspec.library.collector import Collector as Collector, Registrations as Registrations
    from jobspec.library.definition import Definition as Definition
    from jobspec.library.job_runs import RunHandle as RunHandle
    from jobspec.library.job_status import survey_jobs as survey_jobs
    from jobspec.library.project_registry import load as load
    from jobspec.library.registry import Registry as Registry
    from jobspec.library.rollout import apply as apply, plan as plan
    from jobspec.library.workers import make_worker as make_worker, run_workers as run_workers
    from jobspec.planning.planner import Planned as Planned
    from jobspec.results import (
        ActivityEvent as ActivityEvent,
        ActivityStatus as ActivityStatus,
        DefinitionStats as DefinitionStats,
        Failure as Failure,
        JobOverview as JobOverview,
        JobState as JobState,
        PauseOutcome as PauseOutcome,
        PendingActivity as PendingActivity,
        Raw as Raw,
        RecentRun as RecentRun,
        RunDetail as RunDetail,
        RunHistory as RunHistory,
        RunPage as RunPage,
        RunSummary as RunSummary,
        ScheduleDetail as ScheduleDetail,
        ScheduleOutcome as ScheduleOutcome,
        ScheduleSummary as ScheduleSummary,
        Status as Status,
        TaskQueueInfo as TaskQueueInfo,
        TimeRange as TimeRange,
    )
    from jobspec.spec.model import (
        CalendarSpec as CalendarSpec,
        IntervalSpec as IntervalSpec,
        JobSpec as JobSpec,
        OverlapPolicy as OverlapPolicy,
        Priority as Priority,
        RetryPolicy as RetryPolicy,
        RunOptions as RunOptions,
        ScheduleSpec as ScheduleSpec,
        WorkflowRef as WorkflowRef,
    )

_HOMES = {
    "jobspec.errors": (
        "AlreadyClosedError",
        "AlreadyStartedError",
        "ApplyError",
        "ConflictError",
        "DuplicateNameError",
        "ForeignScheduleError",
        "InvalidDefinitionError",
        "JobspecError",
        "MalformedScheduleError",
        "NamespaceNotFoundError",
        "NoScheduleError",
        "NotFoundError",
        "NotRegisteredError",
        "ProjectError",
        "QueryError",
        "RefusedError",
        "RequestError",
        "RunFailedError",
        "ScheduleExistsError",
        "ScheduleNotFoundError",
        "UnreachableError",
        "UsageError",
    ),
    "jobspec.library.collector": ("Collector", "Registrations"),
    "jobspec.library.rollout": ("apply", "plan"),
    "jobspec.library.definition": ("Definition",),
    "jobspec.library.job_runs": ("RunHandle",),
    "jobspec.library.project_registry": ("load",),
    "jobspec.library.job_status": ("survey_jobs",),
    "jobspec.library.registry": ("Registry",),
    "jobspec.library.workers": ("make_worker", "run_workers"),
    "jobspec.planning.planner": ("Planned",),
    "jobspec.results": (
        "ActivityEvent",
        "ActivityStatus",
        "DefinitionStats",
        "Failure",
        "JobOverview",
        "JobState",
        "PauseOutcome",
        "PendingActivity",
        "Raw",
        "RecentRun",
        "RunDetail",
        "RunHistory",
        "RunPage",
        "RunSummary",
        "ScheduleDetail",
        "ScheduleOutcome",
        "ScheduleSummary",
        "Status",
        "TaskQueueInfo",
        "TimeRange",
    ),
    "jobspec.spec.model": (
        "CalendarSpec",
        "IntervalSpec",
        "JobSpec",
        "OverlapPolicy",
        "Priority",
        "RetryPolicy",
        "RunOptions",
        "ScheduleSpec",
        "WorkflowRef",
    ),
}
"""Where each public name lives; imported when it is first asked for, so that a command loads only what it needs."""

_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__all__":  # what `from jobspec import *` asks for; type checkers go by the imports above
        return sorted(_HOME_OF)
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module `jobspec` has no attribute `{name}`")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
