from dataclasses import replace
from typing import Any

import pytest

from jobspec.timing.calendar import (
    EVERY_SECOND,
    FIELDS,
    Calendar,
    CalendarError,
    format_calendar,
    format_field,
    parse_field,
    to_ranges,
)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("minute", 5, (5,)),
        ("minute", "5", (5,)),
        ("minute", "05", (5,)),
        ("minute", " 5 ", (5,)),
        ("hour", "9-17", tuple(range(9, 18))),
        ("hour", "9-17/4", (9, 13, 17)),
        ("hour", "9-9", (9,)),
        ("minute", "*/15", (0, 15, 30, 45)),
        ("minute", "*/40", (0, 40)),
        ("minute", "*/100", (0,)),
        ("minute", "5/15", (5, 20, 35, 50)),
        ("minute", "1,1,2", (1, 2)),
        ("minute", "30,0", (0, 30)),
        ("minute", "*,5", tuple(range(60))),
        ("day_of_month", "1,15", (1, 15)),
        ("day_of_month", "*/10", (1, 11, 21, 31)),
        ("month", "jan-mar", (1, 2, 3)),
        ("month", "Sept", (9,)),
        ("month", "DECEMBER", (12,)),
        ("day_of_week", "MON-FRI", (1, 2, 3, 4, 5)),
        ("day_of_week", "mo", (1,)),
        ("day_of_week", "mond", (1,)),
        ("day_of_week", "SUN,SAT", (0, 6)),
        ("day_of_week", "MON-5", (1, 2, 3, 4, 5)),
        ("minute", [0, "30-32", "*/50"], (0, 30, 31, 32, 50)),
        ("hour", (1, 2), (1, 2)),
        ("year", "2027", (2027,)),
        ("year", "2026-2030/2", (2026, 2028, 2030)),
        ("year", "*", None),
        ("year", ["*", 2027], None),
        ("year", "2000-2100", None),
        ("year", "*/50", (2000, 2050, 2100)),
    ],
)
def test_fields_are_read_as_the_server_reads_them(name: str, value: Any, expected: tuple[int, ...] | None) -> None:
    assert parse_field(name, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, (0,)),
        ("7", (0,)),
        ("0,7", (0,)),
        ("5-7", (0, 5, 6)),
        ("5-7/2", (0, 5)),
        ("1-7/3", (0, 1, 4)),
        ("0-7", tuple(range(7))),
        ("1-7", tuple(range(7))),
        ("7-7", (0,)),
        ("7/2", (0,)),
        ("*/7", (0,)),
        ("*/2", (0, 2, 4, 6)),
        ("1/2", (0, 1, 3, 5)),
        ([6, 7], (0, 6)),
    ],
)
def test_day_seven_is_sunday(value: Any, expected: tuple[int, ...]) -> None:
    assert parse_field("day_of_week", value) == expected


@pytest.mark.parametrize(
    ("name", "value", "message", "hint"),
    [
        ("hour", 24, "hour `24` is outside 0-23", ""),
        ("hour", "24", "hour `24` is outside 0-23", ""),
        ("hour", -1, "is outside 0-23", ""),
        ("day_of_month", 0, "is outside 1-31", ""),
        ("day_of_week", 8, "is outside 0-7", ""),
        ("year", 1999, "is outside 2000-2100", ""),
        ("year", "2101", "is outside 2000-2100", ""),
        ("hour", True, "must be a number or text, not `true`", ""),
        ("hour", 9.0, "must be a number or text, not `9.0`", ""),
        ("hour", None, "must be a number or text", ""),
        ("hour", {"start": 1}, "must be a number or text", ""),
        ("hour", [], "is an empty list", "leave it out"),
        ("hour", [True], "must be a number or text", ""),
        ("hour", [1.5], "must list numbers and text", ""),
        ("hour", [[1]], "must list numbers and text", ""),
        ("hour", "", "is empty", "`*`"),
        ("hour", " ", "is empty", "`*`"),
        ("hour", "+5", "is not understood", "write `5`"),
        ("hour", "*/+5", "needs a step of 1 or more", ""),
        ("hour", "*/0", "needs a step of 1 or more", ""),
        ("hour", "*/", "is not understood", ""),
        ("hour", "3/5/7", "is not understood", ""),
        ("hour", "1-5-7", "is not understood", ""),
        ("hour", "*-5", "is not understood", ""),
        ("hour", "1,", "is not understood", "without spaces and empty places"),
        ("hour", "1, 2", "is not understood", "without spaces"),
        ("hour", "٣", "is not understood", ""),
        ("hour", "1_0", "is not understood", ""),
        ("hour", "9" * 5000, "is not understood", ""),
        ("hour", "MON", "is not understood; it takes 0-23, ranges", ""),
        ("month", "ja", "or JAN-DEC", ""),
        ("day_of_week", "m", "or SUN-SAT", ""),
        ("day_of_week", "Mondays", "is not understood", ""),
        ("day_of_week", "", "is empty", ""),
        ("hour", "22-2", "ends before it starts", "write `22-23,0-2`"),
        ("hour", "23-0", "ends before it starts", "write `23,0`"),
        ("day_of_week", "fri-mon", "ends before it starts", "write `FRI-SAT,SUN-MON`"),
        ("day_of_week", "mon-sun", "ends before it starts", "write `MON-SAT,SUN`"),
        ("day_of_week", "5-1", "ends before it starts", "write `5-6,0-1`"),
        ("month", "nov-feb", "ends before it starts", "write `NOV-DEC,JAN-FEB`"),
        ("year", "2030-2026", "ends before it starts", "write `2026-2030`"),
        ("day_of_month", "?", "is not understood", "write `*`"),
        ("day_of_month", "L", "is not understood", "no `L`"),
        ("day_of_month", "15W", "is not understood", "no `W`"),
        ("day_of_week", "5L", "is not understood", "no `L`"),
        ("day_of_week", "MON#3", "is not understood", "day of week `MON` and day of month `15-21`"),
        ("day_of_week", "1#5", "is not understood", "day of month `29-31`"),
    ],
)
def test_what_is_no_field_says_why_and_what_to_write(name: str, value: Any, message: str, hint: str) -> None:
    with pytest.raises(CalendarError) as caught:
        parse_field(name, value)
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert caught.value.field == name


