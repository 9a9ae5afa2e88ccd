from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import RequestError
from jobspec.live.messages import make_desired
from jobspec.planning.adoption import is_as_wanted, plan_adoption, plan_adoptions
from jobspec.planning.decisions import Equal, make_plan, plan_job
from jobspec.planning.pauses import Pause, retire
from jobspec.planning.plan import (
    Absent,
    Action,
    Change,
    Completed,
    Held,
    HeldReason,
    Plan,
    Reason,
    Retired,
    Source,
    Terms,
    Unchanged,
    Wanted,
)
from jobspec.spec.model import JobSpec

if TYPE_CHECKING:
    from jobspec.live.canonical import CanonicalSchedule
    from jobspec.live.schedules import LiveSchedule
    from jobspec.planning.plan import Decision

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMS = Terms(project="shop", owners=frozenset({"shop", "store"}), now=NOW, grace=timedelta(hours=24))


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    project: str | None
    canonical: CanonicalSchedule
    paused: bool = False
    note: str = ""
    recent_runs: tuple[datetime, ...] = ()


def want(every: str = "1h", *, completed: bool = False, **schedule: Any) -> Wanted:
    job = {"name": "job", "queue": "q", "workflow": {"type": "W"}, "schedule": {"interval": every, **schedule}}
    desired = make_desired(JobSpec.model_validate(job), pydantic_data_converter.payload_converter)
    return Wanted(desired=desired, find_source=lambda: Source(file="a.yaml", line=3), is_completed=completed)


def live(every: str = "1h", *, project: str | None = "shop", pause: Pause | None = None) -> LiveSchedule:
    pause = pause or Pause(paused=False)
    value = Live(project=project, canonical=want(every).desired.canonical, paused=pause.paused, note=pause.note)
    return cast("LiveSchedule", value)


def decide(wanted: Wanted | None, found: LiveSchedule | RequestError | None, terms: Terms = TERMS) -> Decision:
    return plan_job("job", wanted, found, terms=terms)


def action_of(decision: Decision) -> Action:
    assert isinstance(decision, Change)
    return decision.action


RETIRED_NOW = retire(Pause(paused=False), now=NOW, grace=TERMS.grace)
RETIRED_LONG_AGO = retire(Pause(paused=False), now=NOW - timedelta(days=9), grace=TERMS.grace)


@pytest.mark.parametrize(
    ("wanted", "found", "action"),
    [
        (want(), None, Action.CREATE),
        (want("2h"), live(), Action.UPDATE),
        (want("2h", completed=True), live(), Action.UPDATE),
        (want(), live(pause=RETIRED_NOW), Action.RESTORE),
        (want(), live(pause=RETIRED_LONG_AGO), Action.RESTORE),
        (None, live(), Action.RETIRE),
        (None, live(project="store"), Action.RETIRE),
        (None, live(pause=RETIRED_LONG_AGO), Action.DELETE),
        (None, live(pause=Pause(paused=False, note=RETIRED_LONG_AGO.note)), Action.RETIRE),
    ],
)
def test_what_is_done(wanted: Wanted | None, found: LiveSchedule | None, action: Action) -> None:
    assert action_of(decide(wanted, found)) is action


@pytest.mark.parametrize(
    ("wanted", "found", "decision"),
    [
        (want(), live(), Unchanged(name="job")),
        (want(completed=True), live(), Unchanged(name="job")),
        (want(completed=True), None, Completed(name="job")),
        (None, live(pause=RETIRED_NOW), Retired(name="job")),
        (None, live(project=None), Absent(name="job")),
        (None, live(project="payroll"), Absent(name="job")),
        (None, None, Absent(name="job")),
    ],
)
def test_what_is_left_alone(wanted: Wanted | None, found: LiveSchedule | None, decision: Decision) -> None:
    assert decide(wanted, found) == decision


@pytest.mark.parametrize("project", [None, "", "payroll", "Shop"])
def test_what_is_foreign_is_held_even_if_equal(project: str | None) -> None:
    for wanted in (want(), want("2h"), want(completed=True)):
        held = decide(wanted, live(project=project))
        assert isinstance(held, Held)
        assert held.reason is HeldReason.FOREIGN


def test_without_a_grace_time_what_leaves_is_deleted_at_once() -> None:
    assert action_of(decide(None, live(), replace(TERMS, grace=timedelta(0)))) is Action.DELETE


def test_nothing_leaves_while_specs_cannot_be_read() -> None:
    held = decide(None, live(pause=RETIRED_LONG_AGO), replace(TERMS, can_prune=False))
    assert isinstance(held, Held)
    assert held.reason is HeldReason.FROZEN


def test_a_retirement_keeps_the_schedule_and_says_when_it_ends() -> None:
    change = decide(None, live(pause=Pause(paused=True, note="mine")))
    assert isinstance(change, Change)
    assert change.before == change.after == live().canonical
    assert change.delete_after == NOW + timedelta(hours=24)
    assert change.pause.paused
    assert change.reason is Reason.REMOVED


