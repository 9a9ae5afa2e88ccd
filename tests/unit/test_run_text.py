"""Runs as text and as documents."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from jobspec.render.clock import Clock
from jobspec.render.run_text import render_detail, render_history, render_runs, render_stats, tell_progress
from jobspec.render.tables import Style
from jobspec.results import (
    ActivityEvent,
    ActivityStatus,
    DefinitionStats,
    Failure,
    PendingActivity,
    Raw,
    RunDetail,
    RunHistory,
    RunSummary,
    Status,
)

NOW = datetime(2026, 7, 1, 12, 0, 12, tzinfo=UTC)
BEGUN = NOW - timedelta(seconds=12)
CLOCK = Clock(zone=ZoneInfo("Europe/Berlin"), name="Europe/Berlin", now=NOW)
PLAIN = Style()
ROOT = Failure(
    message="refused\nby \x1b[31mpeer", type="ConnectionError", details=({"host": "db"}, Raw(encoding="x/y", data=b"1"))
)
FAILURE = Failure(
    message="cannot sync",
    type="SyncError",
    cause=Failure(message="Activity task failed", type="activity", subject="fetch_orders", cause=ROOT, stack_trace="…"),
)
RUN = RunSummary(
    workflow_id="orders-1",
    run_id="r1",
    workflow_type="SyncOrders",
    task_queue="q",
    status=Status.RUNNING,
    started_at=BEGUN,
    scheduled_for=BEGUN,
)
FAILED = replace(RUN, workflow_id="orders-0", status=Status.FAILED, closed_at=NOW, scheduled_for=None)
PENDING = PendingActivity(
    activity_id="1",
    activity_type="fetch_orders",
    status=ActivityStatus.RETRYING,
    attempt=3,
    maximum_attempts=5,
    last_failure=ROOT,
    scheduled_at=NOW + timedelta(seconds=4),
    worker="1@host",
)
DETAIL = RunDetail(
    summary=RUN,
    history_length=1023,
    execution_timeout=timedelta(hours=2),
    memo={"team": "orders", "secret": Raw(encoding="binary/encrypted", data=b"\0" * 120)},
    search_attributes={"TemporalScheduledById": "orders"},
    static_summary="of the \u202elast hour",
    pending_activities=(
        PENDING,
        replace(PENDING, status=ActivityStatus.STARTED, attempt=1, last_failure=None, started_at=BEGUN),
    ),
)
HISTORY = RunHistory(
    workflow_id="orders-1",
    run_id="r1",
    status=Status.FAILED,
    input=({"region": "eu"}, None),
    failure=FAILURE,
    events=500,
    is_truncated=True,
    activities=(
        ActivityEvent(
            scheduled_event_id=5,
            activity_id="1",
            activity_type="fetch_orders",
            status=ActivityStatus.COMPLETED,
            attempt=2,
            input=("eu",),
            result=[1, 2],
            last_failure=ROOT,
            scheduled_at=BEGUN,
            started_at=BEGUN,
            closed_at=NOW,
            task_queue="q",
        ),
        ActivityEvent(
            scheduled_event_id=0,
            activity_id="2",
            activity_type="count",
            status=ActivityStatus.FAILED,
            attempt=1,
            failure=ROOT,
            is_local=True,
        ),
        ActivityEvent(
            scheduled_event_id=9,
            activity_id="3",
            activity_type="ship",
            status=ActivityStatus.SCHEDULED,
            scheduled_at=BEGUN,
        ),
    ),
)


def test_a_list_of_runs() -> None:
    assert render_runs((RUN, FAILED), CLOCK, PLAIN) == (
        "STARTED (Europe/Berlin)  STATUS   TOOK  SCHEDULED FOR        WORKFLOW ID\n"
        "2026-07-01 14:00:00      running   12s  2026-07-01 14:00:00  orders-1\n"
        "2026-07-01 14:00:00      failed    12s  -                    orders-0\n"
    )


def test_runs_that_share_a_workflow_id_are_told_apart_by_their_run_ids() -> None:
    assert render_runs((RUN, replace(FAILED, workflow_id="orders-1", run_id="r0")), CLOCK, PLAIN) == (
        "STARTED (Europe/Berlin)  STATUS   TOOK  SCHEDULED FOR        WORKFLOW ID  RUN ID\n"
        "2026-07-01 14:00:00      running   12s  2026-07-01 14:00:00  orders-1     r1\n"
        "2026-07-01 14:00:00      failed    12s  -                    orders-1     r0\n"
    )


@pytest.mark.parametrize(("width", "shown"), [(120, ["RUN ID"]), (80, [])])
def test_run_ids_are_shown_where_there_is_room_for_them(width: int, shown: list[str]) -> None:
    chain = [
        replace(FAILED, workflow_id="orders-4508a26f-7e90-4175-bd5f", run_id=f"{n}4b50c03-4d78-4fe5-9792-95cc01c54d2a")
        for n in range(2)
    ]
    table = render_runs(chain, CLOCK, Style(width=width)).splitlines()
    assert re.split(r"  +", table[0]) == ["STARTED (Europe/Berlin)", "STATUS", "TOOK", "WORKFLOW ID", *shown]
    assert max(map(len, table)) <= width


def test_a_run_in_detail() -> None:
    history = replace(HISTORY, failure=None, status=Status.RUNNING)
    assert render_detail(DETAIL, history, CLOCK, PLAIN) == (
        "workflow id        orders-1\n"
        "run id             r1\n"
        "status             running for 12s\n"
        "workflow           SyncOrders on task queue q\n"
        "started            2026-07-01 14:00:00 (Europe/Berlin)\n"
        "scheduled for      2026-07-01 14:00:00\n"
        "timeouts           execution 2h\n"
        'memo               team: "orders", secret: <binary/encrypted, 120 bytes>\n'
        'search attributes  TemporalScheduledById: "orders"\n'
        "summary            of the \\u202elast hour\n"
        "history            1,023 events\n"
        'input              {"region": "eu"}, null\n'
        "\n"
        "ACTIVITY      STATUS    ATTEMPT  SINCE    LAST FAILURE                                WORKER\n"
        "fetch_orders  retrying   3 of 5  in 4.0s  ConnectionError: refused by \\u001b[31mpeer  1@host\n"
        "fetch_orders  started    1 of 5  12s ago  -                                           1@host\n"
    )


def test_a_run_that_is_over_shows_its_result() -> None:
    run = replace(RUN, status=Status.COMPLETED, closed_at=NOW)
    history = replace(HISTORY, status=Status.COMPLETED, failure=None, result={"orders": 5})
    text = render_detail(replace(DETAIL, summary=run, pending_activities=()), history, CLOCK, PLAIN)
    assert "status             completed after 12s\n" in text
    assert "ended              2026-07-01 14:00:12\n" in text
    assert text.endswith('result             {"orders": 5}\n')


def test_a_history() -> None:
    assert render_history(HISTORY, CLOCK, PLAIN) == (
        "workflow id        orders-1\n"
        "run id             r1\n"
        "status             failed\n"
        "events             500 read, and there are more\n"
        'input              {"region": "eu"}, null\n'
        "failure\n"
        "  SyncError: cannot sync\n"
        "  caused by activity fetch_orders: Activity task failed\n"
        "  caused by ConnectionError: refused\n"
        "            by \\u001b[31mpeer\n"
        '            details: {"host": "db"}, <x/y, 1 byte>\n'
        "\n"
        "EVENT  ACTIVITY       STATUS     ATTEMPT  SCHEDULED (Europe/Berlin)  TOOK  INPUT  OUTCOME\n"
        '    5  fetch_orders   completed        2  2026-07-01 14:00:00         12s  "eu"   [1, 2]\n'
        "    -  count (local)  failed           1  -                             -         "
        "ConnectionError: refused by \\u001b[31mpeer\n"
        "    9  ship           scheduled        -  2026-07-01 14:00:00         12s         -\n"
    )


@pytest.mark.parametrize("status", [ActivityStatus.ABANDONED, ActivityStatus.UNKNOWN])
def test_an_activity_without_an_end_does_not_go_on_taking_time(status: ActivityStatus) -> None:
    ended = replace(HISTORY.activities[2], status=status)
    shown = render_history(replace(HISTORY, activities=(ended,)), CLOCK, PLAIN).splitlines()[-1]
    assert shown.split() == ["9", "ship", status, "-", "2026-07-01", "14:00:00", "-", "-"]


def test_counts_leave_out_rare_states_that_no_run_is_in() -> None:
    stats = DefinitionStats(running=1, completed=12345, failed=2, as_of=NOW)
    assert render_stats({"orders": stats, "b": DefinitionStats(as_of=NOW)}, PLAIN) == (
        "JOB     RUNNING  COMPLETED  FAILED  TIMED OUT  CANCELED  TERMINATED   TOTAL\n"
        "orders        1     12,345       2          0         0           0  12,348\n"
        "b             0          0       0          0         0           0       0\n"
    )
    assert "CONTINUED AS NEW" in render_stats({"orders": replace(stats, continued_as_new=1)}, PLAIN)


def test_where_there_is_no_room_for_all_counts_those_of_no_run_go_first() -> None:
    stats = DefinitionStats(completed=1, failed=2, canceled=3, as_of=NOW)
    assert render_stats({"report-of-the-orders-of-last-month": stats}, Style(width=80)) == (
        "JOB                                 RUNNING  COMPLETED  FAILED  CANCELED  TOTAL\n"
        "report-of-the-orders-of-last-month        0          1       2         3      6\n"
    )


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        (
            DETAIL,
            "fetch_orders retrying, attempt 3 of 5, last failed with ConnectionError: refused by \x1b[31mpeer; "  # noqa: ISC004
            "fetch_orders started",
        ),
        (replace(DETAIL, pending_activities=()), "no activity runs"),
        (replace(DETAIL, pending_activities=(), history_length=2), "the workflow waits for a worker"),
    ],
)
def test_progress_is_one_line(detail: RunDetail, told: str) -> None:
    assert tell_progress(detail) == told


def test_long_values_are_cut_for_people() -> None:
    history = replace(HISTORY, input=("x" * 5000,), failure=None)
    assert max(map(len, render_history(history, CLOCK, PLAIN).splitlines())) < 2100
