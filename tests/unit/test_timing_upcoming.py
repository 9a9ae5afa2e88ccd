import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from jobspec.timing.calendar import EVERY_SECOND, Calendar
from jobspec.timing.cron import parse_cron
from jobspec.timing.upcoming import (
    Interval,
    Timetable,
    UnknownTimezoneError,
    has_run,
    next_run,
    upcoming,
    upcoming_seconds,
)

RECORDED: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data/next-times.json").read_text())
SERVER_NAMES = ("second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek", "year")
OUR_NAMES = ("second", "minute", "hour", "day_of_month", "month", "day_of_week", "year")


def at(text: str) -> datetime:
    when = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def crons(*texts: str, **rest: Any) -> Timetable:
    return Timetable(calendars=tuple(parse_cron(text) for text in texts), **rest)


def hours(times: Any) -> list[str]:
    return [f"{when:%d %H:%M}" for when in times]


def read_calendar(structured: dict[str, Any]) -> Calendar:
    drawn: dict[str, Any] = {}
    for ours, theirs in zip(OUR_NAMES, SERVER_NAMES, strict=True):
        values: set[int] = set()
        for part in structured.get(theirs, []):
            start = part.get("start", 0)
            values.update(range(start, max(part.get("end", 0), start) + 1, part.get("step", 1)))
        drawn[ours] = tuple(sorted(values))
    drawn["year"] = drawn["year"] or None
    return replace(Calendar(), **drawn)


def read_timetable(spec: dict[str, Any]) -> Timetable:
    def seconds(text: str) -> int:
        return int(float(text.removesuffix("s")))

    return Timetable(
        calendars=tuple(map(read_calendar, spec.get("structuredCalendar", []))),
        intervals=tuple(
            Interval(every=seconds(part["interval"]), offset=seconds(part.get("phase", "0s")))
            for part in spec.get("interval", [])
        ),
        skip=tuple(map(read_calendar, spec.get("excludeStructuredCalendar", []))),
        start_at=at(spec["startTime"]) if "startTime" in spec else None,
        end_at=at(spec["endTime"]) if "endTime" in spec else None,
        timezone=spec.get("timezoneName", "UTC"),
    )


def has_jitter(case: dict[str, Any]) -> bool:
    return float(case["canonical_spec"].get("jitter", "0s").removesuffix("s")) >= 0.001


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in RECORDED if not has_jitter(case)])
def test_recorded_times_of_the_server(case: dict[str, Any]) -> None:
    table = read_timetable(case["canonical_spec"])
    expected = [at(text) for text in case["future_action_times"]]
    assert list(upcoming(table, at(case["now"]), count=10)) == expected


def test_the_next_run_is_strictly_after() -> None:
    table = crons("0 9 * * *")
    assert next_run(table, at("2026-01-01T08:59:59.999999")) == at("2026-01-01T09:00:00")
    assert next_run(table, at("2026-01-01T09:00:00")) == at("2026-01-02T09:00:00")
    assert next_run(table, at("2026-01-01T09:00:00.5")) == at("2026-01-02T09:00:00")


def test_times_of_any_zone_are_taken_and_utc_is_given() -> None:
    tokyo = timezone(timedelta(hours=9))
    found = next_run(crons("0 9 * * *", timezone="Asia/Tokyo"), datetime(2026, 1, 1, 8, tzinfo=tokyo))
    assert found == datetime(2026, 1, 1, 9, tzinfo=tokyo)
    assert found is not None
    assert found.tzinfo is UTC


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(TypeError):
        next_run(crons("0 9 * * *"), datetime(2026, 1, 1))  # noqa: DTZ001


def test_day_of_month_and_day_of_week_must_both_match() -> None:
    found = upcoming(crons("0 0 13 * FRI"), at("2026-01-01T00:00:00"), count=2)
    assert list(found) == [at("2026-02-13T00:00:00"), at("2026-03-13T00:00:00")]


def test_missing_hours_are_passed_over() -> None:
    found = upcoming(crons("30 2 * * *", timezone="America/New_York"), at("2026-03-07T00:00:00"), count=2)
    assert hours(found) == ["07 07:30", "09 06:30"]


def test_west_of_greenwich_a_repeated_hour_fires_twice() -> None:
    found = upcoming(crons("30 1 * * *", timezone="America/New_York"), at("2026-11-01T00:00:00"), count=3)
    assert hours(found) == ["01 05:30", "01 06:30", "02 06:30"]


