"""A network and a server that misbehave: what is slow, cut, refused or silent, at the level of TCP and gRPC."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from proxies import proxied
from sample_schedules import create, describe, desire, message
from temporalio.api.workflowservice.v1 import DescribeScheduleRequest
from temporalio.service import RPCError, RPCStatusCode

from jobspec.errors import RequestError, UnreachableError
from jobspec.temporal.requests import Requests
from jobspec.temporal.schedules.gateway import LiveSchedule, Schedules

if TYPE_CHECKING:
    from dev_servers import Server, StartServer
    from temporalio.client import Client


async def test_cut_connections_cost_nothing_but_time(server: Server, namespace: str) -> None:
    async with proxied(server, namespace) as (proxy, client):
        schedules = Schedules(client)
        names = [f"job-{number}" for number in range(40)]
        for name in names:
            await schedules.create(name, message(), project="shop", paused=False, note="")
        reading = asyncio.create_task(schedules.describe_all(names))
        for _ in range(5):
            proxy.cut()
            await asyncio.wait({reading}, timeout=0.1)
        described = await reading
        assert [live for live in described.values() if not isinstance(live, LiveSchedule)] == []
        assert len(described) == len(names)


async def test_a_restart_of_the_server_is_waited_for(server: Server, namespace: str) -> None:
    async with proxied(server, namespace) as (proxy, client):
        schedules = Schedules(client)
        await create(schedules)
        await proxy.close()
        reading = asyncio.create_task(schedules.describe_all(["a", "b"]))
        await asyncio.wait({reading}, timeout=0.7)
        assert not reading.done()
        await proxy.open()
        assert set(await reading) == {"a"}


async def test_a_server_that_stays_away_is_unreachable(server: Server, namespace: str) -> None:
    async with proxied(server, namespace) as (proxy, client):
        schedules = Schedules(client, Requests(budget=timedelta(seconds=0.5)))
        await create(schedules)
        await proxy.close()
        begun = time.monotonic()
        described = await schedules.describe_all([f"job-{number}" for number in range(500)])
        assert time.monotonic() - begun < 30
        assert len(described) == 500
        assert all(isinstance(error, UnreachableError) for error in described.values())
        with pytest.raises(UnreachableError, match="cannot list the schedules"):
            await schedules.list()
        await proxy.open()
        assert set(await schedules.describe_all(["a"])) == {"a"}


async def test_a_silent_server_is_given_up(server: Server, namespace: str) -> None:
    async with proxied(server, namespace) as (proxy, client):
        limits = Requests(deadline=timedelta(seconds=0.3), budget=timedelta(seconds=1))
        schedules = Schedules(client, limits)
        await create(Schedules(client))
        proxy.is_silent = True
        begun = time.monotonic()
        with pytest.raises(UnreachableError):
            await schedules.describe("a")
        assert time.monotonic() - begun >= 1


async def test_a_create_whose_answer_was_lost_is_done_once(server: Server, namespace: str) -> None:
    async with proxied(server, namespace) as (proxy, client):
        schedules = Schedules(client)
        await create(schedules, "first")
        proxy.cuts_next_answer = True
        live = await create(schedules)
        assert (live.project, live.canonical.queue) == ("shop", "q")
        assert not proxy.cuts_next_answer


async def test_an_update_whose_answer_was_lost_is_known_to_be_ours(server: Server, namespace: str) -> None:
    async with proxied(server, namespace) as (proxy, client):
        schedules = Schedules(client)
        live = await create(schedules)
        for number in range(5):
            proxy.cuts_next_answer = True
            live = await schedules.update(live, desire(message(f"q{number}")), paused=False, note="")
            assert not proxy.cuts_next_answer
            assert live.canonical.queue == f"q{number}"


async def test_a_delete_whose_answer_was_lost_is_done(server: Server, namespace: str) -> None:
    async with proxied(server, namespace) as (proxy, client):
        schedules = Schedules(client)
        live = await create(schedules)
        proxy.cuts_next_answer = True
        await schedules.delete(live)
        assert await schedules.describe("a") is None


async def test_a_rate_limit_slows_down_and_fails_nothing(start_server: StartServer) -> None:
    server = await start_server("chasm", {"frontend.namespaceRPS": "20", "frontend.namespaceBurstRatio": "1.0"})
    client = server.client(await server.make_namespace())
    names = [f"job-{number}" for number in range(100)]
    assert await is_limited(client)
    begun = time.monotonic()
    assert await Schedules(client).describe_all(names) == {}
    assert time.monotonic() - begun > 2


async def is_limited(client: Client) -> bool:
    """Whether the server refuses a burst as big as the one that the test is about."""
    request = DescribeScheduleRequest(namespace=client.namespace, schedule_id="nothing")
    answers = await asyncio.gather(
        *(client.workflow_service.describe_schedule(request) for _ in range(100)), return_exceptions=True
    )
    return any(isinstance(a, RPCError) and a.status is RPCStatusCode.RESOURCE_EXHAUSTED for a in answers)


async def test_a_request_that_is_too_big_fails_at_once(schedules: Schedules) -> None:
    begun = time.monotonic()
    with pytest.raises(RequestError, match="larger than max"):
        await schedules.create("a", message(), project="shop", paused=False, note="x" * 5_000_000)
    assert time.monotonic() - begun < 5
    live = await create(schedules)
    assert await describe(schedules) == live
