"""Times and lengths as a clock shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from jobspec.render.clock import Clock, tell_length

NOW = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)


BERLIN = Clock(zone=ZoneInfo("Europe/Berlin"), name="Europe/Berlin", now=NOW)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ("2026-10-25 00:59:59", "2026-10-25 02:59:59+0200"),
        ("2026-10-25 01:00:00", "2026-10-25 02:00:00+0100"),
        ("2026-10-25 02:00:00.999999", "2026-10-25 03:00:00"),
        ("2026-03-29 01:00:00", "2026-03-29 03:00:00"),
        ("0900-01-01 00:00:00", "0900-01-01 00:53:28"),
    ],
)
def test_a_time_is_shown_by_the_clock_and_never_means_two_moments(when: str, shown: str) -> None:
    assert BERLIN.show(utc(when)) == shown


def test_no_time_is_a_dash() -> None:
    assert BERLIN.show(None) == "-"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0ms"),
        (0.2509, "250ms"),
        (1.55, "1.6s"),
        (9.96, "10.0s"),
        (12.9, "12s"),
        (185, "3m05s"),
        (7654, "2h07m"),
        (356400, "4d03h"),
    ],
)
def test_lengths_are_told_in_two_units(seconds: float, told: str) -> None:
    assert tell_length(timedelta(seconds=seconds)) == told


def test_how_long_ago() -> None:
    assert BERLIN.since(NOW - timedelta(minutes=3)) == "3m00s ago"
    assert BERLIN.since(NOW + timedelta(hours=2)) == "in 2h00m"
