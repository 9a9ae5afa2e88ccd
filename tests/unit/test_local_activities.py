from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import ApplicationFailureInfo, CanceledFailureInfo, Failure, TimeoutFailureInfo
from temporalio.api.history.v1 import MarkerRecordedEventAttributes

from jobspec.results import ActivityStatus
from jobspec.temporal.runs.local_activities import LocalMarker, local_status


def marker(data: Any) -> MarkerRecordedEventAttributes:
    payload = Payload(data=data if isinstance(data, bytes) else json.dumps(data).encode())
    return MarkerRecordedEventAttributes(details={"data": Payloads(payloads=[payload])})


def test_a_marker_is_read() -> None:
    told = {
        "activity_id": "1",
        "activity_type": "double",
        "attempt": 3,
        "backoff": {"seconds": 5},
        "original_schedule_time": {"seconds": 1_767_225_600, "nanos": 500_000_000},
    }
    assert LocalMarker.read(marker(told)) == LocalMarker(
        activity_id="1",
        activity_type="double",
        attempt=3,
        is_waiting=True,
        scheduled_at=datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "data", [b"", b"{", [], {"attempt": "many", "original_schedule_time": 5}, {"original_schedule_time": {}}]
)
def test_a_marker_of_another_shape_is_empty(data: Any) -> None:
    empty = LocalMarker(activity_id="", activity_type="", attempt=1, is_waiting=False, scheduled_at=None)
    assert LocalMarker.read(marker(data)) == empty
    assert LocalMarker.read(MarkerRecordedEventAttributes()) == empty


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (None, ActivityStatus.COMPLETED),
        (Failure(application_failure_info=ApplicationFailureInfo()), ActivityStatus.FAILED),
        (Failure(), ActivityStatus.FAILED),
        (Failure(canceled_failure_info=CanceledFailureInfo()), ActivityStatus.CANCELED),
        (Failure(timeout_failure_info=TimeoutFailureInfo()), ActivityStatus.TIMED_OUT),
    ],
)
def test_the_failure_tells_how_it_ended(failure: Failure | None, status: ActivityStatus) -> None:
    assert local_status(MarkerRecordedEventAttributes(failure=failure)) is status
