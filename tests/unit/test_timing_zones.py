from datetime import UTC, datetime

import pytest

from jobspec.timing.zones import (
    CITIES_OF_ABBREVIATIONS,
    UnknownTimezoneError,
    find_zone,
    is_known_timezone,
    nearest_timezones,
    suggest_timezone,
)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "US/Central", "EST5EDT"])
def test_iana_names_are_known(name: str) -> None:
    assert is_known_timezone(name)
    assert find_zone(name).name == name


@pytest.mark.parametrize(
    "name",
    ["", "Local", "localtime", "europe/berlin", "Mars/Phobos", "UTC+3", "Europe", "../../etc/passwd", "/etc/localtime"],
)
def test_anything_else_is_not(name: str) -> None:
    assert not is_known_timezone(name)


def test_an_unknown_zone_is_an_error_and_no_zone_is_utc() -> None:
    with pytest.raises(UnknownTimezoneError, match="Mars/Phobos"):
        find_zone("Mars/Phobos")
    assert find_zone("").name == "UTC"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("Europe/Berlln", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("new york", "America/New_York"),
    ],
)
def test_a_misspelt_zone_is_recognised(typed: str, meant: str) -> None:
    assert nearest_timezones(typed)[0] == meant


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("Berlin", "did you mean `Europe/Berlin`?"),
        ("PST", "name a city, such as `America/Los_Angeles`"),
        ("cest", "name a city, such as `Europe/Berlin`"),
        ("UTC+1", "or write `Etc/GMT-1` for UTC+1 all year round (its sign is the opposite)"),
        ("-05:00", "or write `Etc/GMT+5` for UTC-5 all year round"),
    ],
)
def test_abbreviations_and_offsets_get_a_hint_that_helps(typed: str, hint: str) -> None:
    assert hint in suggest_timezone(typed)


def test_every_abbreviation_and_its_city_are_known() -> None:
    assert all(map(is_known_timezone, (*CITIES_OF_ABBREVIATIONS, *CITIES_OF_ABBREVIATIONS.values())))


def test_nothing_is_suggested_for_nonsense() -> None:
    assert suggest_timezone("qqqqqqq") == ""
    assert nearest_timezones("qqqqqqq") == []
    assert nearest_timezones("") == []


def test_offsets_change_at_the_second() -> None:
    zone = find_zone("Europe/Berlin")
    change = at("2026-10-25T01:00:00")
    assert (zone.offset(change - 1), zone.offset(change)) == (7200, 3600)
    assert zone.offset(at("2060-07-01T00:00:00")) == 7200


def test_offsets_before_the_epoch_may_have_seconds() -> None:
    assert find_zone("America/New_York").offset(at("1880-01-01T00:00:00")) == -(4 * 3600 + 56 * 60 + 2)


@pytest.mark.parametrize(
    ("zone", "wall", "second"),
    [
        ("UTC", "2026-01-01T12:00:00", "2026-01-01T12:00:00"),
        ("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00"),  # repeated, west: the first copy
        ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T01:30:00"),  # repeated, east: the second copy
        ("Europe/London", "2026-10-25T01:30:00", "2026-10-25T01:30:00"),
        ("America/New_York", "2026-03-08T02:30:00", "2026-03-08T06:30:00"),  # missing, west: an hour early
        ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00"),  # missing, east: an hour late
    ],
)
def test_wall_clocks_become_times_as_in_go(zone: str, wall: str, second: str) -> None:
    assert find_zone(zone).to_utc(at(wall)) == at(second)


def test_a_missing_midnight_may_be_taken_for_the_day_before() -> None:
    sunday = at("2026-09-06T00:00:00")
    for zone, weekday in (("America/Santiago", 6), ("UTC", 0)):
        assert find_zone(zone).weekday(sunday) == weekday
        assert find_zone(zone).weekday_at_midnight(sunday // 86_400) == weekday


def test_windows_lie_around_changes_of_the_clock() -> None:
    change = at("2026-10-25T01:00:00")
    window = find_zone("Europe/Berlin").find_window(at("2026-06-01T00:00:00"), at("2027-01-01T00:00:00"))
    assert window == (change - 3 * 3600, change + 3 * 3600)
    assert find_zone("Europe/Berlin").find_window(window.stop - 1, window.stop) == window
    assert find_zone("Asia/Kolkata").find_window(0, at("2100-01-01T00:00:00")).start > at("2100-12-31T00:00:00")
