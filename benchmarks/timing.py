"""Run times: how fast they are computed, and what showing them costs."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from corpora import PROW
from measuring import BIN, Figure, alternate, run_command
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.planning.desired import make_desired
from jobspec.planning.effects import work_out_plan
from jobspec.planning.pauses import Pause
from jobspec.planning.plan import Action, Change, Plan, Reason, Source
from jobspec.render.plan_documents import plan_document
from jobspec.render.plan_text import render_plan
from jobspec.spec.loader import load
from jobspec.spec.project import Project
from jobspec.spec.workspace import make_workspace
from jobspec.timing.cron import parse_cron
from jobspec.timing.upcoming import Interval, Timetable, upcoming, upcoming_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from measuring import Unit

YEAR_GOAL = 50.0
"""Milliseconds for all runs of a job that runs every minute of a year."""

NEXT_GOAL = 1.5
"""Seconds for the next three runs of 10,000 schedules."""

EFFECTS_GOAL = 0.3
"""Seconds that the effects may add to a plan of all the Prow jobs."""

COMMAND_GOAL = 3.0
"""Seconds for a command that shows the runs of all the Prow jobs."""

_NOW = datetime(2026, 11, 24, 18, 20, tzinfo=UTC)
_START = int(_NOW.timestamp())
_MINUTES = 365 * 1440
_SCHEDULES = 10_000
_LEAST_ROUNDS = 5
_ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
)


def measure_timing(rounds: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """Measure the computing, the effects of a plan, and the commands."""
    rounds = max(rounds, _LEAST_ROUNDS)
    note("run times: a year of every minute")
    yield from _measure_year(rounds)
    note("run times: 10,000 schedules")
    yield from _measure_next(rounds)
    note("run times: the effects of a plan")
    yield from _measure_effects(rounds)
    note("run times: commands")
    yield from _measure_commands(rounds)


def _take(run: Callable[[], object], *, per_second: int = 1) -> float:
    begun = time.perf_counter()
    run()
    return (time.perf_counter() - begun) * per_second


def _hold_to_goal(name: str, unit: Unit, ours: tuple[float, ...], goal: float) -> Figure:
    return Figure(name=name, against="the goal", unit=unit, ours=ours, theirs=(goal,) * len(ours), goal=1.0)


def _measure_year(rounds: int) -> Iterator[Figure]:
    def list_year(*skip: str) -> list[int]:
        table = Timetable(
            calendars=(parse_cron("* * * * *"),), skip=tuple(map(parse_cron, skip)), timezone="Europe/Berlin"
        )
        return upcoming_seconds(table, _START, _START + _MINUTES * 60)

    def write() -> list[int]:
        return [_START + 60 * number for number in range(_MINUTES)]

    sides = (list_year, partial(list_year, "* * 0-5 * * * *"), write)
    plain, skipping, written = alternate(rounds, *(partial(_take, side, per_second=1000) for side in sides))
    against = "writing down as many numbers"
    yield Figure(name="a year of a run every minute, Berlin", against=against, unit="ms", ours=plain, theirs=written)
    yield _hold_to_goal("the same", "ms", plain, YEAR_GOAL)
    yield Figure(name="the same with nights skipped", against=against, unit="ms", ours=skipping, theirs=written)


def _measure_next(rounds: int) -> Iterator[Figure]:
    tables, zones = _make_varied(_SCHEDULES), [ZoneInfo(zone) for zone in _ZONES]

    def find_next() -> object:
        return [list(upcoming(table, _NOW, count=3)) for table in tables]

    def make_times() -> object:
        numbers = range(0, 3 * _SCHEDULES, len(zones))
        return [datetime.fromtimestamp(_START + number, zone) for number in numbers for zone in zones]

    ours, theirs = alternate(rounds, partial(_take, find_next), partial(_take, make_times))
    yield Figure(
        name=f"next three runs of {_SCHEDULES:,} schedules",
        against="making as many local times",
        unit="s",
        ours=ours,
        theirs=theirs,
    )
    yield _hold_to_goal("the same", "s", ours, NEXT_GOAL)


def _make_varied(count: int) -> list[Timetable]:
    rng = random.Random(1)
    holidays = (parse_cron("* * * 25 12 * *"),)
    tables = []
    for _ in range(count):
        minute, hour = rng.randrange(60), rng.randrange(24)
        crons = [
            f"{minute} {hour} * * *",
            f"{minute} {hour} * * MON-FRI",
            f"{minute} * * * *",
            "*/5 * * * *",
            f"{minute} {hour} {rng.randint(1, 28)} * *",
            f"{minute} {hour} 1 1,4,7,10 *",
        ]
        is_interval = rng.random() < 0.2
        tables.append(
            Timetable(
                calendars=() if is_interval else (parse_cron(rng.choice(crons)),),
                intervals=(Interval(every=rng.choice([60, 3600, 86400])),) if is_interval else (),
                skip=holidays if rng.random() < 0.2 else (),
                timezone=rng.choice(_ZONES),
            )
        )
    return tables


def _measure_effects(rounds: int) -> Iterator[Figure]:
    plan = _plan_creates()

    def show(*, with_effects: bool) -> str:
        # Each round is planned for another moment, so that nothing is known from the last one.
        effects = work_out_plan(plan, datetime.now(UTC)) if with_effects else {}
        document = plan_document(plan, effects=effects)
        return render_plan(document) + document.to_json()

    with_effects, without = alternate(
        rounds, *(partial(_take, partial(show, with_effects=each)) for each in (True, False))
    )
    yield Figure(
        name=f"a plan of {len(plan.changes):,} new jobs with effects",
        against="without effects",
        unit="s",
        ours=with_effects,
        theirs=without,
    )
    added = tuple(ours - theirs for ours, theirs in zip(with_effects, without, strict=True))
    yield _hold_to_goal("what the effects add", "s", added, EFFECTS_GOAL)


def _plan_creates() -> Plan:
    loaded = load(make_workspace(PROW, Project()), now=_NOW)
    desired = [
        make_desired(job.spec, pydantic_data_converter.payload_converter)
        for job in loaded.jobs.values()
        if job.spec.schedule
    ]
    changes = (
        Change(
            name=each.name,
            action=Action.CREATE,
            reason=Reason.NEW,
            source=Source(file="specs/jobs.yaml", line=1),
            after=each.canonical,
            pause=Pause(paused=False),
        )
        for each in desired
    )
    return Plan(project="prow", namespace="default", changes=tuple(changes))


def _measure_commands(rounds: int) -> Iterator[Figure]:
    for arguments in (("next",), ("calendar",), ("calendar", "--output", "html")):
        took = alternate(rounds, partial(_run, *arguments))[0]
        yield _hold_to_goal(f"jobspec {' '.join(arguments)}, 1,335 jobs", "s", took, COMMAND_GOAL)


def _run(*arguments: str) -> float:
    return run_command((str(BIN / "jobspec"), *arguments), PROW).wall
