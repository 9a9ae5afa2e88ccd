"""What a change does to the run times; `tests/golden/effects` has the common cases, word for word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.planning.desired import make_desired
from jobspec.planning.effects import Effects, NoteKind, make_timetable, work_out_effects, work_out_plan
from jobspec.planning.pauses import Pause
from jobspec.planning.plan import Action, Change, Plan, Reason
from jobspec.spec.model import JobSpec

if TYPE_CHECKING:
    from jobspec.temporal.schedules.canonical import CanonicalSchedule

NOW = datetime(2026, 11, 25, 0, 20, tzinfo=UTC)
RUNNING, PAUSED = Pause(paused=False), Pause(paused=True)


def make(**schedule: Any) -> CanonicalSchedule:
    job = {"name": "job", "queue": "q", "workflow": {"type": "W"}, "schedule": schedule or {"interval": "1h"}}
    return make_desired(JobSpec.model_validate(job), pydantic_data_converter.payload_converter).canonical


def change(
    before: CanonicalSchedule | None, after: CanonicalSchedule | None, action: Action = Action.UPDATE, **rest: Any
) -> Change:
    was = None if before is None else RUNNING
    return Change(name="job", action=action, reason=Reason.CHANGED, before=before, after=after, **{"was": was, **rest})


def work_out(before: CanonicalSchedule | None, after: CanonicalSchedule | None, **rest: Any) -> Effects:
    effects = work_out_effects(change(before, after, **rest), NOW)
    assert effects is not None
    return effects


def kinds(before: CanonicalSchedule | None, after: CanonicalSchedule | None, **rest: Any) -> list[NoteKind]:
    return [note.kind for note in work_out(before, after, **rest).notes]


def test_a_timetable_is_that_of_the_spec() -> None:
    schedule = {
        "cron": ["0 9 * * MON", "30 1 1 * *"],
        "skip": ["2026-12-25"],
        "timezone": "Europe/Berlin",
        "start_at": "2027-01-01T00:00:00Z",
        "end_at": "2028-01-01T00:00:00.5Z",
    }
    spec = JobSpec.model_validate({"name": "job", "queue": "q", "workflow": {"type": "W"}, "schedule": schedule})
    assert spec.schedule is not None
    made, meant = make_timetable(make(**schedule)), spec.schedule.timetable
    assert {calendar.values for calendar in made.calendars} == {calendar.values for calendar in meant.calendars}
    assert replace(made, calendars=(), skip=()) == replace(meant, calendars=(), skip=())
    assert [calendar.values for calendar in made.skip] == [calendar.values for calendar in meant.skip]


def test_both_sides_are_told() -> None:
    effects = work_out(make(interval="1h"), make(cron="0 2 * * *", jitter="30s"), pause=PAUSED)
    assert effects.before is not None
    assert effects.after is not None
    assert [f"{run:%d %H:%M}" for run in effects.before.next_runs] == ["25 01:00", "25 02:00", "25 03:00"]
    assert [f"{run:%d %H:%M}" for run in effects.after.next_runs] == ["25 02:00", "26 02:00", "27 02:00"]
    assert (effects.before.runs_per_day, effects.after.runs_per_day) == (24, 1)
    assert (effects.after.jitter, effects.after.paused) == (timedelta(seconds=30), True)


def test_what_goes_has_no_runs_after() -> None:
    for action, after in ((Action.RETIRE, make()), (Action.DELETE, None)):
        effects = work_out(make(), after, action=action)
        assert effects.before is not None
        assert effects.after is None


def test_an_adoption_does_nothing_to_the_run_times() -> None:
    adoption = change(make(), make(), Action.ADOPT)
    assert work_out_effects(adoption, NOW) is None
    plan = Plan(project="shop", namespace="default", changes=(adoption, replace(adoption, action=Action.UPDATE)))
    assert list(work_out_plan(plan, NOW)) == ["job"]


def test_a_time_zone_that_is_not_known_here_is_said() -> None:
    strange = replace(make(cron="0 1 * * *"), timezone="Local")
    effects = work_out(strange, make(cron="0 1 * * *"))
    assert effects.before is None
    assert effects.after is not None
    [note] = effects.notes
    assert note.kind is NoteKind.UNKNOWN_TIMEZONE
    assert "`Local`" in note.message
    assert work_out_effects(change(strange, None, Action.DELETE), NOW) is None


@pytest.mark.parametrize(
    ("before", "after", "recent", "expected"),
    [
        ("15 1 * * *", "15 2 * * *", "2026-11-25T01:15:00", [NoteKind.RUNS_AGAIN]),
        ("15 1 * * *", "15 2 * * *", "2026-11-24T01:15:00", []),  # today's run did not take place
        ("15 1 * * *", "15 2 * * *", "2026-11-25T01:18:31", []),  # was started by hand
        ("15 1 * * *", "15 1,2 * * *", "2026-11-25T01:15:00", []),
        ("15 2 * * *", "15 1 * * *", "2026-11-24T02:15:00", [NoteKind.RUNS_LATE]),
        ("0 9 * * MON-FRI", "0 9 * * *", "2026-11-24T09:00:00", []),
        ("0 9 * * WED", "0 9 * * TUE", "2026-11-18T09:00:00", [NoteKind.RUNS_LATE]),
        ("10,40 * * * *", "25,55 * * * *", "2026-11-25T01:10:00", []),  # too often to matter
        ("5 * * * *", "0 2 * * *", "2026-11-25T01:05:00", []),
    ],
)
def test_a_run_that_comes_again_or_late_is_said(before: str, after: str, recent: str, expected: list[NoteKind]) -> None:
    started = datetime.fromisoformat(recent).replace(tzinfo=UTC)
    now = datetime(2026, 11, 25, 1, 20, tzinfo=UTC)
    made = change(make(cron=before), make(cron=after), recent_runs=(started,))
    effects = work_out_effects(made, now)
    assert effects is not None
    assert [note.kind for note in effects.notes if note.kind is not NoteKind.SOON] == expected


def test_a_jitter_delays_the_run_that_was() -> None:
    started = datetime(2026, 11, 25, 0, 15, 17, 500_000, tzinfo=UTC)
    before, after = make(cron="15 0 * * *", jitter="30s"), make(cron="15 1 * * *")
    assert work_out(before, after, recent_runs=(started,)).notes[0].message == (
        "already ran at 00:15 today, will run again at 01:15"
    )
    assert kinds(before, after, recent_runs=(started + timedelta(minutes=1),)) == []


def test_nothing_comes_again_where_it_was_or_will_be_paused() -> None:
    before, after = make(cron="15 0 * * *"), make(cron="15 1 * * *")
    recent = (datetime(2026, 11, 25, 0, 15, tzinfo=UTC),)
    assert kinds(before, after, recent_runs=recent) == [NoteKind.RUNS_AGAIN]
    assert kinds(before, after, recent_runs=recent, was=PAUSED) == []
    assert kinds(before, after, recent_runs=recent, pause=PAUSED) == []


def test_a_rare_run_that_comes_soon_is_said() -> None:
    soon = make(cron="24 0 * * *")
    assert [note.message for note in work_out(None, soon, action=Action.CREATE).notes] == ["next run in 4 minutes"]
    assert kinds(None, soon, action=Action.CREATE, pause=PAUSED) == []
    assert kinds(None, make(cron="40 0 * * *"), action=Action.CREATE) == []
    assert kinds(None, make(interval="5m"), action=Action.CREATE) == []


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ({"cron": "0 0 30 2 *"}, "never fires: no time from now on matches"),
        (
            {"interval": "1h", "end_at": "2026-11-24T12:00:00Z"},
            "never fires: its end, Tue 2026-11-24 12:00 UTC, is past",
        ),
    ],
)
def test_what_never_fires_is_said(schedule: dict[str, Any], message: str) -> None:
    effects = work_out(make(), make(**schedule))
    assert [note.message for note in effects.notes] == [message]
    assert effects.after is not None
    assert effects.after.next_runs == ()


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ({"interval": "1h"}, None),
        ({"interval": "1h", "overlap": "buffer_one"}, None),
        ({"interval": "1h", "overlap": "terminate_other"}, None),
        ({"interval": "1h", "overlap": "buffer_all", "catchup_window": "6h"}, "7 runs one after the other"),
        ({"interval": "1h", "overlap": "allow_all", "catchup_window": "6h"}, "7 runs at once"),
        ({"interval": "1h", "overlap": "allow_all", "catchup_window": "59m"}, None),
        ({"interval": "1h", "overlap": "allow_all"}, "1,000 runs at once"),
        ({"cron": "0 0 1 1 *", "overlap": "allow_all"}, "2 runs at once"),
    ],
)
def test_what_an_outage_could_pile_up_is_said(schedule: dict[str, Any], told: str | None) -> None:
    notes = work_out(None, make(**schedule), action=Action.CREATE).notes
    assert [note.message for note in notes if note.kind is NoteKind.CATCH_UP] == (
        [f"after an outage of Temporal, catch-up could start up to {told}"] if told else []
    )


def test_only_a_change_that_concerns_catching_up_tells_of_it() -> None:
    piling = make(interval="1h", overlap="allow_all")
    assert kinds(piling, replace(piling, queue="other")) == []
    assert kinds(make(interval="1h"), piling) == [NoteKind.CATCH_UP]
    assert kinds(replace(piling, catchup_window=10**10), piling) == [NoteKind.CATCH_UP]
    assert kinds(make(interval="2h", overlap="allow_all"), piling) == [NoteKind.CATCH_UP]
