from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from jobspec.timing.moments import tell_distance, tell_moment, tell_rate

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 0, 20, tzinfo=UTC)


def test_a_moment_names_day_date_and_zone() -> None:
    assert tell_moment(datetime(2026, 11, 25, 1, tzinfo=UTC), BERLIN) == "Wed 2026-11-25 02:00 CET"
    assert tell_moment(datetime(2026, 7, 1, 1, 0, 5, tzinfo=UTC), BERLIN) == "Wed 2026-07-01 03:00:05 CEST"
    assert tell_moment(NOW, ZoneInfo("America/Sao_Paulo")) == "Tue 2026-11-24 21:20 UTC-03"


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (1, "02:20 today"),
        (-1, "00:20 today"),
        (-2, "23:20 yesterday"),
        (23, "00:20 tomorrow"),
        (50, "Fri 2026-11-27 03:20 CET"),
    ],
)
def test_days_beside_now_have_names_in_the_zone_that_is_shown(hours: int, told: str) -> None:
    assert tell_moment(NOW + timedelta(hours=hours), BERLIN, now=NOW) == told


@pytest.mark.parametrize(
    ("distance", "told"),
    [
        (timedelta(hours=-3), "3 hours ago"),
        (timedelta(seconds=59), "in less than a minute"),
        (timedelta(seconds=119), "in 1 minute"),
        (timedelta(minutes=4, seconds=10), "in 4 minutes"),
        (timedelta(hours=1, minutes=59), "in 119 minutes"),
        (timedelta(hours=2), "in 2 hours"),
        (timedelta(hours=47), "in 47 hours"),
        (timedelta(days=2), "in 2 days"),
        (timedelta(days=123), "in 4 months"),
        (timedelta(days=731), "in 2 years"),
    ],
)
def test_a_distance(distance: timedelta, told: str) -> None:
    assert tell_distance(distance) == told


@pytest.mark.parametrize(
    ("per_day", "told"),
    [
        (0, "never"),
        (86_400, "86,400 a day"),
        (24, "24 a day"),
        (1, "1 a day"),
        (0.9973, "1 a day"),
        (5 / 7, "5 a week"),
        (45 / 7, "6.4 a day"),
        (1 / 7, "1 a week"),
        (12 / 365, "1 a month"),
        (4 / 1461, "1 a year"),
        (1 / 1461, "1 in 4 years"),
    ],
)
def test_a_rate_is_told_by_the_unit_that_fits(per_day: float, told: str) -> None:
    assert tell_rate(per_day) == told
