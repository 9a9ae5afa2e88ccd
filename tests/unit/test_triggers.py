"""When the next cycle of the daemon is due."""

from __future__ import annotations

from datetime import timedelta

import pytest
from reports import CHANGE, make_report

from jobspec.errors import RequestError, UnreachableError
from jobspec.planning.apply import Outcome, WriteStatus
from jobspec.reconcile.report import Cause, Report, Result, Trigger, Withheld
from jobspec.reconcile.settings import DaemonSettings, Delays
from jobspec.reconcile.triggers import Debounce, Triggers, Wake

DELAYS = Delays(quiet=1, patience=5, confirm=2, first_retry=1, longest_retry=60)
SETTINGS = DaemonSettings(interval=timedelta(seconds=100), delays=DELAYS)


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
