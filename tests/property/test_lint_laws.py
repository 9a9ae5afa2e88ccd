"""Lint held against what it talks about: run times counted one by one, and texts that only look like comments."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import yaml
from hypothesis import given, strategies as st
from linting import NOW
from strategies import json_values

from jobspec.lint.skips import lint_skips
from jobspec.spec.comments import find_comments
from jobspec.spec.document import Document
from jobspec.spec.model import ScheduleSpec
from jobspec.timing.frequency import find_shortest_gap
from jobspec.timing.upcoming import upcoming_seconds

DAY = 86_400
YEAR = 1_704_067_200  # 2024-01-01T00:00:00Z

minutes = st.sampled_from(["0", "30", "*/20", "5,50"])
hours = st.sampled_from(["0", "9", "*/8", "22,23", "1-3"])
days = st.sampled_from(["*", "1", "1,2", "31", "29", "*/10"])
months = st.sampled_from(["*", "2", "JAN,JUL", "12"])
weekdays = st.sampled_from(["*", "MON", "MON-FRI", "SAT,SUN"])
crons = st.tuples(minutes, hours, days, months, weekdays).map(" ".join)
intervals = st.sampled_from(["1h", "7h", "90m", "1d", "36h", "3d", {"every": "6h", "offset": "50m"}])
schedules = st.lists(crons, min_size=1, max_size=3).map(lambda some: {"cron": some}) | st.lists(
    intervals, min_size=1, max_size=2
).map(lambda some: {"interval": some})
dates = st.dates(NOW.date().replace(year=2024, day=1), NOW.date().replace(year=2025, month=12, day=31)).map(str)
skips = st.lists(
    dates
    | st.fixed_dictionaries(
        {}, optional={"hour": st.integers(0, 23), "day_of_week": st.integers(0, 6), "month": st.integers(1, 12)}
    ).filter(bool),
    min_size=1,
    max_size=3,
)


@given(schedules)
def test_the_shortest_gap_is_that_of_a_year_of_runs(written: dict[str, object]) -> None:
    timetable = ScheduleSpec.model_validate(written).timetable
    runs = upcoming_seconds(timetable, YEAR - 1, YEAR + 397 * DAY - 1)
    assert find_shortest_gap(timetable) == min((after - before for before, after in pairwise(runs)), default=None)


@given(schedules, skips)
def test_an_entry_of_skip_that_is_said_to_exclude_nothing_changes_no_run(
    written: dict[str, object], skipped: list[object]
) -> None:
    schedule = ScheduleSpec.model_validate({**written, "skip": skipped})
    timetable = schedule.timetable
    useless = {problem.path[2] for problem in lint_skips(schedule)}
    plain = upcoming_seconds(replace(timetable, skip=()), YEAR - 1, YEAR + 731 * DAY)
    for index, entry in enumerate(timetable.skip):
        runs = upcoming_seconds(replace(timetable, skip=(entry,)), YEAR - 1, YEAR + 731 * DAY)
        if index in useless or entry.year is not None:
            assert (runs == plain) == (index in useless)


def mark(text: str) -> str:
    return f"{text} # jobspec: ignore[JS506] odd"


@given(
    st.dictionaries(st.sampled_from("abc"), json_values | st.text("a# \n'\"|:", max_size=20).map(mark)), st.booleans()
)
def test_no_value_is_taken_for_a_comment_and_no_comment_for_a_value(value: dict[str, object], is_flow: bool) -> None:  # noqa: FBT001
    text = yaml.safe_dump(value, default_flow_style=is_flow, allow_unicode=True)
    assert find_comments(Document(path="a.yaml", text=text, format="yaml", value={})) == ()
    commented = mark("\n") + "\n" + text + mark("\n") + "\n"
    found = find_comments(Document(path="a.yaml", text=commented, format="yaml", value={}))
    assert [comment.text for comment in found] == [mark("").strip()] * 2
