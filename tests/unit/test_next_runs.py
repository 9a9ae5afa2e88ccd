from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from jobspec.planning.forecast import Forecast, RunSpan, find_bent_times, make_forecast
from jobspec.render.next_runs import render_job, render_overview, render_runs_as_json, tell_oddities
from jobspec.render.tables import Style
from jobspec.spec.model import JobSpec
from jobspec.timing.oddities import Oddity, OddityKind

if TYPE_CHECKING:
    from datetime import tzinfo

NOW = datetime(2026, 11, 24, 18, 20, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def make(name: str = "job", **schedule: Any) -> JobSpec:
    job = {"name": name, "queue": "q", "workflow": {"type": "W"}}
    return JobSpec.model_validate({**job, "schedule": schedule} if schedule else job)


def look(spec: JobSpec, start: datetime = NOW, count: int | None = 3, end: datetime | None = None) -> Forecast:
    return make_forecast(spec, RunSpan(start=start, count=count, end=end), now=NOW)


def show(spec: JobSpec, start: str, count: int, zone: tzinfo | None = None) -> str:
    span = RunSpan(start=datetime.fromisoformat(start).replace(tzinfo=UTC), count=count)
    forecast = make_forecast(spec, span, now=NOW)
    return render_job(forecast, find_bent_times(forecast, span), now=NOW, zone=zone, style=Style())


def test_the_runs_of_a_job_with_what_the_clock_does_to_them() -> None:
    nightly = make(cron="30 2 * * *", timezone="Europe/Berlin", jitter="30s")
    assert show(nightly, "2027-03-27T00:00:00", 2) == (
        """\
job  cron 30 2 * * * in Europe/Berlin, each + up to 30s
    Sat 2027-03-27  02:30 CET     in 4 months
    ! 02:30 does not exist on Sun 2027-03-28, skipped
    Mon 2027-03-29  02:30 CEST    in 4 months
"""
    )
    assert show(make(cron="30 1 * * *", timezone="America/New_York"), "2026-11-01T05:00:00", 3) == (
        """\
job  cron 30 1 * * * in America/New_York
    Sun 2026-11-01  01:30 EDT     23 days ago
    Sun 2026-11-01  01:30 EST     23 days ago
    ! 01:30 on Sun 2026-11-01 fires twice: 01:30 EDT and 01:30 EST
    Mon 2026-11-02  01:30 EST     22 days ago
"""
    )


def test_zones_without_a_short_name_keep_the_columns() -> None:
    lines = show(make(cron="15 2 * * *", timezone="Australia/Lord_Howe"), "2026-10-02T12:00:00", 3).splitlines()
    assert {line.index("days ago") for line in lines[1:] if "ago" in line} == {lines[1].index("days ago")}


def test_another_clock_may_be_shown() -> None:
    assert show(make(interval={"every": "6h", "offset": "5m"}), "2026-11-24T18:21:00", 1, BERLIN) == (
        """\
job  every 6h + 5m, times in Europe/Berlin
    Wed 2026-11-25  01:05 CET     in 5 hours
"""
    )


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({}, "on demand: it has no schedule"),
        ({"cron": "0 0 30 2 *"}, "never fires: no time matches"),
        ({"interval": "1h", "end_at": "2025-01-01T00:00:00Z"}, "completed: its end was Wed 2025-01-01 00:00 UTC"),
        ({"cron": "0 0 1 1 * 2020"}, "completed: no run is left"),
        (
            {"interval": "1h", "paused": "a\x1bb"},
            "paused by its spec: a\\u001bb; none of these starts before it is unpaused",
        ),
        ({"interval": "1h", "paused": True}, "paused by its spec; none of these starts before it is unpaused"),
    ],
)
def test_why_a_job_does_not_run_is_said_in_words(schedule: dict[str, Any], said: str) -> None:
    text = render_job(look(make(**schedule)), [], now=NOW, zone=None, style=Style())
    assert text.split("\n")[1] == f"    {said}"


