"""Which jobs wait because others keep changing them back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reports import CHANGE, NOW

from jobspec.planning.pauses import Pause, retire
from jobspec.planning.plan import Action, Change
from jobspec.reconcile.contention import Contention
from jobspec.reconcile.settings import DaemonSettings


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
