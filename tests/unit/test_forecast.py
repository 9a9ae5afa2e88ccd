from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobspec.planning.forecast import RunSpan, RunState, find_bent_times, make_forecast
from jobspec.spec.model import JobSpec
from jobspec.timing.oddities import OddityKind

NOW = datetime(2026, 11, 24, 18, 20, 30, tzinfo=UTC)


def make(**schedule: Any) -> JobSpec:
    job = {"name": "job", "queue": "q", "workflow": {"type": "W"}}
    return JobSpec.model_validate({**job, "schedule": schedule} if schedule else job)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "run_state", "runs"),
    [
        ({"interval": "1h"}, RunState.RUNS, 3),
        ({"interval": "1h", "paused": True}, RunState.PAUSED, 3),
        ({}, RunState.ON_DEMAND, 0),
        ({"interval": "1h", "end_at": "2025-01-01T00:00:00Z"}, RunState.COMPLETED, 0),
        ({"cron": "0 0 1 1 * 2020"}, RunState.COMPLETED, 0),
        ({"cron": "0 0 30 2 *"}, RunState.NEVER, 0),
        ({"interval": "1h", "end_at": "2026-11-24T20:00:00Z"}, RunState.RUNS, 2),
    ],
)
def test_how_a_job_stands(schedule: dict[str, Any], run_state: RunState, runs: int) -> None:
    forecast = make_forecast(make(**schedule), RunSpan(start=NOW, count=3), now=NOW)
    assert (forecast.run_state, len(forecast.runs)) == (run_state, runs)


def test_start_and_end_count() -> None:
    hourly = make(interval="1h")
    span = RunSpan(start=at("2026-11-24T19:00:00"), end=at("2026-11-24T21:00:00"))
    assert [run.hour for run in make_forecast(hourly, span, now=NOW).runs] == [19, 20, 21]
    late = RunSpan(start=span.start + timedelta(microseconds=1), end=at("2026-11-24T20:59:59"))
    assert [run.hour for run in make_forecast(hourly, late, now=NOW).runs] == [20]
    assert len(make_forecast(hourly, RunSpan(start=span.start, end=span.end, count=2), now=NOW).runs) == 2


def test_where_no_run_is_in_the_span_the_next_one_is_told() -> None:
    weekly = make(cron="0 9 * * MON")
    span = RunSpan(start=at("2026-11-24T00:00:00"), end=at("2026-11-26T00:00:00"))
    forecast = make_forecast(weekly, span, now=NOW)
    assert (forecast.run_state, forecast.runs, forecast.following) == (RunState.RUNS, (), at("2026-11-30T09:00:00"))


def test_what_the_clock_bends_is_looked_for_where_runs_are() -> None:
    nightly = make(cron="30 2 * * *", timezone="Europe/Berlin")

    def bent(**span: Any) -> list[OddityKind]:
        chosen = RunSpan(**span)
        return [each.kind for each in find_bent_times(make_forecast(nightly, chosen, now=NOW), chosen)]

    start = at("2027-03-27T00:00:00")
    assert bent(start=start, count=2) == [OddityKind.SKIPPED]
    assert bent(start=start, count=1) == []
    assert bent(start=at("2027-03-28T00:00:00"), end=at("2027-03-28T23:00:00")) == [OddityKind.SKIPPED]
    assert bent(start=at("2027-03-28T02:00:00"), end=at("2027-04-28T23:00:00")) == []
    assert (
        find_bent_times(make_forecast(make(), RunSpan(start=start, count=1), now=NOW), RunSpan(start=start, count=1))
        == []
    )
