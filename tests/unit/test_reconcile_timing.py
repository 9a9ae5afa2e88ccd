"""When the daemon does what: debouncing, the triggers, the sweep, and whom it waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from jobspec.errors import RequestError, UnreachableError
from jobspec.planning.apply import Outcome, WriteStatus
from jobspec.planning.pauses import Pause, retire
from jobspec.planning.plan import Action, Change, Reason
from jobspec.reconcile.contention import Contention
from jobspec.reconcile.health import STUCK_SECONDS, WATCH_SECONDS, Health
from jobspec.reconcile.report import Cause, Report, Result, Trigger, Withheld
from jobspec.reconcile.settings import DaemonSettings, Delays
from jobspec.reconcile.sweep import Sweep
from jobspec.reconcile.triggers import Debounce, Triggers, Wake

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DELAYS = Delays(quiet=1, patience=5, confirm=2, first_retry=1, longest_retry=60)
SETTINGS = DaemonSettings(interval=timedelta(seconds=100), delays=DELAYS)
CHANGE = Change(name="a", action=Action.UPDATE, reason=Reason.DRIFT)


# Debouncing


def test_changes_are_due_when_it_has_been_quiet() -> None:
    debounce = Debounce(quiet=1, patience=5)
    due = [debounce.due_at]
    debounce.note(10)
    debounce.note(10.5)
    due.append(debounce.due_at)
    debounce.clear()
    due.append(debounce.due_at)
    assert due == [None, 11.5, None]


def test_who_writes_all_the_time_keeps_nothing_from_being_read() -> None:
    debounce = Debounce(quiet=1, patience=5)
    for tenth in range(100):
        debounce.note(10 + tenth / 10)
    assert debounce.due_at == 15


# The triggers


def make_report(result: Result = Result.CONVERGED, **parts: Any) -> Report:
    planned: Any = object() if result in (Result.CONVERGED, Result.PENDING) else None
    return Report(trigger=Trigger.START, started_at=NOW, result=result, **{"planned": planned, **parts})


def make_triggers(report: Report | None = None, *, is_full: bool = True) -> Triggers:
    triggers = Triggers(settings=SETTINGS, debounce=Debounce(quiet=DELAYS.quiet, patience=DELAYS.patience))
    triggers.begin()
    triggers.complete(report or make_report(), 1000.0, is_full=is_full)
    return triggers


def test_the_next_full_cycle_comes_after_the_interval_more_or_less() -> None:
    moments = {make_triggers().find_next() for _ in range(50)}

    assert len(moments) > 1
    assert all(1090 <= moment <= 1110 for moment in moments)
    assert make_triggers().find_due(1089.9) is None
    assert make_triggers().find_due(1110.1) == Wake(trigger=Trigger.INTERVAL, is_full=True)


def test_changed_files_make_a_cycle_that_does_not_list() -> None:
    triggers = make_triggers()
    triggers.debounce.note(1001.0)

    assert triggers.find_due(1001.9) is None
    assert triggers.find_next() == 1002.0
    assert triggers.find_due(1002.0) == Wake(trigger=Trigger.FILES, is_full=False)


def test_constant_writing_does_not_put_off_the_full_cycle() -> None:
    triggers = make_triggers()
    triggers.debounce.note(1110.0)
    assert triggers.find_due(1112.0) == Wake(trigger=Trigger.INTERVAL, is_full=True)


def test_a_signal_makes_a_full_cycle_at_once_even_while_temporal_is_away() -> None:
    for report in (make_report(), make_report(Result.UNREACHABLE, error=UnreachableError("gone"))):
        triggers = make_triggers(report)
        triggers.is_signalled = True
        assert triggers.find_due(1000.0) == Wake(trigger=Trigger.SIGNAL, is_full=True)


def test_a_second_look_at_the_files_comes_soon() -> None:
    triggers = make_triggers(make_report(Result.PENDING, unconfirmed=True))
    assert triggers.find_due(1001.9) is None
    assert triggers.find_due(1002.0) == Wake(trigger=Trigger.CONFIRMATION, is_full=False)


def test_drift_that_the_sweep_found_makes_a_cycle() -> None:
    triggers = make_triggers()
    triggers.has_drift = True
    assert triggers.find_due(1000.0) == Wake(trigger=Trigger.DRIFT, is_full=False)


def test_while_temporal_is_away_waits_grow_and_files_do_not_shorten_them() -> None:
    away = make_report(Result.UNREACHABLE, error=UnreachableError("gone"))
    triggers, waits = make_triggers(away), []
    for _ in range(12):
        waits.append(triggers.find_next() - 1000.0)
        triggers.debounce.note(900.0)
        assert triggers.find_due(triggers.find_next() - 0.01) is None
        assert triggers.find_due(triggers.find_next()) == Wake(trigger=Trigger.RETRY, is_full=True)
        triggers.begin()
        triggers.complete(away, 1000.0, is_full=True)

    assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits[:6]))
    assert all(30 <= wait <= 60 for wait in waits[6:])

    triggers.begin()
    triggers.complete(make_report(), 1000.0, is_full=True)
    triggers.begin()
    triggers.complete(away, 1000.0, is_full=True)
    assert triggers.find_next() - 1000.0 <= 1


def test_a_full_cycle_that_could_decide_nothing_is_made_up_for() -> None:
    triggers = make_triggers(make_report(Result.FAILED, error=RequestError("no")))
    assert triggers.find_due(1001.0) == Wake(trigger=Trigger.RETRY, is_full=True)
    triggers.debounce.note(1000.0)
    assert triggers.find_due(1001.0) == Wake(trigger=Trigger.FILES, is_full=True)


@pytest.mark.parametrize("status", [WriteStatus.FAILED, WriteStatus.CONFLICT, WriteStatus.SKIPPED])
def test_a_change_that_was_not_made_is_tried_again(status: WriteStatus) -> None:
    triggers = make_triggers(make_report(Result.PENDING, outcomes=(Outcome(change=CHANGE, status=status),)))
    assert triggers.find_due(1001.0) == Wake(trigger=Trigger.RETRY, is_full=False)
    assert make_triggers().find_due(1001.0) is None


def test_a_contended_job_has_its_turn_when_its_wait_is_over() -> None:
    withheld = Withheld(change=CHANGE, cause=Cause.CONTENDED, message="", until=1030.0)
    triggers = make_triggers(make_report(Result.PENDING, withheld={"a": withheld}))
    assert triggers.find_due(1029.0) is None
    assert triggers.find_due(1030.0) == Wake(trigger=Trigger.RETRY, is_full=False)


# The sweep


@pytest.mark.parametrize("count", [1, 7, 1335, 20_000])
def test_every_schedule_has_its_turn_within_the_period_at_an_even_rate(count: int) -> None:
    sweep, now, turns = Sweep(period=3600.0, at=0.0), 0.0, []
    while now < 2 * 3600:
        now = sweep.find_next(count, now)
        turns.append((now, sweep.take(count, now)))

    for start in (0, 600, 3600):
        in_period = sum(taken for at, taken in turns if start < at <= start + 3600)
        assert count - 1 <= in_period * 0.9 <= count + 1
    assert max(taken for _, taken in turns) <= count / 3240 + 1
    assert all(later - earlier >= 0.99 for (earlier, _), (later, _) in pairwise(turns))


@pytest.mark.parametrize("count", [1, 3, 200])
def test_none_is_older_than_the_period_though_turns_are_late_and_cycles_take_time(count: int) -> None:
    sweep, now, oldest = Sweep(period=60.0, at=0.0), 0.0, 0.0
    verified = dict.fromkeys(range(count), 0.0)
    while now < 600:
        now = sweep.find_next(count, now) + (3.0 if int(now) % 50 == 0 else 0.3)
        oldest = max(oldest, now - min(verified.values()))
        for each in sorted(verified, key=verified.__getitem__)[: sweep.take(count, now)]:
            verified[each] = now
    assert 50 < oldest < 60


def test_an_outage_makes_no_burst() -> None:
    sweep = Sweep(period=3600.0, at=0.0)
    assert sweep.take(3240, 1800.0) == 60
    assert sweep.take(3240, 1801.0) == 1


def test_nothing_to_verify_takes_no_turns() -> None:
    sweep = Sweep(period=3600.0, at=0.0)
    assert sweep.find_next(0, 10.0) > 3600
    assert sweep.take(0, 10.0) == 0


# Contention


def make_contention() -> Contention:
    return Contention(window=1000.0, first_wait=60.0, longest_wait=300.0)


def fight(contention: Contention, change: Change, rounds: int, start: float = 0.0) -> list[float]:
    """Write a change whenever that is allowed while somebody reverts it each time; tell how long each wait was."""
    now, waits = start, []
    for _ in range(rounds):
        contended = contention.judge(change, now)
        waits.append(contended.until - now if contended else 0.0)
        now = contended.until if contended else now
        contention.note(change, now)
    return waits


def test_a_change_that_is_reverted_time_and_again_waits_longer_each_time() -> None:
    assert fight(make_contention(), CHANGE, 8) == [0, 0, 60, 120, 240, 300, 300, 300]


def test_looking_often_makes_waits_no_shorter() -> None:
    settings = DaemonSettings(interval=timedelta(seconds=10), sweep=timedelta(seconds=10))
    pauses = settings.delays
    contention = Contention(window=settings.window, first_wait=pauses.contended, longest_wait=pauses.longest_contended)
    assert fight(contention, CHANGE, 8) == [0, 0, 300, 600, 1200, 2400, 3600, 3600]
    assert DaemonSettings().window == 3 * 3600


def test_another_change_of_the_same_job_is_not_held_back() -> None:
    contention = make_contention()
    fight(contention, CHANGE, 5)
    assert contention.judge(replace(CHANGE, pause=Pause(paused=True, note="x")), 0.0) is None
    assert contention.judge(replace(CHANGE, name="b"), 0.0) is None


def test_a_change_that_has_held_for_the_window_begins_anew() -> None:
    contention = make_contention()
    fight(contention, CHANGE, 3)
    assert contention.judge(CHANGE, 1059.0) is not None
    contention.tidy(1061.0)
    assert fight(contention, CHANGE, 3, start=1061.0) == [0, 0, 60]


def test_retirements_at_other_times_are_the_same_change() -> None:
    contention, running = make_contention(), Pause(paused=False)
    for minute in range(2):
        pause = retire(running, now=NOW + timedelta(minutes=minute), grace=timedelta(days=1))
        contention.note(replace(CHANGE, action=Action.RETIRE, was=running, pause=pause), float(minute))
    pause = retire(running, now=NOW + timedelta(minutes=5), grace=timedelta(days=1))
    contended = contention.judge(replace(CHANGE, action=Action.RETIRE, was=running, pause=pause), 5.0)
    assert contended is not None
    assert contended.reverted == 2


# Health


class Clock:
    now = 1000.0
    answered = watched = 1000.0

    def health(self) -> Health:
        return Health(
            interval=timedelta(seconds=100),
            answered_at=lambda: self.answered,
            watch_alive_at=lambda: self.watched,
            clock=lambda: self.now,
        )


def test_a_daemon_without_a_cycle_is_alive_and_not_ready() -> None:
    health = Clock().health()
    assert (health.find_death(), health.find_unreadiness()) == ("", "the first cycle has not come to an end yet")


@pytest.mark.parametrize("result", [Result.CONVERGED, Result.PENDING])
def test_a_daemon_whose_cycles_end_is_ready(result: Result) -> None:
    health = Clock().health()
    health.complete(make_report(result))
    assert (health.find_death(), health.find_unreadiness()) == ("", "")


@pytest.mark.parametrize("result", [Result.FAILED, Result.UNREACHABLE])
def test_a_server_that_is_gone_makes_a_daemon_unready_but_is_no_reason_to_restart_it(result: Result) -> None:
    clock = Clock()
    health = clock.health()
    for _ in range(10):
        clock.now = clock.watched = clock.now + 60
        health.complete(make_report(result, error=UnreachableError("nobody there")))
    assert health.find_death() == ""
    assert "nobody there" in health.find_unreadiness()


def test_a_daemon_in_which_nothing_moves_is_dead() -> None:
    clock = Clock()
    health = clock.health()
    health.begin()
    clock.now = clock.watched = 1000 + STUCK_SECONDS + 1
    assert health.find_death() == health.find_unreadiness() == "nothing has moved for 301 s"

    clock.answered = clock.now  # a long cycle to which Temporal still answers
    assert health.find_death() == ""


def test_a_daemon_that_waits_and_waits_is_dead() -> None:
    clock = Clock()
    health = clock.health()
    health.complete(make_report())
    for _ in range(10):
        clock.now = clock.watched = clock.now + 60
        health.beat()
        assert health.find_death() == ""
    clock.now = clock.watched = clock.now + 1
    health.beat()
    assert health.find_death() == "no cycle has come to an end for 601 s"


def test_a_dead_watch_makes_the_daemon_dead() -> None:
    clock = Clock()
    health = clock.health()
    clock.now += WATCH_SECONDS + 1
    health.complete(make_report())
    assert "the watch of the files" in health.find_death()
