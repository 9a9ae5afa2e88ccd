"""What probes are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from reports import make_report

from jobspec.errors import UnreachableError
from jobspec.reconcile.health import STUCK_SECONDS, WATCH_SECONDS, Health
from jobspec.reconcile.report import Result


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
