"""The JSON documents of runs and live schedules: all that their values have, as JSON."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jobspec.render.run_documents import (
    ActivityDocument,
    AnswerDocument,
    FailureDocument,
    HistoryDocument,
    JobStatsDocument,
    JobStatusDocument,
    PendingActivityDocument,
    ResultDocument,
    RunDetailDocument,
    RunDocument,
    RunsDocument,
    StatsDocument,
)
from jobspec.results import (
    ActivityEvent,
    ActivityStatus,
    DefinitionStats,
    Failure,
    JobOverview,
    JobState,
    PendingActivity,
    Raw,
    RunDetail,
    RunHistory,
    RunPage,
    RunSummary,
    Status,
)

NOW = datetime(2026, 7, 1, 12, 0, 12, tzinfo=UTC)
FAILURE = Failure(
    message="Activity task failed",
    type="activity",
    subject="fetch_orders",
    cause=Failure(message="refused", type="ConnectionError", details=({"host": "db"}, Raw(encoding="x/y", data=b"1"))),
)
FAILURE_AS_JSON = {
    "message": "Activity task failed",
    "type": "activity",
    "subject": "fetch_orders",
    "details": [],
    "cause": {
        "message": "refused",
        "type": "ConnectionError",
        "subject": "",
        "details": [{"host": "db"}, {"encoding": "x/y", "data": "MQ=="}],
        "cause": None,
        "stack_trace": "",
    },
    "stack_trace": "",
}
RUN = RunSummary(
    workflow_id="orders-1",
    run_id="r1",
    workflow_type="SyncOrders",
    task_queue="q",
    status=Status.RUNNING,
    started_at=datetime(2026, 7, 1, 14, 0, 0, 5, tzinfo=ZoneInfo("Europe/Berlin")),
    scheduled_for=NOW,
)
RUN_AS_JSON = {
    "workflow_id": "orders-1",
    "run_id": "r1",
    "workflow_type": "SyncOrders",
    "task_queue": "q",
    "status": "running",
    "started_at": "2026-07-01T12:00:00.000005Z",
    "closed_at": None,
    "scheduled_for": "2026-07-01T12:00:12Z",
}
PENDING = PendingActivity(
    activity_id="1", activity_type="fetch", status=ActivityStatus.RETRYING, attempt=3, last_failure=FAILURE
)
DETAIL = RunDetail(
    summary=RUN,
    history_length=7,
    execution_timeout=timedelta(hours=2),
    memo={"secret": Raw(encoding="binary/encrypted", data=b"1")},
    search_attributes={"Since": NOW, "Ratio": float("inf")},
    pending_activities=(PENDING,),
)
ACTIVITY = ActivityEvent(
    scheduled_event_id=5,
    activity_id="1",
    activity_type="fetch",
    status=ActivityStatus.COMPLETED,
    input=({"pin": 1},),
    result=timedelta(seconds=90),
    scheduled_at=NOW,
)
HISTORY = RunHistory(
    workflow_id="orders-1", run_id="r1", status=Status.FAILED, input=(1, None), failure=FAILURE, activities=(ACTIVITY,)
)


def write(document: Any) -> Any:
    return json.loads(document.to_json())


@pytest.mark.parametrize(
    ("document", "value", "left_out"),
    [
        (FailureDocument, Failure, set()),
        (RunDocument, RunSummary, set()),
        (RunsDocument, RunPage, set()),
        (PendingActivityDocument, PendingActivity, set()),
        (ActivityDocument, ActivityEvent, set()),
        (HistoryDocument, RunHistory, set()),
        (RunDetailDocument, RunDetail, {"summary"}),
        (JobStatsDocument, DefinitionStats, {"since", "as_of"}),
        (JobStatusDocument, JobOverview, {"name"}),
    ],
)
def test_a_document_has_all_that_its_value_has(document: Any, value: Any, left_out: set[str]) -> None:
    assert {field.name for field in fields(value)} - set(document.model_fields) == left_out


def test_a_run_with_what_it_failed_with_and_what_runs_in_it() -> None:
    document = write(RunDetailDocument.of(DETAIL, HISTORY, job="orders", run=RUN))
    assert list(document)[:4] == ["kind", "version", "job", "run"]
    assert document == {
        "kind": "run",
        "version": 1,
        "job": "orders",
        "run": RUN_AS_JSON,
        "history_length": 7,
        "execution_timeout": "2h",
        "run_timeout": None,
        "task_timeout": None,
        "memo": {"secret": {"encoding": "binary/encrypted", "data": "MQ=="}},
        "search_attributes": {"Since": "2026-07-01T12:00:12Z", "Ratio": "inf"},
        "static_summary": "",
        "static_details": "",
        "parent_workflow_id": None,
        "pending_activities": [
            {
                "activity_id": "1",
                "activity_type": "fetch",
                "status": "retrying",
                "attempt": 3,
                "maximum_attempts": 0,
                "last_failure": FAILURE_AS_JSON,
                "scheduled_at": None,
                "started_at": None,
                "last_heartbeat_at": None,
                "worker": "",
            }
        ],
        "input": [1, None],
        "result": None,
        "failure": FAILURE_AS_JSON,
    }


def test_a_history_with_values_of_every_kind() -> None:
    document = write(HistoryDocument.of(HISTORY, job="orders"))
    assert list(document)[:6] == ["kind", "version", "job", "workflow_id", "run_id", "status"]
    assert document["activities"][0] | {"input": [{"pin": 1}], "result": "PT1M30S"} == document["activities"][0]
    assert write(HistoryDocument.of(replace(HISTORY, input=("x" * 5000,)), job="orders"))["input"] == ["x" * 5000]


def test_a_page_token_is_text_that_a_shell_leaves_alone() -> None:
    document = write(RunsDocument.of(RunPage(runs=(RUN,), next_page_token=b"\xfb\xff\xfe"), job="orders"))
    assert document["next_page_token"] == "-__-"  # noqa: S105
    assert document["runs"] == [RUN_AS_JSON]


def test_counts_have_a_total() -> None:
    stats = DefinitionStats(running=1, timed_out=2, as_of=NOW)
    document = write(StatsDocument.of(since=None, as_of=NOW, jobs=(JobStatsDocument.of(stats, job="orders"),)))
    assert document["as_of"] == "2026-07-01T12:00:12Z"
    assert document["jobs"] == [
        {
            "job": "orders",
            "running": 1,
            "completed": 0,
            "failed": 0,
            "canceled": 0,
            "terminated": 0,
            "timed_out": 2,
            "continued_as_new": 0,
            "paused": 0,
            "unknown": 0,
            "total": 3,
        }
    ]


def test_a_job_with_its_last_run() -> None:
    overview = JobOverview(name="orders", state=JobState.ACTIVE, next_run=NOW, last_run=RUN, differences=("queue",))
    assert write(JobStatusDocument.of(overview, job=overview.name)) == {
        "job": "orders",
        "state": "active",
        "message": "",
        "differences": ["queue"],
        "delete_after": None,
        "next_run": "2026-07-01T12:00:12Z",
        "last_run": RUN_AS_JSON,
        "running": 0,
        "running_since": None,
    }


def test_results_and_answers_are_plain_json() -> None:
    run = {"job": "orders", "workflow_id": "orders-1"}
    result = ResultDocument.of(**run, run_id="r1", status=Status.FAILED, result=None, failure=FAILURE)
    assert write(result)["failure"] == FAILURE_AS_JSON
    assert write(AnswerDocument(**run, query="sum", answer=Raw(encoding="", data=b"")))["answer"] == {
        "encoding": "",
        "data": "",
    }
