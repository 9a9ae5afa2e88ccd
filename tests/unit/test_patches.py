from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from jobspec.errors import UsageError
from jobspec.temporal.schedules.patches import LONGEST_NOTE, check_note, make_window

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize("note", ["x", "x" * LONGEST_NOTE, "é" * (LONGEST_NOTE // 2)])
def test_a_note_that_the_server_takes_passes(note: str) -> None:
    check_note(note)


@pytest.mark.parametrize(
    ("note", "said"),
    [("", "give one"), ("x" * (LONGEST_NOTE + 1), "1001 bytes"), ("é" * 501, "1002 bytes"), ("\ud800", "Unicode")],
)
def test_a_note_that_the_server_refuses_is_refused_before(note: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_note(note)


@given(
    gaps=st.lists(st.integers(1, 5000), min_size=3, max_size=8),
    bounds=st.tuples(st.integers(0, 7), st.integers(0, 7)),
    jitter=st.integers(0, 10_000_000),
    spread=st.integers(0, 2**32 - 1),
    is_last=st.booleans(),
)
def test_a_window_holds_exactly_its_times_however_the_server_delays_them(
    gaps: list[int], bounds: tuple[int, int], jitter: int, spread: int, *, is_last: bool
) -> None:
    seconds = [sum(gaps[:number]) for number in range(len(gaps))]
    times = [EPOCH + timedelta(seconds=second) for second in seconds]
    first, last = sorted(min(bound, len(times) - 1) for bound in bounds)
    if is_last:
        times = times[: last + 1]
    following = times[last + 1] if last + 1 < len(times) else None
    start, end = make_window(times[first : last + 1], following=following, jitter=jitter * 1_000_000)

    def delay(number: int) -> timedelta:
        """Delay a time as service/worker/scheduler/spec.go does."""
        room = times[number + 1] - times[number] if number + 1 < len(times) else timedelta(days=99)
        most = min(timedelta(milliseconds=jitter), room) // MILLISECOND
        return (spread * most >> 32) * MILLISECOND

    after = (start - MILLISECOND).replace(microsecond=0)
    run = [when for number, when in enumerate(times) if when > after and when + delay(number) <= end]
    assert run == times[first : last + 1]
