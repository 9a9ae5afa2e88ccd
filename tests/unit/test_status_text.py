"""How jobs stand, as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from jobspec.render.clock import Clock
from jobspec.render.status_text import render_status, summarize_status
from jobspec.render.tables import Style
from jobspec.results import JobOverview, JobState, RunSummary, Status

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


CLOCK = Clock(zone=UTC, name="UTC", now=NOW)


FAILED = RunSummary(
    workflow_id="a-1",
    run_id="r",
    workflow_type="W",
    task_queue="q",
    status=Status.TIMED_OUT,
    started_at=NOW - timedelta(hours=2),
    closed_at=NOW - timedelta(hours=1),
)


JOBS = (
    JobOverview(
        name="a",
        state=JobState.ACTIVE,
        differences=("schedule.cron", "input", "queue", "memo"),
        next_run=NOW + timedelta(hours=1),
        last_run=FAILED,
        running=2,
        running_since=NOW - timedelta(minutes=1),
    ),
    JobOverview(name="b", state=JobState.PAUSED, message="by \x1b[2Jjane"),
    JobOverview(name="c", state=JobState.RETIRED, delete_after=NOW),
)


def test_how_jobs_stand() -> None:
    assert render_status(JOBS, CLOCK, Style()) == (
        "JOB  STATE    NEXT RUN (UTC)       LAST RUN             RUNNING      REMARK\n"
        "a    active   2026-07-01 13:00:00  timed out 1h00m ago  2 for 1m00s"
        "  differs from its spec in schedule.cron, input, queue, …\n"
        "b    paused   -                    -                    -            by \\u001b[2Jjane\n"
        "c    retired  -                    -                    -"
        "            deleted by the first apply after 2026-07-01 12:00:00\n"
    )
    assert summarize_status(JOBS) == (
        "3 jobs: 1 active, 1 paused, 1 retired, 1 unlike their specs, 1 whose last run failed."
    )
    assert summarize_status(()) == "There are no jobs."
