"""The first law: what was written is not planned again, for every field and every combination that is drawn."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from strategies import jobs
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.planning.desired import Desired, DesiredState, make_desired
from jobspec.planning.pauses import Pause, decide_pause
from jobspec.planning.planner import Terms, plan
from jobspec.spec.model import JobSpec
from jobspec.temporal.schedules.live_schedule import LiveSchedule
from jobspec.temporal.schedules.messages import differing_fields
from jobspec.timing.upcoming import Timetable, has_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobspec.temporal.schedules.gateway import Schedules

SKIPPABLE = 24
"""Runs a day."""

DRAWS = int(os.environ.get("JOBSPEC_CONVERGENCE_DRAWS", "100"))


def count_runs_a_day(timetable: Timetable) -> float:
    of_calendars = [len(one.second) * len(one.minute) * len(one.hour) for one in timetable.calendars]
    return sum(of_calendars) + sum(86_400 / interval.every for interval in timetable.intervals)


def draw_jobs(number: int) -> list[dict[str, Any]]:
    """Draw jobs first and write them together after: hypothesis runs its tests outside of an event loop.

    Left out are jobs that never fire, which are completed and never created, and those that fire often with a skip: the
    server looks at every time that is skipped, which takes it minutes.
    """
    drawn: list[dict[str, Any]] = []

    @settings(
        max_examples=number, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck]
    )
    @given(jobs())
    def collect(job: dict[str, Any]) -> None:
        schedule = JobSpec.model_validate({**job, "name": "job"}).schedule
        assert schedule is not None
        assume(not schedule.skip or count_runs_a_day(schedule.timetable) <= SKIPPABLE)
        assume(has_run(schedule.timetable, datetime.now(UTC)))
        drawn.append(job)

    collect()
    return drawn


def desire(job: dict[str, Any], name: str) -> Desired:
    return make_desired(JobSpec.model_validate({**job, "name": name}), pydantic_data_converter.payload_converter)


async def create(schedules: Schedules, desired: Desired) -> None:
    pause = decide_pause(Pause(paused=False), desired.paused)
    await schedules.create(desired.name, desired.message, project="shop", paused=pause.paused, note=pause.note)


async def update(schedules: Schedules, desired: Desired) -> None:
    live = await schedules.describe(desired.name)
    assert live is not None
    pause = decide_pause(Pause(paused=live.paused, note=live.note), desired.paused)
    await schedules.update(live, desired, paused=pause.paused, note=pause.note)


def assert_no_changes(specs: Mapping[str, dict[str, Any]], live: Mapping[str, Any]) -> None:
    jobs = {}
    for name, job in specs.items():
        jobs[name], found = desire(job, name), live[name]
        assert isinstance(found, LiveSchedule), (job, found)
        assert differing_fields(found.canonical, jobs[name].canonical) == (), job
    terms = Terms(project="shop", owners=frozenset({"shop"}), now=datetime.now(UTC), grace=timedelta(days=1))
    made = plan(DesiredState(jobs=jobs), live, terms).plan
    assert made.changes == ()
    assert made.unchanged == len(specs)


async def test_what_was_created_is_not_planned_again(schedules: Schedules) -> None:
    specs = {f"job-{number}": job for number, job in enumerate(draw_jobs(DRAWS))}

    await asyncio.gather(*(create(schedules, desire(job, name)) for name, job in specs.items()))

    assert_no_changes(specs, await schedules.describe_all(specs))


async def test_what_was_updated_is_not_planned_again(schedules: Schedules) -> None:
    drawn = draw_jobs(DRAWS)
    pairs = list(zip(drawn[::2], drawn[1::2], strict=False))
    before = {f"job-{number}": one for number, (one, _) in enumerate(pairs)}
    after = {f"job-{number}": other for number, (_, other) in enumerate(pairs)}

    await asyncio.gather(*(create(schedules, desire(job, name)) for name, job in before.items()))
    await asyncio.gather(*(update(schedules, desire(job, name)) for name, job in after.items()))

    assert_no_changes(after, await schedules.describe_all(after))
