"""From what the library tells of runs and schedules to their documents."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from jobspec.render.run_documents import (
    ActivityDocument,
    FailureDocument,
    HistoryDocument,
    JobStatsDocument,
    PendingActivityDocument,
    ResultDocument,
    RunDetailDocument,
    RunDocument,
    RunsDocument,
    StatsDocument,
)
from jobspec.render.schedule_documents import JobStatusDocument
from jobspec.render.values import to_json, write_token
from jobspec.secrets import mask
from jobspec.spec.redaction import Redaction
from jobspec.timing.duration import format_duration
from jobspec.timing.moments import write_utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

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


def runs_document(job: str, page: RunPage) -> RunsDocument:
    """Make the document of a page of a job's runs."""
    return RunsDocument(
        job=job, runs=tuple(map(run_document, page.runs)), next_page_token=write_token(page.next_page_token)
    )


def run_document(run: RunSummary) -> RunDocument:
    """Make the document of one run in a list."""
    return RunDocument(
        workflow_id=run.workflow_id,
        run_id=run.run_id,
        workflow_type=run.workflow_type,
        task_queue=run.task_queue,
        status=run.status,
        started_at=write_utc(run.started_at),
        closed_at=_time(run.closed_at),
        scheduled_for=_time(run.scheduled_for),
    )


def failure_document(failure: Failure | None) -> FailureDocument | None:
    """Make the document of a failure and all that it was raised from, secrets masked."""
    if failure is None:
        return None
    return FailureDocument(
        message=mask(failure.message, is_prose=True),
        type=failure.type,
        subject=failure.subject,
        details=tuple(Redaction().apply(value, ()) for value in _values(failure.details)),
        cause=failure_document(failure.cause),
        stack_trace=mask(failure.stack_trace, is_prose=True),
    )


def run_detail_document(job: str, detail: RunDetail, history: RunHistory) -> RunDetailDocument:
    """Make the document of one run.

    Args:
        job: Whose run it is.
        detail: As described.
        history: Of the same run, for its input and its end.
    """
    return RunDetailDocument(
        job=job,
        run=run_document(detail.summary),
        history_length=detail.history_length,
        execution_timeout=_duration(detail.execution_timeout),
        run_timeout=_duration(detail.run_timeout),
        task_timeout=_duration(detail.task_timeout),
        memo=_mapping(detail.memo),
        search_attributes=_mapping(detail.search_attributes),
        static_summary=detail.static_summary,
        static_details=detail.static_details,
        parent_workflow_id=detail.parent_workflow_id,
        pending_activities=tuple(map(_pending, detail.pending_activities)),
        input=_values(history.input),
        result=to_json(history.result),
        failure=failure_document(history.failure),
    )


def _pending(activity: PendingActivity) -> PendingActivityDocument:
    return PendingActivityDocument(
        activity_id=activity.activity_id,
        activity_type=activity.activity_type,
        status=activity.status,
        attempt=activity.attempt,
        maximum_attempts=activity.maximum_attempts,
        last_failure=failure_document(activity.last_failure),
        scheduled_at=_time(activity.scheduled_at),
        started_at=_time(activity.started_at),
        last_heartbeat_at=_time(activity.last_heartbeat_at),
        worker=activity.worker,
    )


def history_document(job: str, history: RunHistory) -> HistoryDocument:
    """Make the document of a run's history."""
    return HistoryDocument(
        job=job,
        workflow_id=history.workflow_id,
        run_id=history.run_id,
        status=history.status,
        input=_values(history.input),
        result=to_json(history.result),
        failure=failure_document(history.failure),
        activities=tuple(map(_activity, history.activities)),
        events=history.events,
        is_truncated=history.is_truncated,
    )


def _activity(activity: ActivityEvent) -> ActivityDocument:
    return ActivityDocument(
        scheduled_event_id=activity.scheduled_event_id,
        activity_id=activity.activity_id,
        activity_type=activity.activity_type,
        status=activity.status,
        attempt=activity.attempt,
        input=_values(activity.input),
        result=to_json(activity.result),
        failure=failure_document(activity.failure),
        last_failure=failure_document(activity.last_failure),
        scheduled_at=_time(activity.scheduled_at),
        started_at=_time(activity.started_at),
        closed_at=_time(activity.closed_at),
        task_queue=activity.task_queue,
        is_local=activity.is_local,
    )


def stats_document(stats: Mapping[str, DefinitionStats], *, since: datetime | None, as_of: datetime) -> StatsDocument:
    """Make the document of the runs of some jobs, counted.

    Args:
        stats: By job.
        since: Runs that ended before it were not counted.
        as_of: When they were counted.
    """
    return StatsDocument(
        since=_time(since), as_of=write_utc(as_of), jobs=tuple(_job_stats(job, found) for job, found in stats.items())
    )


def _job_stats(job: str, stats: DefinitionStats) -> JobStatsDocument:
    counts = {field.name: getattr(stats, field.name) for field in fields(stats)}
    numbers = {name: count for name, count in counts.items() if name in JobStatsDocument.model_fields}
    return JobStatsDocument(job=job, total=stats.total, **numbers)


def result_document(
    job: str, run: tuple[str, str], status: Status, *, result: Any = None, failure: Failure | None = None
) -> ResultDocument:
    """Make the document of a run that was waited for.

    Args:
        job: Whose run it is.
        run: Its workflow id and its run id.
        status: Its state.
        result: What it returned.
        failure: What it failed with.
    """
    workflow_id, run_id = run
    return ResultDocument(
        job=job,
        workflow_id=workflow_id,
        run_id=run_id,
        status=status,
        result=to_json(result),
        failure=failure_document(failure),
    )


def job_status_document(job: JobOverview) -> JobStatusDocument:
    """Make the document of how one job stands."""
    return JobStatusDocument(
        job=job.name,
        state=job.state,
        message=job.message,
        differences=job.differences,
        delete_after=_time(job.delete_after),
        next_run=_time(job.next_run),
        last_run=run_document(job.last_run) if job.last_run else None,
        running=job.running,
        running_since=_time(job.running_since),
    )


def _time(when: datetime | None) -> str | None:
    return None if when is None else write_utc(when)


def _duration(length: timedelta | None) -> str | None:
    return None if length is None else format_duration(length)


def _values(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(map(to_json, values))


def _mapping(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: to_json(value) for key, value in values.items()}
