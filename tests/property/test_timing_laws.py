"""What holds for every duration, calendar, cron and timetable.

Run times are checked against a second implementation that goes second by second, with the standard library's clocks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st

from jobspec.timing.calendar import (
    EVERY_SECOND,
    FIELDS,
    Calendar,
    format_calendar,
    format_field,
    parse_field,
    to_ranges,
)
from jobspec.timing.cron import format_cron, parse_cron
from jobspec.timing.duration import format_duration, parse_duration
from jobspec.timing.oddities import OddityKind, find_oddities
from jobspec.timing.upcoming import Interval, Timetable, fires_plainly, next_run, upcoming, upcoming_seconds
from jobspec.timing.zones import DAY, find_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def values_of(name: str) -> st.SearchStrategy[tuple[int, ...]]:
    low, high = FIELDS[name].low, FIELDS[name].high
    some = st.sets(st.integers(low, high), min_size=1, max_size=12)
    steps = st.builds(range, st.integers(low, high), st.just(high + 1), st.integers(1, 9))
    return st.one_of(some, steps, st.just(range(low, high + 1))).map(lambda values: tuple(sorted(values)))


def calendars() -> st.SearchStrategy[Calendar]:
    return st.builds(Calendar, **{name: values_of(name) for name in FIELDS})


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=106_751)))
def test_what_is_written_as_a_duration_reads_back(value: timedelta) -> None:
    assert parse_duration(format_duration(value)) == value


@given(
    st.lists(st.tuples(st.integers(0, 9999), st.sampled_from(["us", "ms", "s", "m", "h", "d"])), min_size=1, max_size=9)
)
def test_the_parts_of_a_duration_add_up_in_any_order(parts: list[tuple[int, str]]) -> None:
    texts = [f"{number}{unit}" for number, unit in parts]
    total = sum(map(parse_duration, texts), timedelta())
    assert parse_duration("".join(texts)) == parse_duration("".join(reversed(texts))) == total


@given(st.sampled_from(list(FIELDS)).flatmap(lambda name: st.tuples(st.just(name), values_of(name))))
def test_what_is_written_as_a_field_reads_back(field: tuple[str, tuple[int, ...]]) -> None:
    name, values = field
    expected = Calendar(year=values).year if name == "year" else values
    assert parse_field(name, format_field(name, values)) == expected
    assert parse_field(name, list(values)) == expected


@given(st.sets(st.integers(0, 120)).map(sorted))
def test_ranges_cover_exactly_the_values(values: list[int]) -> None:
    ranges = to_ranges(values)
    assert [value for start, end, step in ranges for value in range(start, end + 1, step)] == values
    assert all((end - start) % step == 0 for start, end, step in ranges)


@given(calendars())
def test_every_calendar_is_a_cron_that_reads_back(calendar: Calendar) -> None:
    text = format_cron(calendar)
    assert text is not None
    assert parse_cron(text).values == calendar.values
    assert format_cron(parse_cron(text)) == text


@given(calendars())
def test_a_calendar_reads_back_from_its_description(calendar: Calendar) -> None:
    read: dict[str, Any] = {name: parse_field(name, value) for name, value in format_calendar(calendar).items()}
    assert replace(Calendar(), **read) == calendar


# Zones whose midnights all exist; each has another kind of change. Missing midnights are left to recorded times.
ZONES = (
    "UTC",
    "Asia/Kolkata",
    "America/New_York",
    "America/St_Johns",
    "Europe/Berlin",
    "Europe/London",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Chatham",
)


def walk_slowly(calendar: Calendar, zone: ZoneInfo, after: datetime, until: datetime) -> datetime | None:
    """The next time by the server's rules, one second of the wall clock at a time."""
    local = after.astimezone(zone)
    wall = local.replace(tzinfo=None)
    second_copy = (after - HOUR).astimezone(zone).hour == local.hour
    while True:
        wall += SECOND
        if wall.minute == wall.second == 0:
            if not second_copy and to_time(wall, zone) - to_time(wall - HOUR, zone) > HOUR:
                second_copy, wall = True, wall - HOUR
            else:
                second_copy = False
            if to_time(wall, zone) > until + 3 * HOUR:
                return None
        if not matches(calendar, wall):
            continue
        found = to_time(wall, zone)
        if found.astimezone(zone).hour != wall.hour:
            wall = wall.replace(minute=59, second=59)
            continue
        found += HOUR if second_copy else timedelta()
        return found if found <= until else None


