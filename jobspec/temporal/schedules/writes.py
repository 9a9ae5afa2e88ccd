"""What a write sends, and what an answer to it means; pure, the sending is in `jobspec.temporal.schedules.gateway`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from temporalio.api.workflowservice.v1 import CreateScheduleRequest, DeleteScheduleRequest, UpdateScheduleRequest

from jobspec.temporal.ownership import attribute_with, memo_with
from jobspec.temporal.schedules.messages import differing_fields, overlay

if TYPE_CHECKING:
    from temporalio.api.schedule.v1 import Schedule
    from temporalio.client import Client

    from jobspec.temporal.schedules.canonical import CanonicalSchedule
    from jobspec.temporal.schedules.live_schedule import LiveSchedule


class Body(Protocol):
    """The part of a schedule that belongs to the file: spec, action and policies."""

    @property
    def canonical(self) -> CanonicalSchedule:
        """For comparing."""

    @property
    def message(self) -> Schedule:
        """For writing; payloads have not been through the codec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a schedule shall look like after an update."""

    canonical: CanonicalSchedule
    paused: bool
    note: str
    project: str | None

    def has_body(self, live: LiveSchedule) -> bool:
        """Whether a schedule is as asked for, its mark aside."""
        return (live.canonical, live.paused, live.note) == (self.canonical, self.paused, self.note)

    def is_met_by(self, live: LiveSchedule) -> bool:
        """Whether a schedule is as asked for."""
        return self.has_body(live) and live.project == self.project


class ReadBack(Enum):
    """What reading back says about an update that was answered OK."""

    DONE = auto()
    WAITING = auto()
    UNSEEN = auto()
    DROPPED = auto()


def judge(before: LiveSchedule, now: LiveSchedule | None, target: Goal) -> ReadBack:
    """Tell an update that shows from one that is not processed yet and from one that was dropped.

    The workflow-backed scheduler takes an update as a signal and looks at the token later: as long as the token is the
    one that was sent, the update waits; once it has moved, either the body is ours or somebody else was first. The
    search attributes follow a moment later (`UNSEEN`).

    Args:
        before: What the update rests on.
        now: What is there now; None where the schedule is gone.
        target: What the update asked for.
    """
    if now is not None and target.is_met_by(now):
        return ReadBack.DONE
    if now is not None and now.conflict_token == before.conflict_token:
        return ReadBack.WAITING
    return ReadBack.UNSEEN if now is not None and target.has_body(now) else ReadBack.DROPPED


def make_create_request(
    client: Client, name: str, encoded: Schedule, *, project: str, with_attribute: bool
) -> CreateScheduleRequest:
    """Make the request that creates a schedule with the project's mark.

    Its id is new each time: one that was used before a delete makes the server answer OK and create nothing.
    """
    return CreateScheduleRequest(
        namespace=client.namespace,
        schedule_id=name,
        schedule=encoded,
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        memo=memo_with(project, {}),
        search_attributes=attribute_with(project, {}) if with_attribute else None,
    )


def make_update_request(
    client: Client, live: LiveSchedule, encoded: Schedule, target: Goal, *, with_attribute: bool
) -> UpdateScheduleRequest:
    """Make the request that updates a schedule, unless it changed since it was described.

    An update replaces everything, so all that does not differ is carried over; mark and memo go along only where the
    mark changes.
    """
    merged = overlay(live.message, encoded, fields=differing_fields(live.canonical, target.canonical))
    merged.state.paused = target.paused
    merged.state.notes = target.note
    changes_mark = target.project != live.project
    return UpdateScheduleRequest(
        namespace=client.namespace,
        schedule_id=live.name,
        schedule=merged,
        conflict_token=live.conflict_token,
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        search_attributes=(
            attribute_with(target.project, live.search_attributes) if changes_mark and with_attribute else None
        ),
        memo=memo_with(target.project, live.memo) if changes_mark and not with_attribute else None,
    )


def make_delete_request(client: Client, name: str) -> DeleteScheduleRequest:
    """Make the request that deletes a schedule; the API knows no guard for it."""
    return DeleteScheduleRequest(namespace=client.namespace, schedule_id=name, identity=client.identity)
