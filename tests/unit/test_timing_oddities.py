from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from jobspec.timing.calendar import EVERY_SECOND
from jobspec.timing.cron import parse_cron
from jobspec.timing.oddities import find_oddities
from jobspec.timing.upcoming import Interval, Timetable, UnknownTimezoneError

YEAR = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
NEXT_YEAR = YEAR + 365 * 86_400


def tell(table: Timetable, start: int = YEAR, end: int = NEXT_YEAR) -> list[str]:
    zone = ZoneInfo(table.timezone)
    found = []
    for oddity in find_oddities(table, start, end):
        runs = [f"{datetime.fromtimestamp(run, zone):%H:%M %Z}" for run in oddity.runs]
        wall = f"{datetime.fromtimestamp(oddity.wall, UTC):%m-%d %H:%M}"
        found.append(f"{wall} {oddity.kind}: {', '.join(runs)}".removesuffix(": "))
    return found


def cron(text: str, zone: str) -> Timetable:
    return Timetable(calendars=(parse_cron(text),), timezone=zone)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("30 2 * * *", "Europe/Berlin", ["03-29 02:30 skipped"]),
        ("30 1 * * *", "Europe/Berlin", ["10-25 01:30 repeated: 01:30 CEST, 02:30 CEST"]),
        ("30 3 * * *", "Europe/Berlin", []),
        ("30 1 * * *", "America/New_York", ["11-01 01:30 repeated: 01:30 EDT, 01:30 EST"]),
        ("30 2 * * *", "America/New_York", ["03-08 02:30 skipped"]),
        ("0 0 * * *", "Europe/London", ["10-25 00:00 repeated: 00:00 BST, 01:00 BST"]),
        ("0 0 * * *", "Africa/Cairo", ["04-24 00:00 skipped"]),
        ("0 0 * * THU", "Africa/Cairo", []),
        ("15 2 * * *", "Australia/Lord_Howe", ["10-04 02:15 moved: 02:45 +11"]),
        ("15,45 2 * * *", "Australia/Lord_Howe", ["10-04 02:15 skipped"]),
        # The second copy of an hour that asks for several times: the server is an hour late from the second time on.
        ("0,1,2 2 25 10 *", "Europe/Berlin", ["10-25 02:02 lost", "10-25 02:01 moved: 03:01 CET"]),
        # A midnight is missing, so the server takes Sunday for Saturday.
        ("0 20 8-14 3 SAT", "America/Havana", ["03-08 20:00 extra: 20:00 CDT"]),
        ("0 20 8-14 3 SUN", "America/Havana", ["03-08 20:00 lost"]),
        ("30 * * * *", "Europe/Berlin", []),
        ("30 2 * * *", "UTC", []),
        ("30 2 * * *", "Asia/Tokyo", []),
    ],
)
def test_what_a_change_of_the_clock_does(text: str, zone: str, expected: list[str]) -> None:
    assert tell(cron(text, zone)) == expected


def test_what_is_skipped_on_purpose_is_no_oddity() -> None:
    sundays = replace(EVERY_SECOND, day_of_week=(0,))
    assert tell(replace(cron("30 1,2 * * *", "Europe/Berlin"), skip=(sundays,))) == []


def test_each_calendar_is_looked_at_and_intervals_are_not() -> None:
    table = Timetable(
        calendars=(parse_cron("30 2 * * *"), parse_cron("0 * * * *"), parse_cron("45 2 * * *")),
        intervals=(Interval(every=600),),
        timezone="Europe/Berlin",
    )
    assert tell(table) == ["03-29 02:30 skipped", "03-29 02:45 skipped"]


def test_only_changes_between_the_moments_count() -> None:
    table, change = cron("30 2 * * *", "Europe/Berlin"), int(datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp())
    assert tell(table, change - 1, change) == ["03-29 02:30 skipped"]
    assert tell(table, change, NEXT_YEAR) == []
    assert tell(table, YEAR, change - 1) == []


def test_only_what_lies_within_the_schedule_counts() -> None:
    table, change = cron("30 2 * * *", "Europe/Berlin"), datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert tell(replace(table, end_at=change - timedelta(hours=1))) == []
    assert tell(replace(table, start_at=change + timedelta(hours=1))) == []
    assert len(tell(replace(table, start_at=change - timedelta(days=1), end_at=change + timedelta(days=1)))) == 1


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(UnknownTimezoneError):
        find_oddities(cron("30 2 * * *", "Mars/Phobos"), YEAR, NEXT_YEAR)
