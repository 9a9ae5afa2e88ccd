"""Patches on a real server: what is read back, and what is never done twice although an answer is lost."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from dev_servers import eventually
from proxies import proxied
from sample_schedules import create, describe, message
from temporalio.api.schedule.v1 import SchedulePatch

from jobspec.errors import ScheduleNotFoundError, UnreachableError
from jobspec.temporal.schedules import patches as patching
from jobspec.temporal.schedules.gateway import Schedules
from jobspec.temporal.schedules.patches import LONGEST_NOTE, make_window, set_paused, trigger

if TYPE_CHECKING:
    from dev_servers import Server
    from projects import Stranger

START = datetime(2026, 3, 1, tzinfo=UTC)


async def test_a_pause_and_its_end_are_read_back_and_touch_nothing_else(schedules: Schedules) -> None:
    live = await create(schedules)
    paused = await set_paused(schedules, live, paused=True, note="é" * (LONGEST_NOTE // 2))
    assert (paused.paused, paused.note, paused.canonical) == (True, "é" * 500, live.canonical)
    assert paused.conflict_token != live.conflict_token
    resumed = await set_paused(schedules, paused, paused=False, note="x" * LONGEST_NOTE)
    assert (resumed.paused, resumed.note, resumed.canonical) == (False, "x" * 1000, live.canonical)
    assert await describe(schedules) == resumed


async def test_an_edit_at_the_same_time_is_not_undone(schedules: Schedules, other: Stranger) -> None:
    live = await create(schedules)
    await other.edit(lambda schedule: schedule.spec.interval[0].interval.FromSeconds(180))
    paused = await set_paused(schedules, live, paused=True, note="on call")
    assert [interval.every for interval in paused.canonical.intervals] == [180]


async def test_what_is_gone_cannot_be_patched(schedules: Schedules, other: Stranger) -> None:
    live = await create(schedules)
    await other.delete()
    window = make_window([START], following=None, jitter=0)
    for patch in (
        set_paused(schedules, live, paused=True, note="x"),
        trigger(schedules, live, overlap=None),
        patching.backfill(schedules, live, window=window, overlap="buffer_all"),
    ):
        with pytest.raises(ScheduleNotFoundError, match="`a`"):
            await patch


async def count_actions(schedules: Schedules, expected: int) -> None:
    async def counted() -> None:
        assert (await describe(schedules)).info.action_count == expected

    await eventually(counted)


async def test_a_trigger_that_does_not_arrive_is_sent_again(server: Server, namespace: str) -> None:
    async with proxied(server, namespace) as (proxy, client):
        schedules = Schedules(client)
        live = await create(schedules)
        proxy.cut()
        await trigger(schedules, live, overlap="allow_all")
        await count_actions(schedules, 1)


async def test_a_trigger_whose_answer_is_lost_is_not_done_twice(server: Server, namespace: str) -> None:
    async with proxied(server, namespace) as (proxy, client):
        live = await create(Schedules(client))
        proxy.is_silent = True
        triggering = asyncio.ensure_future(trigger(Schedules(client), live, overlap="allow_all"))
        directly = Schedules(server.client(namespace))
        await count_actions(directly, 1)
        proxy.is_silent = False
        proxy.cut()
        if server.backend == "workflow":  # which does the same request once
            await triggering
        else:
            with pytest.raises(UnreachableError, match="look at its runs before you try again"):
                await triggering
            assert sum((await describe(directly)).conflict_token) == sum(live.conflict_token) + 1
        await count_actions(directly, 1)


async def test_a_trigger_that_may_have_arrived_is_done_at_most_once(server: Server, namespace: str) -> None:
    async with proxied(server, namespace) as (proxy, client):
        schedules = Schedules(client)
        live = await create(schedules)
        proxy.cuts_next_answer = True
        with contextlib.suppress(UnreachableError):
            await trigger(schedules, live, overlap="allow_all")
        assert not proxy.cuts_next_answer
        await count_actions(schedules, 1)
        moves = sum((await describe(schedules)).conflict_token) - sum(live.conflict_token)
        assert moves == (0 if server.backend == "workflow" else 1)


async def test_the_same_request_is_done_once_by_one_scheduler_and_twice_by_the_other(
    server: Server, schedules: Schedules
) -> None:
    """The measurement that `at_most_once` rests on."""
    live = await create(schedules)
    request = patching.make_patch_request(schedules.client, live.name, SchedulePatch(pause="x"))
    for _ in range(2):
        await schedules.client.workflow_service.patch_schedule(request)
    patched = (await describe(schedules)).conflict_token
    moves = sum(patched) - sum(live.conflict_token)  # it counts up; its bytes are in one order here, in the other there
    assert moves == (1 if server.backend == "workflow" else 2)


async def test_a_backfill_runs_exactly_its_times_with_jitter_too(schedules: Schedules) -> None:
    jittered = message(policies={"overlapPolicy": "SCHEDULE_OVERLAP_POLICY_ALLOW_ALL"}, state={"paused": True})
    jittered.spec.jitter.FromSeconds(3500)
    live = await create(schedules, desired=jittered)
    times = [START + timedelta(hours=number) for number in range(4)]
    window = make_window(times, following=times[-1] + timedelta(hours=1), jitter=live.canonical.jitter)
    await patching.backfill(schedules, live, window=window, overlap="allow_all")

    async def started() -> None:
        actions = (await describe(schedules)).info.recent_actions
        ids = sorted(action.start_workflow_result.workflow_id for action in actions)
        assert ids == [f"w-{when:%Y-%m-%dT%H:%M:%SZ}" for when in times]

    await eventually(started)