def test_a_number_too_long_to_be_shown_is_refused() -> None:
    with pytest.raises(CalendarError, match="is outside 0-23"):
        parse_field("hour", 10**5000)


def test_the_hint_for_a_range_over_the_end_is_accepted() -> None:
    with pytest.raises(CalendarError) as caught:
        parse_field("day_of_week", "fri-mon")
    assert parse_field("day_of_week", caught.value.hint.split("`")[1]) == (0, 1, 5, 6)


def test_the_defaults_are_midnight_every_day() -> None:
    calendar = Calendar()
    assert (calendar.second, calendar.minute, calendar.hour) == ((0,), (0,), (0,))
    assert calendar.values[3:] == (tuple(range(1, 32)), tuple(range(1, 13)), tuple(range(7)), None)


def test_all_years_are_every_year() -> None:
    explicit = Calendar(year=tuple(range(2000, 2101)))
    assert explicit == Calendar()
    assert hash(explicit) == hash(Calendar())


def test_calendars_that_differ_only_in_the_comment_have_equal_values() -> None:
    assert Calendar(comment="a") != Calendar(comment="b")
    assert Calendar(comment="a").values == Calendar(comment="b").values


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), []),
        ((5,), [(5, 5, 1)]),
        ((0, 15, 30, 45), [(0, 45, 15)]),
        (tuple(range(60)), [(0, 59, 1)]),
        ((1, 2, 3, 7), [(1, 3, 1), (7, 7, 1)]),
        ((5, 6), [(5, 6, 1)]),
        ((0, 30), [(0, 0, 1), (30, 30, 1)]),
        ((1, 2, 4, 6, 8), [(1, 2, 1), (4, 8, 2)]),
    ],
)
def test_values_become_compact_ranges(values: tuple[int, ...], expected: list[tuple[int, int, int]]) -> None:
    assert to_ranges(values) == expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("minute", tuple(range(60)), "*"),
        ("minute", (0,), "0"),
        ("minute", (0, 15, 30, 45), "*/15"),
        ("minute", (0, 30), "*/30"),
        ("minute", (5, 20, 35, 50), "5-50/15"),
        ("hour", tuple(range(9, 18)), "9-17"),
        ("day_of_month", (1, 15), "1,15"),
        ("day_of_month", (1, 31), "1,31"),
        ("month", (1, 4, 7, 10), "*/3"),
        ("day_of_week", (1, 2, 3, 4, 5), "MON-FRI"),
        ("day_of_week", (0, 6), "SUN,SAT"),
        ("day_of_week", (1, 3, 5), "MON-FRI/2"),
        ("day_of_week", tuple(range(7)), "*"),
        ("year", None, "*"),
        ("year", (2026, 2027, 2028), "2026-2028"),
    ],
)
def test_fields_are_written_as_people_write_them(name: str, values: tuple[int, ...] | None, expected: str) -> None:
    assert format_field(name, values) == expected


def test_a_calendar_is_described_by_what_is_not_default() -> None:
    assert format_calendar(Calendar()) == {}
    calendar = Calendar(hour=(9,), day_of_week=(1, 2, 3, 4, 5), year=(2027,), comment="mornings")
    assert format_calendar(calendar) == {"hour": 9, "day_of_week": "MON-FRI", "year": 2027, "comment": "mornings"}
    assert format_calendar(replace(EVERY_SECOND, day_of_month=(25,))) == {
        "second": "*",
        "minute": "*",
        "hour": "*",
        "day_of_month": 25,
    }


def test_fields_have_the_limits_of_the_server() -> None:
    assert {name: field[:2] for name, field in FIELDS.items()} == {
        "second": (0, 59),
        "minute": (0, 59),
        "hour": (0, 23),
        "day_of_month": (1, 31),
        "month": (1, 12),
        "day_of_week": (0, 6),
        "year": (2000, 2100),
    }
