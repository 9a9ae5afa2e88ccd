"""How many schedules are verified when."""

from __future__ import annotations

from itertools import pairwise

import pytest

from jobspec.reconcile.sweep import Sweep


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
