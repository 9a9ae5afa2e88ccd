"""Local activities, which leave nothing in a history but a marker once they are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from jobspec.results import ActivityStatus
from jobspec.temporal.plain_json import json_value

if TYPE_CHECKING:
    from typing import Self

    from temporalio.api.history.v1 import MarkerRecordedEventAttributes

LOCAL_ACTIVITY: Final = "core_local_activity"
"""Name of the markers in which workers that rest on Temporal's core (Python, TypeScript, .NET, Ruby) tell of local
activities (sdk-core, `LOCAL_ACTIVITY_MARKER_NAME`); Go's and Java's are their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalMarker:
    """What the core tells in the marker of a local activity (sdk-core, `LocalActivityMarkerData`).

    Attributes:
        is_waiting: Whether its next attempt comes only after a timer, and will be recorded by another marker.
        scheduled_at: When its first attempt was scheduled.
    """

    activity_id: str
    activity_type: str
    attempt: int
    is_waiting: bool
    scheduled_at: datetime | None

    @property
    def key(self) -> tuple[str, datetime | None]:
        """What all attempts have in common."""
        return self.activity_type, self.scheduled_at

    @classmethod
    def read(cls, marker: MarkerRecordedEventAttributes) -> Self:
        """Read a marker; what it lacks is empty. The core writes it past the codec."""
        payloads = marker.details["data"].payloads if "data" in marker.details else ()
        value = json_value(payloads[0]) if payloads else None
        told = value if isinstance(value, dict) else {}
        attempt = told.get("attempt")
        return cls(
            activity_id=str(told.get("activity_id", "")),
            activity_type=str(told.get("activity_type", "")),
            attempt=attempt if isinstance(attempt, int) else 1,
            is_waiting=bool(told.get("backoff")),
            scheduled_at=_read_json_time(told.get("original_schedule_time")),
        )


def _read_json_time(value: Any) -> datetime | None:
    seconds = value.get("seconds") if isinstance(value, dict) else None
    if not isinstance(seconds, int):
        return None
    return datetime.fromtimestamp(seconds, tz=UTC) + timedelta(microseconds=value.get("nanos", 0) // 1000)


def local_status(marker: MarkerRecordedEventAttributes) -> ActivityStatus:
    """Say how a local activity ended."""
    if not marker.HasField("failure"):
        return ActivityStatus.COMPLETED
    match marker.failure.WhichOneof("failure_info"):
        case "canceled_failure_info":
            return ActivityStatus.CANCELED
        case "timeout_failure_info":
            return ActivityStatus.TIMED_OUT
    return ActivityStatus.FAILED