def to_time(wall: datetime, zone: ZoneInfo) -> datetime:
    """Go's ``time.Date``: the offset is looked up as if the wall clock showed UTC, then once more."""
    as_utc = wall.replace(tzinfo=UTC)
    guess = as_utc.astimezone(zone).utcoffset()
    assert guess is not None
    offset = (as_utc - guess).astimezone(zone).utcoffset()
    assert offset is not None
    return as_utc - offset if guess else as_utc


def matches(calendar: Calendar, wall: datetime) -> bool:
    return (
        wall.second in calendar.second
        and wall.minute in calendar.minute
        and wall.hour in calendar.hour
        and wall.day in calendar.day_of_month
        and wall.month in calendar.month
        and wall.isoweekday() % 7 in calendar.day_of_week
        and (calendar.year is None or wall.year in calendar.year)
    )


def list_slowly(table: Timetable, after: datetime, until: datetime) -> Iterator[datetime]:
    zone = ZoneInfo(table.timezone)
    while True:
        times = [walk_slowly(calendar, zone, after, until) for calendar in table.calendars]
        found = min((time for time in times if time), default=None)
        if found is None:
            return
        after = found
        wall = found.astimezone(zone).replace(tzinfo=None)
        if not any(matches(calendar, wall) for calendar in table.skip):
            yield found


