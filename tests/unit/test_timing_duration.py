from datetime import timedelta

import pytest

from jobspec.timing.duration import DurationError, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("1h30m0s", timedelta(hours=1, minutes=30)),
        ("1.5h", timedelta(minutes=90)),
        ("500ms", timedelta(milliseconds=500)),
        ("10us", timedelta(microseconds=10)),
        ("10µs", timedelta(microseconds=10)),
        ("10μs", timedelta(microseconds=10)),
        ("3000ns", timedelta(microseconds=3)),
        ("1.001s", timedelta(seconds=1, milliseconds=1)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(days=7)),
        ("1w2d3h4m5s6ms7us", timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5, milliseconds=6, microseconds=7)),
        ("30m1h", timedelta(minutes=90)),
        ("1m1m", timedelta(minutes=2)),
        ("0", timedelta()),
        ("0s", timedelta()),
        ("007s", timedelta(seconds=7)),
        (" 5m ", timedelta(minutes=5)),
        ("0.5ms500ns999999500ns", timedelta(seconds=1, microseconds=500)),
        ("106751d", timedelta(days=106751)),
    ],
)
def test_durations_are_read_as_go_reads_them(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a duration is missing"),
        ("  ", "a duration is missing"),
        ("90", "`90` has no unit; write `90s`"),
        ("1.5", "`1.5` has no unit; write `1.5s`"),
        ("1h30", "`1h30` has no unit after `30`"),
        ("-5s", "durations can't be negative"),
        ("-0s", "durations can't be negative"),
        ("+5s", "has a sign; write `5s`"),
        ("5x", "unknown unit `x`"),
        ("5S", "write `s` right after the number"),
        ("5 m", "write `m` right after the number"),
        ("1h 30m", "write `h` right after the number"),
        ("1.h", "has no unit after `1`"),
        (".5h", "is no duration"),
        ("h", "is no duration"),
        ("1..5s", "has no unit after `1`"),
        ("٣s", "is no duration"),
        ("5٣s", "unknown unit"),
        ("PT5M", "is no duration"),
        ("1e3s", "unknown unit `e`"),
        ("1ns", "is finer than a microsecond"),
        ("0.0000001s", "is finer than a microsecond"),
        ("107000d", "is longer than 292 years"),
        ("9" * 99 + "w", "is longer than 292 years"),
        ("9" * 10_000 + "s", "is too long for a duration"),
    ],
)
def test_what_is_no_duration_says_why(text: str, message: str) -> None:
    with pytest.raises(DurationError) as caught:
        parse_duration(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (timedelta(), "0s"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(hours=1, seconds=1), "1h1s"),
        (timedelta(days=1), "1d"),
        (timedelta(days=365), "365d"),
        (timedelta(hours=36), "36h"),
        (timedelta(milliseconds=500), "500ms"),
        (timedelta(microseconds=1500), "1.5ms"),
        (timedelta(microseconds=7), "7us"),
        (timedelta(seconds=1, milliseconds=500), "1.5s"),
        (timedelta(minutes=1, microseconds=1), "1m0.000001s"),
        (timedelta(days=1, microseconds=1), "24h0.000001s"),
        (timedelta(seconds=-90), "-1m30s"),
    ],
)
def test_durations_are_written_exactly_and_short(value: timedelta, expected: str) -> None:
    assert format_duration(value) == expected
