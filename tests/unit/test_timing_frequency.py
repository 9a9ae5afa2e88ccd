from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jobspec.timing.calendar import EVERY_SECOND
from jobspec.timing.cron import parse_cron
from jobspec.timing.frequency import runs_per_day
from jobspec.timing.upcoming import Interval, Timetable, count_runs, upcoming_seconds

NOW = datetime(2026, 11, 24, 18, 20, tzinfo=UTC)
JULY_AND_AUGUST = replace(EVERY_SECOND, month=(7, 8))


def crons(*texts: str) -> Timetable:
    return Timetable(calendars=tuple(map(parse_cron, texts)), timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("table", "rate"),
    [
        (crons("0 * * * *"), 24),
        (crons("* * * * * * *"), 86_400),
        (crons("0 2 * * *"), 1),
        (crons("0 9-17 * * MON-FRI"), 9 * 5 / 7),
        (crons("0 2 * * SUN"), 1 / 7),
        (Timetable(intervals=(Interval(every=600),)), 144),
        (Timetable(intervals=(Interval(every=90 * 86_400),)), 1 / 90),
        (crons("0 2 * * *", "0 2,3 * * *"), 2),
        (replace(crons("0 2 * * *"), intervals=(Interval(every=43_200),)), 3),
        (crons("0 2 1 * *"), 12 / 365),
        (crons("0 2 1 1 *"), 4 / 1461),
        (crons("0 2 29 2 *"), 1 / 1461),
        (crons("0 0 30 2 *"), 0),
        (replace(crons("0 2 * * *"), skip=(JULY_AND_AUGUST,)), (365 - 62) / 365),
        (replace(crons("0 * * * *"), skip=(replace(EVERY_SECOND, hour=(0, 1, 2, 3)),)), 20),
    ],
)
def test_an_average_day(table: Timetable, rate: float) -> None:
    assert runs_per_day(table, NOW) == pytest.approx(rate, abs=0.003 if table.timezone != "UTC" else 0)


def test_a_holiday_is_an_exception() -> None:
    holiday = replace(EVERY_SECOND, day_of_month=(25,), month=(12,), year=(2026,))
    assert runs_per_day(replace(crons("0 2 * * *"), skip=(holiday,)), NOW) == 1


def test_the_average_begins_and_ends_with_the_schedule() -> None:
    later = replace(crons("0 2 * * *"), start_at=NOW + timedelta(days=500))
    assert runs_per_day(later, NOW) == 1
    for_ten_days = replace(crons("0 2 * * *"), end_at=NOW + timedelta(days=10))
    assert runs_per_day(for_ten_days, NOW) == 1
    assert runs_per_day(replace(for_ten_days, end_at=NOW + timedelta(hours=3)), NOW) == 0
    assert runs_per_day(replace(for_ten_days, end_at=NOW - timedelta(days=1)), NOW) == 0


def test_a_count_is_the_length_of_the_list() -> None:
    table = replace(crons("*/7 * * * *"), skip=(JULY_AND_AUGUST,))
    start = int(NOW.timestamp())
    end = start + 300 * 86_400
    assert count_runs(table, start, end) == len(upcoming_seconds(table, start, end))
