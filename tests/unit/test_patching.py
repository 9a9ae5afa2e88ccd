from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, strategies as st
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.schedule.v1 import ScheduleActionResult

from jobspec.errors import UsageError
from jobspec.live.patching import LONGEST_NOTE, check_note, make_window
from jobspec.live.recent_runs import list_recent_runs
from jobspec.live.run_reading import read_status, read_time
from jobspec.results import Status

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


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, Status.TIMED_OUT),
        (WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED, Status.UNKNOWN),
        (4711, Status.UNKNOWN),
    ],
)
def test_every_number_has_a_word(number: int, status: Status) -> None:
    assert read_status(cast("WorkflowExecutionStatus.ValueType", number)) is status


def test_every_state_of_the_server_is_known() -> None:
    named = {number: read_status(number) for number in WorkflowExecutionStatus.values() if number}
    assert Status.UNKNOWN not in named.values()
    assert len(set(named.values())) == len(named)


def test_a_time_in_the_year_1_is_none() -> None:
    stamp = Timestamp()
    assert read_time(stamp) is None
    stamp.FromJsonString("0001-01-01T00:00:00Z")
    assert read_time(stamp) is None
    stamp.FromDatetime(EPOCH)
    assert read_time(stamp) == EPOCH


def test_runs_are_put_in_order_and_what_started_nothing_is_left_out() -> None:
    def action(workflow_id: str, seconds: int) -> ScheduleActionResult:
        made = ScheduleActionResult()
        made.schedule_time.FromDatetime(EPOCH + timedelta(seconds=seconds))
        made.actual_time.FromDatetime(EPOCH + timedelta(seconds=seconds))
        made.start_workflow_result.workflow_id = workflow_id
        return made

    listed = list_recent_runs([action("c", 3), action("a", 1), action("", 4), action("b", 2)])
    assert [(run.workflow_id, run.status) for run in listed] == [("a", None), ("b", None), ("c", None)]
