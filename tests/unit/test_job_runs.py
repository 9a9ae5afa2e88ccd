"""Where a day begins, by which runs of today are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobspec.library.job_runs import start_of_day


@pytest.mark.parametrize(
    ("now", "zone", "midnight"),
    [
        # Clocks go forward at 01:00 UTC on 2026-03-29 and back at 01:00 UTC on 2026-10-25.
        ("2026-03-28T23:00:00", "Europe/Berlin", "2026-03-28T23:00:00"),
        ("2026-03-29T00:59:59", "Europe/Berlin", "2026-03-28T23:00:00"),
        ("2026-03-29T01:00:00", "Europe/Berlin", "2026-03-28T23:00:00"),
        ("2026-03-29T21:59:59", "Europe/Berlin", "2026-03-28T23:00:00"),
        ("2026-03-29T22:00:00", "Europe/Berlin", "2026-03-29T22:00:00"),
        ("2026-10-24T21:59:59", "Europe/Berlin", "2026-10-23T22:00:00"),
        ("2026-10-25T00:59:59", "Europe/Berlin", "2026-10-24T22:00:00"),
        ("2026-10-25T01:30:00", "Europe/Berlin", "2026-10-24T22:00:00"),
        ("2026-10-25T22:59:59", "Europe/Berlin", "2026-10-24T22:00:00"),
        ("2026-10-25T23:00:00", "Europe/Berlin", "2026-10-25T23:00:00"),
        # Midnight does not exist: the day begins at 01:00.
        ("2026-04-23T21:59:59", "Africa/Cairo", "2026-04-22T22:00:00"),
        ("2026-04-23T22:00:00", "Africa/Cairo", "2026-04-23T22:00:00"),
        ("2026-04-24T12:00:00", "Africa/Cairo", "2026-04-23T22:00:00"),
        # Midnight comes twice: 01:00 is followed by 00:00.
        ("2026-11-01T04:00:00", "America/Havana", "2026-11-01T04:00:00"),
        ("2026-11-01T05:30:00", "America/Havana", "2026-11-01T04:00:00"),
        ("2026-11-02T04:59:59", "America/Havana", "2026-11-01T04:00:00"),
        # The hour before midnight comes twice.
        ("2026-10-29T21:30:00", "Africa/Cairo", "2026-10-28T21:00:00"),
        # A day that was left out altogether.
        ("2011-12-30T10:00:00", "Pacific/Apia", "2011-12-30T10:00:00"),
    ],
)
def test_a_day_begins_once_also_when_the_clock_is_changed(now: str, zone: str, midnight: str) -> None:
    begun = start_of_day(datetime.fromisoformat(now).replace(tzinfo=UTC), zone)
    assert begun == datetime.fromisoformat(midnight).replace(tzinfo=UTC)
    assert begun.utcoffset() == timedelta(0)
