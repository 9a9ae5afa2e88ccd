"""Jobs that start all at once: more in one minute of one task queue than its workers take with ease."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from jobspec.lint.warning import find_kind, warn
from jobspec.spec.findings import make_related
from jobspec.timing.upcoming import Timetable, upcoming_seconds
from jobspec.timing.zones import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from jobspec.spec.findings import Finding
    from jobspec.spec.loaded_jobs import Job

_DAYS = 31
"""How far to look ahead: every day of the week and of the month is among them."""

_MINUTE = 60
_MINUTES_OF_DAY = 1440
_SHOWN_JOBS = 3
_SPREADING_JITTER = timedelta(minutes=1)
"""Whoever waits up to so long starts in another minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Herd:
    """The fullest minute of a queue: since the epoch, with the jobs that start in it, and how many others are full."""

    minute: int
    jobs: tuple[Job, ...]
    others: int


def lint_herds(jobs: Iterable[Job], now: datetime, most: int) -> Iterator[Finding]:
    """Warn of task queues on which too many jobs start in the same minute, once a queue.

    Args:
        jobs: All of one environment. Those that are paused, or that a jitter spreads, do not count.
        now: The month from the beginning of this day on is looked at.
        most: How many may start in a minute.
    """
    queues: dict[str, dict[Timetable, list[Job]]] = {}
    for job in jobs:
        schedule = job.spec.schedule
        if schedule is not None and not schedule.paused and schedule.jitter < _SPREADING_JITTER:
            queues.setdefault(job.spec.queue, {}).setdefault(schedule.timetable, []).append(job)
    for queue, groups in queues.items():
        if sum(map(len, groups.values())) > most:
            herd = _find_herd(groups, int(now.timestamp()) // DAY, most)
            if herd is not None:
                yield _tell(queue, herd, most)


def _find_herd(groups: Mapping[Timetable, list[Job]], today: int, most: int) -> _Herd | None:
    counted: Counter[int] = Counter()
    for timetable, jobs in groups.items():
        weight = len(jobs)
        for minute in _list_minutes(timetable, today):
            counted[minute] += weight
    top = max(counted.values(), default=0)
    if top <= most:
        return None
    fullest = min(minute for minute, count in counted.items() if count == top)
    starting = [job for timetable, jobs in groups.items() if fullest in _list_minutes(timetable, today) for job in jobs]
    starting.sort(key=lambda job: (job.path, job.layers[-1].path))
    times = {minute % _MINUTES_OF_DAY for minute, count in counted.items() if count > most}
    return _Herd(minute=fullest, jobs=tuple(starting), others=len(times) - 1)


@lru_cache(maxsize=16_384)
def _list_minutes(timetable: Timetable, today: int) -> frozenset[int]:
    """List the minutes in which a schedule starts a run; runs within one minute are one."""
    plain = replace(
        timetable,
        calendars=tuple(replace(calendar, second=calendar.second[:1]) for calendar in timetable.calendars),
        intervals=tuple(replace(each, every=max(each.every, _MINUTE)) for each in timetable.intervals),
    )
    start = today * DAY
    return frozenset(second // _MINUTE for second in upcoming_seconds(plain, start - 1, start + _DAYS * DAY - 1))


def _tell(queue: str, herd: _Herd, most: int) -> Finding:
    first, *others = herd.jobs
    schedule = first.spec.schedule
    assert schedule is not None  # noqa: S101  only such jobs were counted
    hour, minute = divmod(herd.minute % _MINUTES_OF_DAY, _MINUTE)
    times = f", and more than {most} at {herd.others} other times of the day" if herd.others > 1 else ""
    times = f", and more than {most} at another time of the day" if herd.others == 1 else times
    problem = warn(
        ("schedule", find_kind(schedule)),
        "JS508",
        f"{len(herd.jobs)} jobs start in the same minute on the task queue `{queue}`, at {hour:02}:{minute:02} UTC"
        f"{times}",
        "spread them with `jitter: 10m`, or give them other minutes",
    )
    shown = [(job.spec.name, job.location) for job in others[:_SHOWN_JOBS]]
    return replace(first.find(problem), related=tuple(make_related("together with", shown, len(others))))