def test_east_of_greenwich_the_hour_before_the_repeated_one_fires_again() -> None:
    before = at("2026-10-24T12:00:00")
    berlin = {"timezone": "Europe/Berlin"}
    assert hours(upcoming(crons("30 1 * * *", **berlin), before, count=3)) == ["24 23:30", "25 00:30", "26 00:30"]
    assert hours(upcoming(crons("30 2 * * *", **berlin), before, count=2)) == ["25 01:30", "26 01:30"]


def test_a_weekday_whose_midnight_is_missing_may_be_lost() -> None:
    # Midnight of Sunday 2026-09-06 does not exist in Santiago and is taken for the Saturday before.
    found = upcoming(crons("0 9 * * SUN", timezone="America/Santiago"), at("2026-09-01T00:00:00"), count=1)
    assert hours(found) == ["13 12:00"]


def test_intervals_count_from_the_epoch_in_utc() -> None:
    table = Timetable(intervals=(Interval(every=7 * 3600),), timezone="America/New_York")
    assert hours(upcoming(table, at("2026-01-01T00:00:00"), count=2)) == ["01 07:00", "01 14:00"]


def test_an_interval_with_an_offset() -> None:
    table = Timetable(intervals=(Interval(every=3600, offset=300),))
    assert hours(upcoming(table, at("2026-01-01T00:05:00"), count=2)) == ["01 01:05", "01 02:05"]


def test_times_that_coincide_are_one_run() -> None:
    table = crons("0 * * * *", intervals=(Interval(every=1800), Interval(every=3600)))
    assert hours(upcoming(table, at("2026-01-01T00:00:00"), count=3)) == ["01 00:30", "01 01:00", "01 01:30"]


@pytest.mark.parametrize(("every", "offset"), [(0, 0), (-5, 0), (60, -1)])
def test_an_interval_must_advance(every: int, offset: int) -> None:
    with pytest.raises(ValueError, match="interval"):
        Interval(every=every, offset=offset)


def test_start_and_end_both_count() -> None:
    hourly = (Interval(every=3600),)
    table = Timetable(intervals=hourly, start_at=at("2026-01-01T05:00:00"), end_at=at("2026-01-01T07:00:00"))
    assert hours(upcoming(table, at("2025-01-01T00:00:00"))) == ["01 05:00", "01 06:00", "01 07:00"]


def test_fractions_of_start_and_end() -> None:
    hourly = (Interval(every=3600),)
    table = Timetable(intervals=hourly, start_at=at("2026-01-01T05:00:00.5"), end_at=at("2026-01-01T06:59:59.999999"))
    assert hours(upcoming(table, at("2025-01-01T00:00:00"))) == ["01 05:00", "01 06:00"]


def test_a_skip_takes_times_away_by_the_clock_of_the_zone() -> None:
    table = crons("0 9 * * *", skip=(replace(EVERY_SECOND, month=(12,), day_of_month=(25,)),), timezone="Asia/Tokyo")
    assert hours(upcoming(table, at("2026-12-23T12:00:00"), count=3)) == ["24 00:00", "26 00:00", "27 00:00"]


def test_a_skip_takes_intervals_away_too() -> None:
    table = Timetable(intervals=(Interval(every=3600),), skip=(replace(EVERY_SECOND, hour=(1, 2, 3)),))
    assert hours(upcoming(table, at("2026-01-01T00:00:00"), count=2)) == ["01 04:00", "01 05:00"]


def test_a_skip_with_values_that_cannot_be_skips_nothing() -> None:
    table = crons("0 9 * * *", skip=(Calendar(hour=(9,), day_of_month=(99,)),))
    assert hours(upcoming(table, at("2026-01-01T00:00:00"), count=1)) == ["01 09:00"]


