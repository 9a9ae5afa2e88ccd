"""From both sides to a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.planning.desired import Desired, DesiredState, make_desired
from jobspec.planning.pauses import Pause, retire
from jobspec.planning.plan import Action, HeldReason, Plan, Source
from jobspec.planning.planner import Equal, Terms, plan
from jobspec.spec.model import JobSpec
from jobspec.temporal.schedules.live_schedule import LiveSchedule

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMS = Terms(
    project="shop", owners=frozenset({"shop", "store"}), now=NOW, grace=timedelta(hours=24), namespace="default"
)


def desire(every: str = "1h", *, completed: bool = False, **schedule: Any) -> Desired:
    job = {"name": "job", "queue": "q", "workflow": {"type": "W"}, "schedule": {"interval": every, **schedule}}
    desired = make_desired(JobSpec.model_validate(job), pydantic_data_converter.payload_converter)
    return replace(desired, find_source=lambda: Source(file="a.yaml", line=3), is_completed=completed)


def live(every: str = "1h", *, project: str | None = "shop", pause: Pause | None = None) -> LiveSchedule:
    pause = pause or Pause(paused=False)
    return LiveSchedule(
        name="job", project=project, canonical=desire(every).canonical, paused=pause.paused, note=pause.note
    )


def test_a_job_with_mistakes_is_held_whatever_is_live() -> None:
    for found in ({}, {"job": live("2h")}, {"job": live(project="payroll")}):
        frozen = {"job": Source(file="a.yaml", line=3)}
        made = plan(DesiredState(jobs={"job": desire()}, frozen=frozen), found, TERMS).plan
        assert made.changes == ()
        assert [held.reason for held in made.held] == [HeldReason.INVALID]


def test_a_plan_counts_all_and_is_in_name_order() -> None:
    jobs = {"b": desire(), "a": desire(), "same": desire(), "over": desire(completed=True)}
    retired = retire(Pause(paused=False), now=NOW, grace=TERMS.grace)
    there = {"z": live(), "same": live(), "waits": live(pause=retired)}
    made = plan(DesiredState(jobs=jobs, environment="staging"), there, TERMS).plan
    assert [change.name for change in made.changes] == ["a", "b", "z"]
    assert made.counts()[Action.CREATE] == 2
    assert (made.unchanged, made.completed, made.retired) == (1, ("over",), ("waits",))


def test_what_was_found_equal_is_not_compared_again_until_a_side_is_another_object() -> None:
    known: Equal = {}
    desired, found = desire(), live()

    def remember(desired: Desired, found: LiveSchedule) -> Plan:
        return plan(DesiredState(jobs={"job": desired}), {"job": found}, TERMS, equal=known).plan

    assert remember(desired, found) == remember(desired, found)
    remembered = known["job"][2]
    remember(desired, found)
    assert known["job"][2] is remembered

    for changed in (
        remember(desire("2h"), found),
        remember(desired, live("2h")),
        remember(desired, live(project="payroll")),
    ):
        assert changed.unchanged == 0
        assert remember(desired, found).unchanged == 1
