from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import WorkflowExecutionStatus

from jobspec.results import Status
from jobspec.temporal.runs.run_descriptions import read_status, read_time

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


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
