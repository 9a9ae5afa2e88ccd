from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jobspec.planning.workload import HOUR, QUARTER, Share, Workload, count_workload
from jobspec.spec.model import JobSpec
from jobspec.timing.upcoming import upcoming

FIRST = date(2026, 11, 23)


def make(name: str, queue: str = "q", **schedule: Any) -> JobSpec:
    job = {"name": name, "queue": queue, "workflow": {"type": "W"}}
    return JobSpec.model_validate({**job, "schedule": schedule} if schedule else job)


def count(*specs: JobSpec, **more: Any) -> Workload:
    return count_workload(specs, **{"zone": "UTC", "first": FIRST, "days": 7, "slot": HOUR, **more})


def test_runs_are_counted_by_queue_and_hour() -> None:
    work = count(
        make("nightly", "a", cron="0,30 0 * * *"),
        make("hourly", "b", interval="1h"),
        make("weekly", "a", cron="15 0 * * MON"),
    )
    assert [(load.title, load.jobs, sum(load.counts)) for load in work.loads] == [("b", 1, 168), ("a", 2, 15)]
    assert work.loads[1].shares[0] == (Share("nightly", 2), Share("weekly", 1))
    assert work.loads[1].counts[:25] == [3, *[0] * 23, 2]
    assert work.counts[:3] == [4, 1, 1]
    assert work.days == tuple(FIRST + timedelta(days=number) for number in range(7))


def test_what_does_not_run_by_itself_is_left_out_and_what_is_paused_is_named() -> None:
    work = count(
        make("manual"),
        make("over", interval="1h", end_at="2020-01-01T00:00:00Z"),
        make("waiting", interval="1h", paused="until Monday"),
    )
    assert (work.loads, work.minutes, work.paused) == ((), (), ("waiting",))
    assert work.counts == []


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo"])
@pytest.mark.parametrize("slot", [HOUR, QUARTER])
def test_each_run_is_in_the_slot_that_the_clock_shows(zone: str, slot: int) -> None:
    specs = [
        make("often", cron="*/5 * * * *", timezone="America/New_York"),
        make("seldom", cron="50 1,2,23 * * *", timezone="Europe/Berlin"),
        make("by-interval", interval="7h"),
    ]
    for first in (date(2026, 3, 27), date(2026, 4, 2), date(2026, 10, 2), date(2026, 10, 23), date(2026, 4, 23)):
        work = count(*specs, zone=zone, first=first, days=4, slot=slot)
        expected = [0] * (4 * work.slots_per_day)
        start = datetime.combine(first, time(), ZoneInfo(zone))
        end = datetime.combine(first + timedelta(days=4), time(), ZoneInfo(zone))
        for spec in specs:
            assert spec.schedule is not None
            for run in upcoming(
                spec.schedule.timetable, start - timedelta(seconds=1), until=end - timedelta(seconds=1)
            ):
                wall = run.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
                expected[(wall - datetime.combine(first, time())) // timedelta(seconds=slot)] += 1
        assert work.counts == expected


def test_a_day_on_which_the_clock_is_set_has_its_own_length() -> None:
    often = make("often", interval="15m")
    spring = count(often, zone="Europe/Berlin", first=date(2027, 3, 27), days=3)
    assert spring.clock_changes == {date(2027, 3, 28): 23}
    assert spring.counts[24:28] == [4, 4, 0, 4]
    autumn = count(often, zone="Europe/Berlin", first=date(2026, 10, 25), days=1)
    assert autumn.clock_changes == {date(2026, 10, 25): 25}
    assert autumn.counts[:4] == [4, 4, 8, 4]
    assert count(often).clock_changes == {}


def test_the_fullest_minutes_are_found_with_their_days_and_jobs() -> None:
    herd = [make(f"herd-{number}", f"q{number % 3}", cron="0 0 * * *") for number in range(20)]
    work = count(
        *herd,
        make("one-more", cron="0 0 * * WED"),
        make("pair-1", cron="30 9 * * MON-FRI"),
        make("pair-2", cron="30 9 * * MON,TUE"),
        make("every-second", cron="* 0 12 * * THU *"),
        make("alone", cron="0 5 * * *"),
    )
    told = [(minute.clocks[0].isoformat("minutes"), minute.runs, len(minute.days)) for minute in work.minutes]
    assert told == [("12:00", 60, 1), ("00:00", 21, 7), ("09:30", 2, 2)]
    midnight = work.minutes[1]
    assert Share("one-more", 1) in midnight.shares
    assert len(midnight.shares) == 21
    assert work.minutes[2].days == (FIRST, FIRST + timedelta(days=1))
    assert work.minutes[0].shares == (Share("every-second", 60),)


def test_minutes_are_those_of_the_clock() -> None:
    pair = [make(f"pair-{number}", cron="0 23 * * *") for number in range(2)]
    assert [minute.clocks for minute in count(*pair, zone="Asia/Kathmandu").minutes] == [(time(4, 45),)]


def test_minutes_in_which_the_same_jobs_run_are_told_together() -> None:
    work = count(make("one", cron="30 3,9 * * *"), make("two", cron="30 3,9 * * *"), make("three", cron="30 9 * * *"))
    assert [minute.clocks for minute in work.minutes] == [(time(9, 30),), (time(3, 30),)]
    work = count(make("one", cron="30 3,9 * * *"), make("two", cron="30 3,9 * * *"))
    assert [minute.clocks for minute in work.minutes] == [(time(3, 30), time(9, 30))]
