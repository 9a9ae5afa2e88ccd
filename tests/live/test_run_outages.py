"""Runs while the server is away: waited for as long as is promised, and every call says what is the matter."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from proxies import Proxy
from run_workflows import start, working
from temporalio.client import Client, RetryConfig
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from jobspec.errors import UnreachableError
from jobspec.temporal.connection import quiet_runtime
from jobspec.temporal.runs.gateway import Runs
from jobspec.temporal.runs.run_actions import cancel_run, signal_run, terminate_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dev_servers import Server

IMPATIENT = RetryConfig(initial_interval_millis=10, max_elapsed_time_millis=100, max_retries=2)
"""So that the SDK's client gives up after a moment; its own settings make that 10 s."""

SHORTLY = timedelta(seconds=1)

pytestmark = pytest.mark.parametrize("server", ["workflow"], indirect=True)


@pytest.fixture
async def proxy(server: Server) -> AsyncIterator[Proxy]:
    proxy = Proxy(server.address)
    await proxy.open()
    yield proxy
    await proxy.close()


async def connect(proxy: Proxy, namespace: str) -> Client:
    return await Client.connect(
        f"127.0.0.1:{proxy.port}",
        namespace=namespace,
        data_converter=pydantic_data_converter,
        retry_config=IMPATIENT,
        runtime=quiet_runtime(),
    )


async def test_a_run_is_waited_for_through_an_outage(client: Client, proxy: Proxy) -> None:
    runs = Runs(client)
    far = Runs(await connect(proxy, client.namespace))
    async with working(client):
        workflow_id, run_id = await start(client, runs, "orders", "wait")
        waiting = asyncio.create_task(far.result(workflow_id, run_id))
        await asyncio.wait({waiting}, timeout=0.3)
        await proxy.close()
        await asyncio.wait({waiting}, timeout=1)
        assert not waiting.done()
        await runs.signal("orders", workflow_id, "release")
        assert await runs.result(workflow_id) == "released"
        await proxy.open()
        assert await waiting == "released"


async def test_a_server_that_stays_away_is_given_up(client: Client, proxy: Proxy) -> None:
    far = await connect(proxy, client.namespace)
    runs = Runs(far, deadline=SHORTLY, budget=SHORTLY, patience=SHORTLY)
    workflow_id, run_id = await start(far, runs, "orders", "wait")
    waiting = asyncio.create_task(runs.result(workflow_id, run_id))
    await asyncio.wait({waiting}, timeout=0.3)
    await proxy.close()
    with pytest.raises(UnreachableError, match="cannot wait for the run `orders-wait`") as caught:
        await waiting
    assert isinstance(caught.value.__cause__, RPCError)
    for call in (
        start(far, runs, "orders", "complete"),
        runs.list("orders"),
        runs.signal("orders", workflow_id, "release"),
    ):
        with pytest.raises(UnreachableError) as caught:
            await call
        assert isinstance(caught.value.__cause__, RPCError)
    with pytest.raises(UnreachableError, match="the run `orders-complete` may have been started all the same"):
        await start(far, runs, "orders", "complete")
    await proxy.open()
    assert (await runs.describe("orders", workflow_id)).summary.run_id == run_id


async def test_what_was_sent_without_an_answer_may_have_been_done(client: Client, proxy: Proxy) -> None:
    far = await connect(proxy, client.namespace)
    runs = Runs(client)
    workflow_id, _ = await start(client, runs, "orders", "wait")
    run = (await runs.describe("orders", workflow_id)).summary
    await proxy.close()
    for acting in (
        signal_run(far, SHORTLY, run, "release", ()),
        cancel_run(far, SHORTLY, run),
        terminate_run(far, SHORTLY, run, "x"),
    ):
        with pytest.raises(UnreachableError, match=f"the run `{workflow_id}`.*it may have been done all the same"):
            await acting