def test_a_span_without_runs_names_the_next() -> None:
    forecast = look(make(cron="0 9 * * MON"), end=datetime(2026, 11, 25, tzinfo=UTC))
    text = render_job(forecast, [], now=NOW, zone=None, style=Style())
    assert text.endswith("    no run in that time, the next is Mon 2026-11-30 09:00 UTC\n")


def test_the_table_of_all_begins_with_the_next_to_run() -> None:
    forecasts = [
        look(make("daily", cron="0 2 * * *", timezone="Europe/Berlin", jitter="30s")),
        look(make("manual")),
        look(make("hourly", interval="1h"), count=2),
        look(make("waiting", interval="1h", paused="until Monday")),
        look(make("once", interval="1h", end_at="2026-11-24T19:00:00Z")),
    ]
    assert render_overview(forecasts, now=NOW, zone=None, style=Style()) == (
        """\
JOB      NEXT RUN                          IN             THEN
hourly   Tue 2026-11-24 19:00 UTC          in 39 minutes  20:00
once     Tue 2026-11-24 19:00 UTC          in 39 minutes
daily    Wed 2026-11-25 02:00 CET          in 6 hours     Thu 2026-11-26 02:00, Fri 2026-11-27 02:00 + up to 30s
waiting  paused by its spec: until Monday
manual   on demand: it has no schedule
"""
    )
    shown = render_overview(forecasts, now=NOW, zone=BERLIN, style=Style())
    assert "hourly   Tue 2026-11-24 20:00 CET" in shown


def test_json_is_a_list_of_names_and_runs_in_utc() -> None:
    looks = [look(make("daily", cron="30 3 * * *", timezone="Europe/Berlin"), count=1), look(make("manual"))]
    assert render_runs_as_json(looks) == (
        """\
[
  {
    "name": "daily",
    "runs": [
      "2026-11-25T02:30:00Z"
    ]
  },
  {
    "name": "manual",
    "runs": []
  }
]
"""
    )


def second(clock: str) -> int:
    return int(datetime.fromisoformat(f"2026-10-25T{clock}").replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("kind", "runs", "one", "several"),
    [
        (
            OddityKind.SKIPPED,
            (),
            "02:30 does not exist on Sun 2026-10-25, skipped",
            "02:30 to 02:45 do not exist on Sun 2026-10-25, 2 runs skipped",
        ),
        (
            OddityKind.REPEATED,
            ("00:30", "01:30"),
            "02:30 on Sun 2026-10-25 fires twice: 02:30 CEST and 02:30 CET",
            "02:30 to 02:45 on Sun 2026-10-25, 2 runs fire twice, the first of them 02:30 CEST and 02:30 CET",
        ),
        (
            OddityKind.MOVED,
            ("02:30",),
            "02:30 on Sun 2026-10-25 fires at another time: 03:30 CET",
            "02:30 to 02:45 on Sun 2026-10-25, 2 runs fire at another time, the first of them 03:30 CET",
        ),
        (
            OddityKind.LOST,
            (),
            "02:30 on Sun 2026-10-25 is left out by Temporal, for the clock is set",
            "02:30 to 02:45 on Sun 2026-10-25, 2 runs are left out by Temporal, for the clock is set",
        ),
        (
            OddityKind.EXTRA,
            ("01:30",),
            "02:30 on Sun 2026-10-25 is not asked for, Temporal fires all the same, for the clock is set",
            "02:30 to 02:45 on Sun 2026-10-25, 2 runs are not asked for and fire all the same, for the clock is set",
        ),
    ],
)
def test_what_the_clock_does_is_told_once_for_all_times_of_a_day(
    kind: OddityKind, runs: tuple[str, ...], one: str, several: str
) -> None:
    found = [
        Oddity(near=number, wall=second(clock), kind=kind, runs=tuple(map(second, runs)))
        for number, clock in enumerate(("02:30", "02:45"))
    ]
    assert list(tell_oddities(found[:1], BERLIN)) == [(0, one)]
    assert list(tell_oddities(found, BERLIN)) == [(1, several)]
