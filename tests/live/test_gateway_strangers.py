"""Other people: what they change meanwhile is not lost, and what they break does not break us."""

from __future__ import annotations

import importlib.resources
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.json_format import ParseDict
from sample_schedules import both_ways, create, describe, desire, message
from temporalio.api.schedule.v1 import Schedule, SchedulePatch, ScheduleSpec
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    DeleteScheduleRequest,
    DescribeScheduleRequest,
    DescribeScheduleResponse,
    PatchScheduleRequest,
    UpdateScheduleRequest,
)

from jobspec.errors import ConflictError, MalformedScheduleError
from jobspec.temporal.requests import Requests
from jobspec.temporal.schedules.canonical import canonicalize
from jobspec.temporal.schedules.gateway import LiveSchedule, Schedules
from jobspec.temporal.schedules.writes import Goal, make_update_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from dev_servers import Cli, Server
    from temporalio.client import Client

UNKNOWN_FIELD = b"\xc0\x3e\x01"  # field 1000, a number


class Stranger:
    """Somebody else, who writes raw and unguarded."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.service = client.workflow_service

    async def read(self, name: str = "a") -> DescribeScheduleResponse:
        request = DescribeScheduleRequest(namespace=self.client.namespace, schedule_id=name)
        return await self.service.describe_schedule(request)

    async def create(self, name: str, schedule: Schedule) -> None:
        await self.service.create_schedule(
            CreateScheduleRequest(
                namespace=self.client.namespace, schedule_id=name, schedule=schedule, request_id=str(uuid.uuid4())
            )
        )

    async def edit(self, change: Callable[[Schedule], Any], name: str = "a") -> None:
        schedule = (await self.read(name)).schedule
        change(schedule)
        await self.service.update_schedule(
            UpdateScheduleRequest(
                namespace=self.client.namespace, schedule_id=name, schedule=schedule, request_id=str(uuid.uuid4())
            )
        )

    async def patch(self, **patch: Any) -> None:
        await self.service.patch_schedule(
            PatchScheduleRequest(
                namespace=self.client.namespace,
                schedule_id="a",
                patch=SchedulePatch(**patch),
                request_id=str(uuid.uuid4()),
            )
        )

    async def delete(self, name: str = "a") -> None:
        await self.service.delete_schedule(DeleteScheduleRequest(namespace=self.client.namespace, schedule_id=name))


@pytest.fixture
def other(stranger: Client) -> Stranger:
    return Stranger(stranger)


async def test_a_stale_update_is_a_conflict_and_loses_nothing(schedules: Schedules, other: Stranger) -> None:
    stale = await create(schedules)
    await other.edit(lambda schedule: schedule.CopyFrom(message("theirs")))
    await other.read()  # of two updates that wait, the workflow-backed scheduler takes the later one alone
    with pytest.raises(ConflictError):
        await schedules.update(stale, desire(message("ours")), paused=False, note="")
    assert (await describe(schedules)).canonical.queue == "theirs"


async def test_a_pause_between_read_and_write_is_not_lost(schedules: Schedules, other: Stranger) -> None:
    stale = await create(schedules)
    await other.patch(pause="holiday")
    with pytest.raises(ConflictError):
        await schedules.update(stale, desire(message("ours")), paused=stale.paused, note=stale.note)
    now = await describe(schedules)
    assert (now.paused, now.note, now.canonical.queue) == (True, "holiday", "q")
    after = await schedules.update(now, desire(message("ours")), paused=now.paused, note=now.note)
    assert (after.paused, after.note, after.canonical.queue) == (True, "holiday", "ours")


async def test_a_schedule_deleted_between_read_and_write_stays_deleted(schedules: Schedules, other: Stranger) -> None:
    stale = await create(schedules)
    await other.delete()
    with pytest.raises(ConflictError):
        await schedules.update(stale, desire(message("ours")), paused=False, note="")
    assert await schedules.describe("a") is None
    await schedules.delete(stale)


async def test_the_same_edit_by_somebody_else_is_no_conflict(schedules: Schedules, other: Stranger) -> None:
    stale = await create(schedules)
    await other.edit(lambda schedule: schedule.CopyFrom(message("wanted")))
    after = await schedules.update(stale, desire(message("wanted")), paused=False, note="")
    assert after.canonical.queue == "wanted"


async def test_a_pause_before_a_deletion_stops_it(schedules: Schedules, other: Stranger) -> None:
    stale = await create(schedules)
    await other.patch(pause="look at this first")
    with pytest.raises(ConflictError):
        await schedules.delete(stale)
    assert (await describe(schedules)).paused


async def test_concurrent_updates_from_one_read_have_one_winner(schedules: Schedules, stranger: Client) -> None:
    from asyncio import gather

    live = await create(schedules)
    gateways = [Schedules(stranger) for _ in range(5)]
    outcomes = await gather(
        *(g.update(live, desire(message(f"q{n}")), paused=False, note="") for n, g in enumerate(gateways)),
        return_exceptions=True,
    )
    winners = [outcome for outcome in outcomes if isinstance(outcome, LiveSchedule)]
    assert len(winners) == 1
    assert all(isinstance(outcome, LiveSchedule | ConflictError) for outcome in outcomes)
    assert (await describe(schedules)).canonical == winners[0].canonical


async def test_what_is_not_ours_survives_an_update(schedules: Schedules, other: Stranger) -> None:
    foreign = message(
        action={
            "versioningOverride": {"autoUpgrade": True},
            "header": {"fields": {"trace": {"metadata": {"encoding": "YmluYXJ5L3BsYWlu"}, "data": "eA=="}}},
        },
        policies={"keepOriginalWorkflowId": True},
        state={"limitedActions": True, "remainingActions": "7"},
    )
    zone = importlib.resources.files("tzdata").joinpath("zoneinfo/Europe/Berlin").read_bytes()
    foreign.spec.timezone_name = "Europe/Berlin"
    foreign.spec.timezone_data = zone
    await create(schedules)
    await other.edit(lambda schedule: schedule.CopyFrom(foreign))
    live = await describe(schedules)
    desired = message("ours")
    desired.spec.timezone_name = "Europe/Berlin"
    after = (await schedules.update(live, desire(desired), paused=True, note="n")).message
    action = after.action.start_workflow
    assert action.task_queue.name == "ours"
    assert action.versioning_override == foreign.action.start_workflow.versioning_override
    assert action.header == foreign.action.start_workflow.header
    assert after.policies.keep_original_workflow_id
    assert after.spec.timezone_data == zone
    assert (after.state.limited_actions, after.state.remaining_actions) == (True, 7)


async def test_fields_of_a_newer_server_go_along_in_an_update(schedules: Schedules, client: Client) -> None:
    # Looked at before it is sent: the SDK's core, from 1.35 on at least, drops them on the wire, both ways.
    live = await create(schedules)
    live.message.spec.MergeFrom(ScheduleSpec.FromString(UNKNOWN_FIELD))
    desired = message()
    desired.spec.jitter.seconds = 5
    target = Goal(canonical=canonicalize(desired), paused=False, note="", project="shop")
    request = make_update_request(client, live, desired, target, with_attribute=True)
    assert UNKNOWN_FIELD in request.schedule.spec.SerializeToString()
    assert request.schedule.spec.jitter.seconds == 5


async def test_actions_that_count_down_survive_an_update(schedules: Schedules, other: Stranger) -> None:
    await create(schedules)
    await other.edit(lambda schedule: ParseDict({"limitedActions": True, "remainingActions": "3"}, schedule.state))
    await other.patch(trigger_immediately={})
    live = await describe(schedules)
    after = await schedules.update(live, desire(message("ours")), paused=live.paused, note=live.note)
    assert after.message.state.limited_actions
    assert after.message.state.remaining_actions == live.message.state.remaining_actions


@both_ways
async def test_the_mark_survives_an_update_by_temporals_own_command(schedules: Schedules, cli: Cli) -> None:
    await create(schedules)
    await cli(
        "schedule", "update", "--schedule-id", "a", "--interval", "2h", "--workflow-id", "w", "--type", "T",
        "--task-queue", "theirs",
    )  # fmt: skip
    live = await describe(schedules)
    assert (live.project, live.canonical.queue) == ("shop", "theirs")


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_a_schedule_without_an_action_breaks_only_itself(schedules: Schedules, other: Stranger) -> None:
    await create(schedules)
    await other.create("empty", Schedule(spec=message().spec))
    await assert_only_it_is_malformed(schedules, "empty", "no action")


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_a_poisoned_schedule_breaks_only_itself(server: Server, client: Client, other: Stranger) -> None:
    schedules = Schedules(client, Requests(deadline=timedelta(seconds=2)))
    await create(schedules)
    await other.create("poison", message())
    await other.edit(
        lambda schedule: ParseDict({"limitedActions": True, "remainingActions": "-1"}, schedule.state), "poison"
    )
    await assert_only_it_is_malformed(schedules, "poison", "only deleting it helps")
    await other.delete("poison")
    assert await schedules.describe("poison") is None


async def assert_only_it_is_malformed(schedules: Schedules, name: str, words: str) -> None:
    from dev_servers import eventually

    async def listed() -> None:
        assert {entry.name for entry in await schedules.list()} == {"a", name}

    await eventually(listed)
    described = await schedules.describe_all(["a", name])
    assert isinstance(described["a"], LiveSchedule)
    error = described[name]
    assert isinstance(error, MalformedScheduleError)
    assert name in str(error)
    assert words in str(error)


async def test_an_overlap_policy_of_another_age_can_be_read_and_mended(schedules: Schedules, other: Stranger) -> None:
    await create(schedules)
    await other.edit(lambda schedule: ParseDict({"overlapPolicy": 99}, schedule.policies))
    live = await describe(schedules)
    assert live.canonical.overlap == "99"
    after = await schedules.update(live, desire(message()), paused=False, note="")
    assert after.canonical.overlap == "skip"