def test_a_restored_job_is_as_it_was() -> None:
    before = Pause(paused=True, note="mine")
    change = decide(want(), live(pause=retire(before, now=NOW, grace=TERMS.grace)))
    assert isinstance(change, Change)
    assert change.pause == before


def test_a_read_that_failed_is_held_with_its_message() -> None:
    for wanted in (want(), None):
        held = decide(wanted, RequestError("the server is upset"))
        assert isinstance(held, Held)
        assert (held.reason, held.message) == (HeldReason.FAILED, "the server is upset")


def test_a_job_with_mistakes_is_held_whatever_is_live() -> None:
    for found in ({}, {"job": live("2h")}, {"job": live(project="payroll")}):
        made = make_plan(
            {"job": want()}, found, terms=TERMS, invalid={"job": Source(file="a.yaml", line=3)}, namespace="default"
        )
        assert made.changes == ()
        assert [held.reason for held in made.held] == [HeldReason.INVALID]


def test_a_plan_counts_all_and_is_in_name_order() -> None:
    made = make_plan(
        {"b": want(), "a": want(), "same": want(), "over": want(completed=True)},
        {"z": live(), "same": live(), "waits": live(pause=RETIRED_NOW)},
        terms=TERMS,
        invalid={},
        namespace="default",
        environment="staging",
    )
    assert [change.name for change in made.changes] == ["a", "b", "z"]
    assert made.counts()[Action.CREATE] == 2
    assert (made.unchanged, made.completed, made.retired) == (1, ("over",), ("waits",))


def test_adoption_takes_only_what_was_asked_for() -> None:
    def adopt(project: str | None, former: str | None) -> Decision:
        return plan_adoption("job", want("2h"), live(project=project), terms=TERMS, former=former)

    change = adopt(None, None)
    assert isinstance(change, Change)
    assert change.action is Action.ADOPT
    assert change.before == change.after
    assert [field.field for field in change.fields] == ["schedule.interval"]
    assert action_of(adopt("payroll", "payroll")) is Action.ADOPT
    assert isinstance(adopt("payroll", None), Held)
    assert isinstance(adopt(None, "payroll"), Held)
    assert isinstance(adopt("billing", "payroll"), Held)
    assert isinstance(adopt("store", None), Unchanged)
    assert isinstance(adopt("shop", "shop"), Unchanged)
    assert action_of(adopt("store", "store")) is Action.ADOPT


def test_a_reader_who_saw_one_change_did_not_see_another() -> None:
    shown, other, same = (decide(want(every), live()) for every in ("2h", "3h", "2h"))
    assert isinstance(shown, Change)
    assert isinstance(other, Change)
    assert isinstance(same, Change)
    assert shown.does_the_same_as(same)
    assert not shown.does_the_same_as(other)


def test_adoptions_are_planned_together() -> None:
    made = plan_adoptions(
        ["b", "a", "gone", "broken", "taken"],
        dict.fromkeys(["a", "b", "gone", "broken", "taken"], want()),
        {
            "a": live(project=None),
            "b": live(project=None),
            "broken": RequestError("upset"),
            "taken": live(project="payroll"),
        },
        terms=TERMS,
        former=None,
        namespace="default",
    )
    assert [(change.name, change.action) for change in made.changes] == [("a", Action.ADOPT), ("b", Action.ADOPT)]
    assert {held.name: held.reason for held in made.held} == {
        "broken": HeldReason.FAILED,
        "gone": HeldReason.FAILED,
        "taken": HeldReason.FOREIGN,
    }


def test_what_is_as_wanted_may_differ_in_comments_only() -> None:
    assert is_as_wanted(want(), live(project=None))
    assert not is_as_wanted(want("2h"), live(project=None))
    assert is_as_wanted(want(), live(project=None, pause=Pause(paused=True, note="mine")))
    assert not is_as_wanted(want(paused="why"), live(project=None))
    assert is_as_wanted(want(paused="why"), live(project=None, pause=Pause(paused=True, note="mine")))


def test_what_was_found_equal_is_not_compared_again_until_a_side_is_another_object() -> None:
    known: Equal = {}
    wanted, found = want(), live()

    def plan(wanted: Wanted, found: LiveSchedule) -> Plan:
        return make_plan({"job": wanted}, {"job": found}, terms=TERMS, invalid={}, namespace="n", equal=known)

    assert plan(wanted, found) == plan(wanted, found)
    remembered = known["job"][2]
    plan(wanted, found)
    assert known["job"][2] is remembered

    for changed in (plan(want("2h"), found), plan(wanted, live("2h")), plan(wanted, live(project="payroll"))):
        assert changed.unchanged == 0
        assert plan(wanted, found).unchanged == 1
