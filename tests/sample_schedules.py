"""Small schedules for tests against a server, and the shortest way to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.json_format import ParseDict
from temporalio.api.schedule.v1 import Schedule

from jobspec.planning.desired import Desired
from jobspec.temporal.schedules.canonical import canonicalize

if TYPE_CHECKING:
    from jobspec.temporal.schedules.gateway import LiveSchedule, Schedules

both_ways = pytest.mark.parametrize("attribute_registered", [True, False], indirect=True)


def message(queue: str = "q", **parts: Any) -> Schedule:
    """Make an hourly schedule; `action` and other parts are proto-JSON."""
    action = {"workflowId": "w", "workflowType": {"name": "T"}, "taskQueue": {"name": queue}, **parts.pop("action", {})}
    spec = {"interval": [{"interval": "3600s"}]}
    return ParseDict({"spec": spec, "action": {"startWorkflow": action}, **parts}, Schedule())


def desire(message: Schedule) -> Desired:
    """Make what a write asks for of a message."""
    return Desired(name="a", canonical=canonicalize(message), message=message, paused=None)


async def create(schedules: Schedules, name: str = "a", desired: Schedule | None = None) -> LiveSchedule:
    await schedules.create(name, desired or message(), project="shop", paused=False, note="")
    return await describe(schedules, name)


async def describe(schedules: Schedules, name: str = "a") -> LiveSchedule:
    live = await schedules.describe(name)
    assert live is not None
    return live
