"""Drawn job specs: every field of the format, singly and together, all of which validation accepts."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, strategies as st

from jobspec.timing.fields import parse_field

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]

durations = st.sampled_from(["1s", "10s", "90s", "5m", "1h30m", "1.5h", "2d", "500ms", "36h", "1w"])
whole_seconds = st.integers(1, 10**6).map(lambda seconds: f"{seconds}s")
words = st.text("abcdefghijklmnopqrstuvwxyz-äß☃", min_size=1, max_size=12).filter(lambda text: text.strip() == text)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def _field(low: int, high: int, names: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    numbers = st.integers(low, high)
    ranges = st.tuples(numbers, numbers).map(sorted).map(lambda pair: f"{pair[0]}-{pair[1]}")
    steps = st.tuples(ranges | st.just("*"), st.integers(1, high)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    texts = ranges | steps | st.just("*") | (st.sampled_from(names) if names else st.just("*"))
    return numbers | texts | st.lists(numbers | texts, min_size=1, max_size=3)


CALENDAR_FIELDS = {
    "second": _field(0, 59),
    "minute": _field(0, 59),
    "hour": _field(0, 23),
    "day_of_month": _field(1, 31),
    "month": _field(1, 12, ("JAN", "sept", "December")),
    "year": _field(2000, 2100),
    "day_of_week": _field(0, 7, ("MON", "fri", "Su")),
}


@st.composite
def _cron(draw: st.DrawFn) -> str:
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(["@daily", "@hourly", "@weekly", "@monthly", "@yearly", "@midnight", "@annually"]))
    names = ["minute", "hour", "day_of_month", "month", "day_of_week"]
    kind = draw(st.sampled_from([5, 5, 6, 7]))
    names = (["second"] if kind == 7 else []) + names + (["year"] if kind >= 6 else [])
    drawn = [draw(CALENDAR_FIELDS[name]) for name in names]
    parts = [",".join(map(str, part)) if isinstance(part, list) else str(part) for part in drawn]
    assume(kind != 6 or parse_field("year", parts[-1]) is not None)  # six fields without a year may start with seconds
    text = " ".join(parts)
    return text + draw(st.sampled_from(["", "", "", " # note"]))


calendars = st.fixed_dictionaries({}, optional={**CALENDAR_FIELDS, "comment": words})
dates = st.dates().filter(lambda day: 2000 <= day.year <= 2100).map(str)
intervals = whole_seconds | st.integers(2, 10**6).flatmap(
    lambda every: st.integers(0, every - 1).map(lambda offset: {"every": f"{every}s", "offset": f"{offset}s"})
)


def _one_or_more(entry: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return entry | st.lists(entry, min_size=1, max_size=3)


triggers = st.one_of(
    _one_or_more(intervals).map(lambda value: {"interval": value}),
    _one_or_more(_cron()).map(lambda value: {"cron": value}),
    _one_or_more(calendars).map(lambda value: {"calendar": value}),
)
instants = st.sampled_from(
    ["2027-01-01T00:00:00Z", "2027-06-01T12:30:00.5+02:00", "2030-01-01T00:00:00.123456-05:00", "2099-12-31T23:59:59Z"]
)
timings = st.fixed_dictionaries(
    {},
    optional={
        "timezone": st.sampled_from(ZONES),
        "skip": st.lists(dates | calendars, max_size=3),
        "start_at": instants,
        "end_at": instants,
        "jitter": st.sampled_from(["1ms", "30s", "1h", "1500ms"]),
        "overlap": st.sampled_from(
            ["skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow_all"]
        ),
        "catchup_window": durations,
        "pause_on_failure": st.booleans(),
        "paused": st.just(True) | words,
    },
)
schedules = st.tuples(triggers, timings).map(lambda pair: {**pair[0], **pair[1]})
"""Some of them never fire, and some only after a search that keeps a server busy for minutes."""
retry_policies = st.fixed_dictionaries(
    {},
    optional={
        "initial_interval": st.sampled_from(["1s", "500ms", "90s"]),
        "backoff_coefficient": st.sampled_from([1, 1.0, 1.5, 2, 10]),
        "maximum_interval": st.sampled_from(["100s", "2h"]),
        "maximum_attempts": st.integers(0, 10),
        "non_retryable_error_types": st.lists(words, max_size=3),
    },
)
runs = st.fixed_dictionaries(
    {},
    optional={
        "workflow_id": st.sampled_from(["other-id", "a", "x" * 200]),
        "execution_timeout": st.sampled_from(["1d", "36500d"]),
        "run_timeout": st.sampled_from(["1h", "90m"]),
        "task_timeout": st.sampled_from(["1s", "10s", "59s", "1.5s"]),
        "retry_policy": retry_policies,
        "memo": st.dictionaries(words, json_values, max_size=3),
        "static_summary": words,
        "static_details": words,
        "priority": st.fixed_dictionaries(
            {},
            optional={
                "priority_key": st.integers(1, 5),
                "fairness_key": words,
                "fairness_weight": st.sampled_from([0.001, 0.1, 1, 2.5, 1000]),
            },
        ),
    },
)
arguments = st.one_of(
    st.just({}),
    json_values.map(lambda value: {"input": value}),
    st.lists(json_values, max_size=3).map(lambda values: {"args": values}),
)


@st.composite
def jobs(draw: st.DrawFn, name: str = "job") -> dict[str, Any]:
    """Draw a job with a schedule, as `JobSpec` takes it."""
    return {
        "name": name,
        "queue": draw(st.sampled_from(["queue", "another queue", "ünïcode"])),
        "workflow": {"type": draw(st.sampled_from(["Work", "other.Work", "wörk"]))},
        "run": draw(runs),
        "schedule": draw(schedules),
        **draw(arguments),
    }
