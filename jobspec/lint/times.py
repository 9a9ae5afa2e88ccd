"""Rules about when a job runs, and about what happens when it cannot."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from jobspec.lint.warning import find_kind, warn
from jobspec.spec.model import OverlapPolicy
from jobspec.timing.calendar import FIELDS, format_calendar
from jobspec.timing.cron import parse_cron
from jobspec.timing.duration import format_duration
from jobspec.timing.frequency import find_shortest_gap, runs_per_day
from jobspec.timing.zones import CITIES_OF_ABBREVIATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.spec.lint_settings import LintSettings
    from jobspec.spec.model import JobSpec, ScheduleSpec
    from jobspec.spec.validation import Problem
    from jobspec.timing.calendar import Calendar

_SECOND, _HOUR, _DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)

SHORTEST_CATCHUP = timedelta(seconds=10)
"""The server raises shorter windows to this (service/worker/scheduler/workflow.go, `MinCatchupWindow`)."""

_MEANT_AS_SKIP = 2
"""So many runs in a row that may be left out are more than one late run."""

_REFERENCE = datetime(2024, 1, 1, tzinfo=UTC)
"""Averages begin here, so that they are the same on every day."""

_FIELDS_WITH_SECONDS = 7
_UTC_NAMES = frozenset({"UTC", "Etc/UTC"})


def lint_times(spec: JobSpec, settings: LintSettings) -> Iterator[Problem]:
    """Apply all rules of this module to a job."""
    schedule = spec.schedule
    if schedule is None:
        return
    yield from lint_cron_days(schedule)
    yield from lint_intervals(schedule)
    yield from lint_timezone(schedule)
    yield from lint_abbreviation(schedule)
    yield from lint_jitter(schedule)
    yield from lint_catchup(schedule, settings.max_catchup_runs)
    yield from lint_overlap(spec)


def lint_cron_days(schedule: ScheduleSpec) -> Iterator[Problem]:
    """Warn of cron with days of the month and of the week: Temporal wants both, crontab takes either.

    A field that begins with `*`, such as `*/2`, must match in crontab too (cron(8), `DOM_STAR`).
    """
    for index, text in enumerate(schedule.cron):
        calendar = parse_cron(text)
        if calendar.day_of_month == _ALL_DAYS or calendar.day_of_week == _ALL_WEEKDAYS:
            continue
        words = list(takewhile(lambda word: not word[0].startswith("#"), re.finditer(r"\S+", text)))
        shift = len(words) == _FIELDS_WITH_SECONDS
        day, weekday = words[2 + shift], words[4 + shift]
        if "*" not in (day[0][0], weekday[0][0]):
            yield warn(
                ("schedule", "cron", index),
                "JS501",
                f"Temporal runs this only on days that match both `{day[0]}` and `{weekday[0]}`, where crontab would "
                "on either",
                f"write `calendar: {_show_calendar(calendar)}` if both are meant, and two crons if either is",
                span=(day.start(), weekday.end()),
            )


_ALL_DAYS = tuple(range(FIELDS["day_of_month"].low, FIELDS["day_of_month"].high + 1))
_ALL_WEEKDAYS = tuple(range(7))


def _show_calendar(calendar: Calendar) -> str:
    fields = format_calendar(replace(calendar, comment="")).items()
    return "{" + ", ".join(f"{name}: {_show_field(value)}" for name, value in fields) + "}"


def _show_field(value: int | str) -> str:
    return str(value) if re.fullmatch(r"[A-Z0-9-]+", str(value)) else f'"{value}"'


def lint_intervals(schedule: ScheduleSpec) -> Iterator[Problem]:
    """Warn of intervals of an hour or more that move against the day."""
    for index, interval in enumerate(schedule.interval):
        every = interval.every
        if every < _HOUR or not (_DAY % every if every < _DAY else every % _DAY):
            continue
        shorter, longer = _find_even_intervals(every)
        yield warn(
            ("schedule", "interval", index, "every"),
            "JS506",
            f"`{format_duration(every)}` is no even part and no multiple of a day, so the job runs at other times each "
            "day",
            f"choose `{format_duration(shorter)}` or `{format_duration(longer)}`, or a `cron` for fixed times",
        )


def _find_even_intervals(every: timedelta) -> tuple[timedelta, timedelta]:
    """Find the nearest shorter and longer interval of which a day is a multiple, or that is one of days."""
    if every > _DAY:
        return every // _DAY * _DAY, (every // _DAY + 1) * _DAY
    hours = [hour * _HOUR for hour in (1, 2, 3, 4, 6, 8, 12, 24)]
    return max(hour for hour in hours if hour < every), min(hour for hour in hours if hour > every)


def lint_timezone(schedule: ScheduleSpec) -> Iterator[Problem]:
    """Warn of a time zone beside intervals, which are counted from the epoch; what is skipped has one."""
    is_set = "timezone" in schedule.model_fields_set and schedule.timezone not in _UTC_NAMES
    if is_set and schedule.interval and not schedule.skip:
        message = "`timezone` has no meaning for an interval, which is counted from the beginning of 1970 in UTC"
        hint = "remove it, or write a `cron` for times by that clock"
        yield warn(("schedule", "timezone"), "JS507", message, hint)


def lint_abbreviation(schedule: ScheduleSpec) -> Iterator[Problem]:
    """Warn of time zones whose names are abbreviations or offsets: they rarely follow the clock that people mean."""
    zone, path = schedule.timezone, ("schedule", "timezone")
    if city := CITIES_OF_ABBREVIATIONS.get(zone):
        message = f"`{zone}` is an abbreviation, and its clock need not change when that of a city does"
        yield warn(path, "JS515", message, f"name the city whose clock you mean, such as `{city}`")
    elif match := re.fullmatch(r"(?:Etc/)?GMT([+-])([1-9]\d?)", zone):
        behind = "behind" if match[1] == "+" else "ahead of"
        message = f"`{zone}` is {match[2]} hours {behind} UTC: these names have the opposite of the usual sign"
        yield warn(path, "JS515", message, "name the city whose clock you mean, such as `Europe/Berlin`")


def lint_jitter(schedule: ScheduleSpec) -> Iterator[Problem]:
    """Warn of a jitter that the server cuts to the time until the next run (service/worker/scheduler/spec.go)."""
    gap = find_shortest_gap(schedule.timetable) if schedule.jitter >= _SECOND else None
    if gap is not None and schedule.jitter >= gap * _SECOND:
        jitter, shown = format_duration(schedule.jitter), format_duration(gap * _SECOND)
        yield warn(
            ("schedule", "jitter"),
            "JS511",
            f"the jitter of `{jitter}` is not shorter than the `{shown}` between two runs, to which the server cuts it",
            f"choose a jitter well below `{shown}`",
            other=("schedule", find_kind(schedule)),
        )


def lint_catchup(schedule: ScheduleSpec, most: int) -> Iterator[Problem]:
    """Warn of catch-up windows that start a flood, or that the server lengthens.

    Args:
        schedule: The schedule.
        most: How many runs may start at once.
    """
    window = schedule.catchup_window
    if window < SHORTEST_CATCHUP:
        message = f"the server takes the catch-up window of `{format_duration(window)}` for one of `10s`"
        yield warn(("schedule", "catchup_window"), "JS510", message, "write `10s`")
    if schedule.overlap is not OverlapPolicy.ALLOW_ALL:
        return
    runs = round(runs_per_day(schedule.timetable, _REFERENCE) * (window / _DAY))
    if runs > most:
        is_set = "catchup_window" in schedule.model_fields_set
        what = f"the catch-up window of `{format_duration(window)}`" + ("" if is_set else ", the server's default,")
        yield warn(
            ("schedule", "catchup_window" if is_set else "overlap"),
            "JS509",
            f"with `allow_all` and {what} up to {runs:,} runs start at once after a long outage",
            "set `catchup_window` to how late a run is still of use, such as `1h`",
        )


def lint_overlap(spec: JobSpec) -> Iterator[Problem]:
    """Warn where a run may last so long that several in a row are skipped, as far as timeouts tell."""
    schedule, run = spec.schedule, spec.run
    key = "execution_timeout" if run.execution_timeout else "run_timeout"
    timeout = run.execution_timeout or run.run_timeout
    if schedule is None or timeout is None or schedule.overlap is not OverlapPolicy.SKIP:
        return
    gap = find_shortest_gap(schedule.timetable)
    skipped = 0 if gap is None else (timeout - timedelta.resolution) // (gap * _SECOND)
    if gap is not None and skipped >= _MEANT_AS_SKIP:
        yield warn(
            ("run", key),
            "JS504",
            f"a run may last `{format_duration(timeout)}` and the next is due after "
            f"`{format_duration(gap * _SECOND)}`, so `overlap: skip` may leave out {skipped:,} in a row",
            "shorten the timeout to what a run needs, run less often, or choose another `overlap`",
            other=("schedule", find_kind(schedule)),
        )
