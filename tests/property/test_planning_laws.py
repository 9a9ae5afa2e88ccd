from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import HealthCheck, given, settings, strategies as st
from strategies import jobs
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.planning.desired import Desired, DesiredState, make_desired
from jobspec.planning.diff import ABSENT, Absence, Plain, explain_difference, explain_settings
from jobspec.planning.pauses import Pause, decide_pause, read_retirement, retire, spec_reason
from jobspec.planning.plan import Action, Change, HeldReason, Plan, Source
from jobspec.planning.planner import Terms, plan
from jobspec.spec.model import JobSpec
from jobspec.temporal.schedules.canonical import CanonicalPayload, CanonicalSchedule
from jobspec.temporal.schedules.live_schedule import LiveSchedule

if TYPE_CHECKING:
    from collections.abc import Mapping


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GRACE = timedelta(hours=24)
NAMES = ("a", "b", "c")
costly = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For tests that draw whole jobs, which takes its time on a busy machine."""


def desire(job: dict[str, Any]) -> Desired:
    return make_desired(JobSpec.model_validate(job), pydantic_data_converter.payload_converter)


desired_schedules = jobs().map(desire)
payloads = st.builds(
    CanonicalPayload,
    encoding=st.sampled_from(["json/plain", "json/protobuf", "binary/null", "binary/encrypted", ""]),
    value=st.sampled_from(["null", "1", "1.0", "true", '"1"', '{"a":1}', '{"a":null}', "{}", '"absent"', b"", b"x"]),
)
canonicals = st.builds(
    replace,
    desired_schedules.map(lambda desired: desired.canonical),
    input=st.lists(payloads, max_size=2).map(tuple),
    memo=st.dictionaries(st.sampled_from(["a", "b"]), payloads).map(lambda memo: tuple(sorted(memo.items(), key=str))),
    static_summary=st.none() | payloads,
)
texts = (
    st.text()
    | st.sampled_from(
        [
            "",
            "jobspec: paused by the spec",
            "jobspec: paused by the spec: x",
            "jobspec: retired",
            "a\nb",
            '{"note": "x"}',
        ]
    )
).filter(lambda text: "; before: " not in text)
pauses = st.builds(Pause, paused=st.booleans(), note=texts)
retired_pauses = st.builds(
    lambda pause, ago: retire(pause, now=NOW - timedelta(hours=ago), grace=GRACE), pauses, st.integers(0, 48)
)


def write(value: Plain | Absence) -> str:
    return "" if value is ABSENT else json.dumps(value, sort_keys=True)


@costly
@given(canonicals, canonicals, st.data())
def test_differences_have_explanations_and_nothing_else_does(
    one: CanonicalSchedule, other: CanonicalSchedule, data: st.DataObject
) -> None:
    # Near misses are what goes wrong: take some fields of one and the rest of the other.
    kept = data.draw(st.sets(st.sampled_from([field.name for field in fields(CanonicalSchedule)])))
    other = replace(other, **{name: getattr(one, name) for name in kept})
    found = explain_difference(one, other)
    assert (found == ()) == (one == other)
    for change in found:
        assert write(change.before) != write(change.after)
    assert len({change.field for change in found}) == len(found)


@costly
@given(canonicals)
def test_a_schedule_has_no_difference_to_itself(schedule: CanonicalSchedule) -> None:
    assert explain_difference(schedule, replace(schedule)) == ()


@costly
@given(canonicals, canonicals)
def test_both_directions_explain_the_same_fields(one: CanonicalSchedule, other: CanonicalSchedule) -> None:
    specs = {"is_live": False}  # of what is live, the words depend on those of the spec
    there = {change.field: (change.before, change.after) for change in explain_difference(one, other, **specs)}
    back = {change.field: (change.after, change.before) for change in explain_difference(other, one, **specs)}
    assert there == back


@costly
@given(desired_schedules)
def test_a_creation_shows_what_is_set_and_only_that(desired: Desired) -> None:
    found = explain_settings(desired.canonical, name=desired.name)
    shown = {change.field: change.after for change in found}
    assert {"workflow", "queue"} <= shown.keys()
    assert shown.keys() & {"schedule.interval", "schedule.cron", "schedule.calendar"}
    assert all(change.before is ABSENT and change.after is not ABSENT for change in found)


@given(pauses, st.integers(0, 10**6))
def test_a_retirement_remembers_what_was_there(pause: Pause, grace: int) -> None:
    retired = retire(pause, now=NOW, grace=timedelta(seconds=grace))
    read = read_retirement(retired)
    assert retired.paused
    assert read is not None
    assert (read.before, read.since, read.delete_after) == (pause, NOW, NOW + timedelta(seconds=grace))


reasons = st.none() | st.just(True) | texts.filter(str.strip)


@given(pauses | retired_pauses, reasons)
def test_wanting_a_pause_twice_changes_nothing_more(live: Pause, spec: str | Literal[True] | None) -> None:
    once = decide_pause(live, spec)
    assert decide_pause(once, spec) == once


@given(pauses, reasons)
def test_a_pause_by_the_spec_leaves_no_trace(live: Pause, spec: str | Literal[True]) -> None:
    paused = decide_pause(live, spec)
    if spec is not None:
        assert paused.paused
    if not live.paused and not live.note.startswith("jobspec: "):
        assert decide_pause(paused, None) == live


@given(texts.filter(str.strip), reasons, pauses)
def test_a_changed_reason_keeps_the_note_before(first: str, second: str | Literal[True] | None, live: Pause) -> None:
    assert decide_pause(decide_pause(live, first), second) == decide_pause(live, second) or live.note.startswith(
        "jobspec: "
    )


@given(texts.filter(str.strip))
def test_the_reason_reads_back(reason: str) -> None:
    assert spec_reason(decide_pause(Pause(paused=False, note="before"), reason)) == reason


@given(pauses)
def test_an_operators_pause_is_never_changed(live: Pause) -> None:
    if live.paused and not live.note.startswith("jobspec: "):
        assert decide_pause(live, None) == decide_pause(live, "why") == live


few_schedules = st.sampled_from(
    [
        desire({"name": "job", "queue": "queue", "workflow": {"type": "Work"}, "schedule": schedule})
        for schedule in (
            {"interval": "1h"},
            {"cron": "@daily"},
            {"interval": "1h", "paused": True},
            {"interval": "1h", "paused": "why"},
        )
    ]
)
owned_marks = st.sampled_from(["shop", "store"])
foreign_marks = st.sampled_from([None, "payroll", "", "Shop"])
lives = st.builds(
    lambda desired, pause, project: LiveSchedule(
        name=desired.name, project=project, canonical=desired.canonical, paused=pause.paused, note=pause.note
    ),
    few_schedules,
    pauses | retired_pauses,
    owned_marks | foreign_marks,
)
desired_jobs = st.builds(
    lambda desired, completed: replace(
        desired, find_source=lambda: Source(file="a.yaml", line=1), is_completed=completed
    ),
    few_schedules,
    st.booleans(),
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[dict[str, Desired], dict[str, LiveSchedule]]:
    desired = draw(st.dictionaries(st.sampled_from(NAMES), desired_jobs))
    desired = {name: replace(job, name=name) for name, job in desired.items()}
    live = draw(st.dictionaries(st.sampled_from(NAMES), lives))
    if draw(st.booleans()):  # Otherwise two drawn schedules are hardly ever equal.
        live = {
            name: replace(one, canonical=desired[name].canonical) if name in desired else one
            for name, one in live.items()
        }
    return desired, live


def plan_for(
    desired: Mapping[str, Desired],
    live: Mapping[str, LiveSchedule],
    *,
    can_prune: bool = True,
    grace: timedelta = GRACE,
) -> Plan:
    terms = Terms(project="shop", owners=frozenset({"shop", "store"}), now=NOW, grace=grace, can_prune=can_prune)
    return plan(DesiredState(jobs=desired), live, terms).plan


def carry_out(live: Mapping[str, LiveSchedule], change: Change) -> dict[str, LiveSchedule]:
    rest = {name: one for name, one in live.items() if name != change.name}
    if change.action is Action.DELETE:
        return rest
    assert change.after is not None
    before = live.get(change.name)
    project = before.project if before else "shop"
    after = LiveSchedule(
        name=change.name, project=project, canonical=change.after, paused=change.pause.paused, note=change.pause.note
    )
    return {**rest, change.name: after}


@given(situations(), st.booleans(), st.sampled_from([GRACE, timedelta(0)]))
def test_what_was_applied_plans_empty(
    situation: tuple[dict[str, Desired], dict[str, LiveSchedule]],
    can_prune: bool,  # noqa: FBT001  drawn
    grace: timedelta,
) -> None:
    desired, live = situation
    first = plan_for(desired, live, can_prune=can_prune, grace=grace)
    for change in first.changes:
        live = carry_out(live, change)
    second = plan_for(desired, live, can_prune=can_prune, grace=grace)
    assert second.changes == ()
    assert second.held == first.held


@given(situations())
def test_what_is_foreign_never_changes(situation: tuple[dict[str, Desired], dict[str, LiveSchedule]]) -> None:
    desired, live = situation
    made = plan_for(desired, live)
    foreign = {name for name, one in live.items() if one.project not in ("shop", "store")}
    assert not foreign & {change.name for change in made.changes}
    assert foreign & desired.keys() == {held.name for held in made.held}
    assert all(held.reason is HeldReason.FOREIGN for held in made.held)


@given(situations())
def test_nothing_leaves_while_specs_cannot_be_read(
    situation: tuple[dict[str, Desired], dict[str, LiveSchedule]],
) -> None:
    made = plan_for(*situation, can_prune=False)
    assert not {change.action for change in made.changes} & {Action.RETIRE, Action.DELETE}


@given(situations())
def test_a_change_of_a_wanted_job_says_what_it_changes(
    situation: tuple[dict[str, Desired], dict[str, LiveSchedule]],
) -> None:
    for change in plan_for(*situation).changes:
        assert (change.action is not Action.UPDATE) or change.fields


@given(situations())
def test_everything_is_decided_once(situation: tuple[dict[str, Desired], dict[str, LiveSchedule]]) -> None:
    desired, live = situation
    made = plan_for(desired, live)
    named = [change.name for change in made.changes] + [held.name for held in made.held]
    named += [*made.completed, *made.retired]
    assert len(set(named)) == len(named)
    ours = {name for name, one in live.items() if one.project in ("shop", "store")}
    assert len(named) + made.unchanged == len(desired.keys() | ours)
