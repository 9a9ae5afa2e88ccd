"""Times as the commands show and read them."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from jobspec.cli.time_options import find_local_zone, open_clock, read_moment
from jobspec.errors import UsageError
from jobspec.render.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)
BERLIN = Clock(zone=ZoneInfo("Europe/Berlin"), name="Europe/Berlin", now=NOW)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def local_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", "2026-10-25 10:00:00"),
        (" 1d12h ", "2026-10-24 00:00:00"),
        ("+90m", "2026-10-25 13:30:00"),
        ("2026-10-24", "2026-10-23 22:00:00"),
        ("2026-10-24T09:00", "2026-10-24 07:00:00"),
        ("2026-10-24 09:00:30.5", "2026-10-24 07:00:30.5"),
        ("2026-10-24T09:00:00Z", "2026-10-24 09:00:00"),
        ("2026-10-24t09:00:00z", "2026-10-24 09:00:00"),
        ("2026-10-24T09:00:00-03:30", "2026-10-24 12:30:00"),
        ("2026-10-25 02:30:00+0100", "2026-10-25 01:30:00"),
    ],
)
def test_a_moment_is_read_by_the_clock(text: str, moment: str) -> None:
    assert read_moment(text, BERLIN) == utc(moment)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-23", "2026-10-23 21:59:59.999999"),
        ("2026-10-25", "2026-10-25 12:00:00"),
        ("2026-10-26", "2026-10-25 23:00:00"),
        ("2026-10-24T09:00:00Z", "2026-10-24 09:00:00"),
    ],
)
def test_a_date_as_an_end_is_its_end_as_far_as_it_is_over(text: str, moment: str) -> None:
    assert read_moment(text, BERLIN, is_end=True) == utc(moment)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yesterday", "`yesterday` is no time; write `2h` ago or "),
        ("5", "is no time"),
        ("-2h", "is no time"),
        ("++2h", "is no time"),
        ("2026-13-01", "there is no date"),
        ("2026-10-24T25:00", "there is no time"),
        ("2026-10-25T02:30", "comes twice in Europe/Berlin; add the offset"),
        ("2026-10-24T09:00:00+9", "is no time"),
        ("", "is no time"),
    ],
)
def test_anything_else_is_no_moment(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_moment(text, BERLIN)


def test_an_end_beyond_all_calendars_is_no_date() -> None:
    with pytest.raises(UsageError, match="there is no date `9999-12-31`"):
        read_moment("9999-12-31", BERLIN, is_end=True)


def test_the_zone_can_be_chosen() -> None:
    assert open_clock("America/New_York").name == "America/New_York"
    with pytest.raises(UsageError, match=r"no time zone `Europe/Berln`; did you mean `Europe/Berlin`\?"):
        open_clock("Europe/Berln")
    with pytest.raises(UsageError, match=r"no time zone `\.\./etc/passwd`"):
        open_clock("../etc/passwd")


@pytest.mark.parametrize(
    ("local_zone", "name"),
    [("Asia/Tokyo", "Asia/Tokyo"), (":Asia/Tokyo", "Asia/Tokyo"), ("", "UTC"), ("CET-1CEST,M3.5.0,M10.5.0/3", None)],
    indirect=["local_zone"],
)
@pytest.mark.usefixtures("local_zone")
def test_the_local_zone_is_that_of_the_variable(name: str | None) -> None:
    assert find_local_zone() == name


@pytest.mark.parametrize("local_zone", ["CET-1CEST,M3.5.0,M10.5.0/3"], indirect=True)
@pytest.mark.usefixtures("local_zone")
def test_a_local_zone_without_a_name_is_used_all_the_same() -> None:
    clock = open_clock(None)
    assert clock.name in {"CET", "CEST"}
    assert clock.show(utc("2026-10-25 01:00:00")) == "2026-10-25 02:00:00+0100"
    assert read_moment("2026-07-01", clock) == utc("2026-06-30 22:00:00")


def test_without_the_variable_the_local_zone_is_that_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    name = find_local_zone()
    if os.path.exists("/etc/localtime") and name:  # noqa: PTH110
        assert name in {os.path.realpath("/etc/localtime").rpartition("zoneinfo/")[2], "UTC"}
    else:
        assert name in {None, "UTC"}