@st.composite
def changes_of_clocks(draw: st.DrawFn) -> tuple[Timetable, datetime]:
    """Timetables that are busy at night, and a time shortly before a change of the clock."""
    zone = draw(st.sampled_from(ZONES))
    window = find_zone(zone).find_window(draw(st.integers(1_600_000_000, 3_000_000_000)), 3_100_000_000)
    middle = min((window.start + window.stop) // 2, 3_000_000_000)
    minutes = st.sampled_from([(0,), (30,), (0, 15, 30, 45), (10, 50, 59)])
    night = st.sets(st.integers(0, 4), min_size=1).map(lambda hours: tuple(sorted(hours)))
    days = st.sampled_from([tuple(range(7)), (0,), (0, 6), (1, 2, 3)])
    calendar = st.builds(
        Calendar, minute=minutes, hour=night, day_of_week=days, second=st.sampled_from([(0,), (0, 59)])
    )
    skip = st.builds(lambda hours: replace(EVERY_SECOND, hour=hours), night)
    table = Timetable(
        calendars=tuple(draw(st.lists(calendar, min_size=1, max_size=2))),
        skip=tuple(draw(st.lists(skip, max_size=1))),
        timezone=zone,
    )
    return table, datetime.fromtimestamp(middle - draw(st.integers(0, 3 * 3600)), UTC)


@settings(deadline=None, max_examples=30)
@given(changes_of_clocks())
def test_run_times_equal_a_walk_second_by_second(case: tuple[Timetable, datetime]) -> None:
    table, after = case
    until = after + 6 * HOUR
    assert list(upcoming(table, after, until=until)) == list(list_slowly(table, after, until))


def timetables() -> st.SearchStrategy[Timetable]:
    usual = {"minute": values_of("minute"), "hour": values_of("hour"), "day_of_week": values_of("day_of_week")}
    intervals = st.integers(30, 10 * DAY).flatmap(
        lambda every: st.builds(Interval, every=st.just(every), offset=st.integers(0, every - 1))
    )
    return st.builds(
        Timetable,
        calendars=st.lists(st.builds(Calendar, **usual), max_size=2).map(tuple),
        intervals=st.lists(intervals, max_size=2).map(tuple),
        skip=st.lists(st.builds(Calendar, second=st.just(tuple(range(60))), **usual), max_size=2).map(tuple),
        timezone=st.sampled_from((*ZONES, "America/Santiago", "Africa/Cairo", "America/Havana")),
    )


MOMENTS = st.integers(1_600_000_000, 2_000_000_000)


@settings(deadline=None)
@given(timetables(), MOMENTS, st.integers(1, 200 * DAY))
def test_one_by_one_lazily_and_at_once_are_the_same(table: Timetable, start: int, length: int) -> None:
    at_once = upcoming_seconds(table, start, start + length)
    after, until = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(start + length, UTC)
    assert [int(when.timestamp()) for when in islice(upcoming(table, after, until=until), 2000)] == at_once[:2000]
    stepped: list[int] = []
    while (found := next_run(table, after)) is not None and found <= until and len(stepped) < 50:
        stepped.append(int(found.timestamp()))
        after = found
    assert stepped == at_once[: len(stepped)]
    assert len(stepped) == min(50, len(at_once))


@settings(deadline=None)
@given(timetables(), MOMENTS)
def test_a_range_is_the_sum_of_its_parts(table: Timetable, start: int) -> None:
    whole = upcoming_seconds(table, start, start + 60 * DAY)
    cut = whole[len(whole) // 2] if whole else start
    assert upcoming_seconds(table, start, cut) + upcoming_seconds(table, cut, start + 60 * DAY) == whole
    assert whole == sorted(set(whole))


@settings(deadline=None)
@given(timetables(), MOMENTS)
def test_a_skip_only_takes_away(table: Timetable, start: int) -> None:
    unskipped = upcoming_seconds(replace(table, skip=()), start, start + 30 * DAY)
    assert set(upcoming_seconds(table, start, start + 30 * DAY)) <= set(unskipped)


odd_values = st.sets(st.integers(0, 70), max_size=3).map(lambda values: tuple(sorted(values)))
odd_calendars = calendars().flatmap(
    lambda calendar: st.builds(
        lambda name, values: replace(calendar, year=None, **{name: values}),
        st.sampled_from([name for name in FIELDS if name != "year"]),
        odd_values,
    )
)


@given(
    st.one_of(
        odd_calendars.map(lambda calendar: Timetable(calendars=(calendar,))),
        st.integers(1, 10**10).map(lambda every: Timetable(intervals=(Interval(every=every),))),
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca"]),
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001  the strategy wants naive ones
)
def test_what_fires_plainly_fires(table: Timetable, zone: str, after: datetime) -> None:
    table, after = replace(table, timezone=zone), after.replace(tzinfo=UTC)
    if fires_plainly(table, after):
        assert next_run(table, after) is not None


def test_most_schedules_fire_plainly() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert fires_plainly(Timetable(calendars=(parse_cron("30 2 * * SUN"),), timezone="Europe/Berlin"), now)
    assert fires_plainly(Timetable(intervals=(Interval(every=3600),)), now)
    assert not fires_plainly(Timetable(calendars=(parse_cron("0 0 30 2 *"),)), now)


@settings(deadline=None)
@given(changes_of_clocks())
def test_what_the_clock_bends_is_told_and_nothing_else(case: tuple[Timetable, datetime]) -> None:
    table, after = case
    zone, start = find_zone(table.timezone), int(after.timestamp()) - DAY
    end = start + 3 * DAY
    oddities, runs = find_oddities(table, start, end), set(upcoming_seconds(table, start, end))
    walls = {datetime.fromtimestamp(run + zone.offset(run), UTC).replace(tzinfo=None): run for run in runs}
    asked_for = {wall for wall in walls if any(matches(calendar, wall) for calendar in table.calendars)}
    told = {run for oddity in oddities for run in oddity.runs}
    assert {run for run in told if start < run <= end} <= runs
    assert {run for wall, run in walls.items() if wall not in asked_for} <= told
    for oddity in oddities:
        wall = datetime.fromtimestamp(oddity.wall, UTC).replace(tzinfo=None)
        asked = any(matches(calendar, wall) for calendar in table.calendars)
        assert asked == (oddity.kind is not OddityKind.EXTRA)
        assert (oddity.kind in {OddityKind.SKIPPED, OddityKind.LOST}) == (not oddity.runs)