@pytest.mark.parametrize(
    "table",
    [
        Timetable(),
        crons("0 0 30 2 *"),
        crons("0 0 31 4,6,9,11 *", timezone="Europe/Berlin"),
        crons("0 0 1 1 * 2020-2025"),
        Timetable(calendars=(Calendar(minute=()),)),
        Timetable(calendars=(Calendar(second=()), Calendar(hour=()), Calendar(day_of_week=()), Calendar(month=(99,)))),
        crons("* * * * *", end_at=at("2025-01-01T00:00:00")),
        crons("* * * * *", start_at=at("2027-01-02T00:00:00"), end_at=at("2027-01-01T00:00:00")),
        crons("* * * * *", start_at=at("2200-01-01T00:00:00")),
        crons("* * * * * * *", skip=(EVERY_SECOND,)),
        crons("* * * * *", skip=(EVERY_SECOND,), timezone="Europe/Berlin"),
        crons("0 9 * * *", skip=(Calendar(hour=(9,)),)),
        crons("0 9 1 1 *", skip=(replace(EVERY_SECOND, month=(1,)),), timezone="America/New_York"),
        Timetable(intervals=(Interval(every=1),), skip=(EVERY_SECOND,)),
        Timetable(intervals=(Interval(every=200 * 366 * 86_400),)),
    ],
)
def test_what_never_fires_is_said_to_and_quickly(table: Timetable) -> None:
    assert not has_run(table, at("2026-01-01T00:00:00"))
    assert list(upcoming(table, at("2026-01-01T00:00:00"))) == []


def test_a_long_skip_is_crossed() -> None:
    table = crons("* * * * * * *", skip=(replace(EVERY_SECOND, day_of_month=tuple(range(2, 15))),))
    assert next_run(table, at("2026-01-01T23:59:59")) == at("2026-01-15T00:00:00")
    rare = crons("* * * * *", skip=(replace(EVERY_SECOND, month=tuple(range(1, 13)), year=(2026, 2027)),))
    assert next_run(rare, at("2026-01-01T00:00:00")) == at("2028-01-01T00:00:00")


def test_the_server_gives_up_after_1209600_skipped_times() -> None:
    every_second, two_weeks = parse_cron("* * * * * * *"), tuple(range(1, 15))
    table = Timetable(calendars=(every_second,), skip=(replace(EVERY_SECOND, day_of_month=two_weeks),))
    assert has_run(table, at("2026-01-01T00:00:00"))
    assert not has_run(table, at("2025-12-31T23:59:59"))
    assert len(upcoming_seconds(table, 0, int(at("1970-02-20T00:00:00").timestamp()))) == 17 * 86_400


def test_calendars_end_with_2100() -> None:
    table = crons("0 0 1 1 *")
    assert list(upcoming(table, at("2099-06-01T00:00:00"))) == [at("2100-01-01T00:00:00")]
    assert next_run(table, at("9999-12-31T00:00:00")) is None
    assert next_run(Timetable(intervals=(Interval(every=60),)), at("2100-12-31T23:59:00")) is None


def test_calendars_end_with_2100_of_their_own_zone() -> None:
    table = crons("0 * * * *", timezone="Asia/Tokyo")
    start, end = int(at("2100-12-31T00:00:00").timestamp()), int(at("2100-12-31T23:59:59").timestamp())
    assert upcoming_seconds(table, start, end) == list(range(start + 3600, start + 15 * 3600, 3600))
    assert list(upcoming(table, at("2100-12-31T12:00:00"))) == [at("2100-12-31T13:00:00"), at("2100-12-31T14:00:00")]


def test_nothing_fires_before_the_epoch_without_a_start() -> None:
    assert next_run(crons("0 0 * * *"), at("1900-01-01T00:00:00")) == at("1970-01-01T00:00:00")
    early = crons("0 0 * * *", start_at=at("0001-01-01T00:00:00"))
    assert next_run(early, at("1960-01-01T00:00:00")) == at("1960-01-02T00:00:00")
    assert has_run(early, at("0001-01-01T00:00:00"))


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(UnknownTimezoneError):
        next_run(crons("0 0 * * *", timezone="Mars/Phobos"), at("2026-01-01T00:00:00"))


def test_upcoming_is_lazy_and_bounded() -> None:
    table = crons("* * * * * * *")
    assert len(list(islice(upcoming(table, at("2026-01-01T00:00:00")), 100))) == 100
    assert len(list(upcoming(table, at("2026-01-01T00:00:00"), until=at("2026-01-01T00:02:00")))) == 120
    assert list(upcoming(table, at("2026-01-01T00:00:00"), count=0)) == []
    assert list(upcoming(table, at("2026-01-01T00:00:00"), until=at("2025-01-01T00:00:00"))) == []


def test_a_year_of_every_minute() -> None:
    start = int(at("2026-01-01T00:00:00").timestamp())
    assert upcoming_seconds(crons("* * * * *"), start, start + 365 * 86_400) == list(
        range(start + 60, start + 365 * 86_400 + 1, 60)
    )
