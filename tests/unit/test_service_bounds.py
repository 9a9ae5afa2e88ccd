"""What no client can do to the daemon's endpoint, and through it to the daemon."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import time
import tracemalloc
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from dev_servers import eventually
from floods import ATTACKS, attack_once, dial, flooding
from hypothesis import given, strategies as st

from jobspec.reconcile.service import (
    MOST_CONNECTIONS,
    Answer,
    _cut,
    answer_probe,
    find_bound,
    find_surplus,
    parse_address,
    serve,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Place = tuple[str, int]
    Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

BOUND = 32
"""How many may be connected where a test needs a bound that few clients reach."""

LARGE = b"x" * 4_000_000
PROBE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def serving() -> AsyncIterator[Place]:
    async def livez() -> Answer:
        return answer_probe("")

    async def status() -> Answer:
        return Answer(body=LARGE)

    async def broken() -> Answer:
        raise RuntimeError("a bug")

    async with serve("127.0.0.1:0", {"/livez": livez, "/status": status, "/broken": broken}) as address:
        yield parse_address(address)


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    """Serve where only few may be connected."""
    monkeypatch.setattr("jobspec.reconcile.service.MOST_CONNECTIONS", BOUND)
    async with serving() as place:
        yield place


async def ask(place: Place, request: bytes) -> bytes:
    reader, writer = await dial(*place)
    writer.write(request)
    try:
        return await reader.read()
    finally:
        writer.transport.abort()


async def is_well(place: Place) -> None:
    answer = await asyncio.wait_for(ask(place, PROBE), 1)
    assert answer.endswith(b"\r\n\r\nok\n")


def hang_up(*connections: Connection) -> None:
    for _, writer in connections:
        writer.transport.abort()


def count_open(connections: list[Connection]) -> int:
    return sum(not reader.at_eof() and reader.exception() is None for reader, _ in connections)


@pytest.mark.parametrize("kind", ATTACKS)
async def test_a_probe_from_the_address_of_a_flood_is_answered_within_a_second(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as place:
        async with flooding(*place, MOST_CONNECTIONS, kind):
            for _ in range(10):
                await is_well(place)
                await asyncio.sleep(0.02)
        await is_well(place)
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings in ([], ["too many HTTP connections; keeping 128, 64 from one address, closing the oldest"])


async def test_a_flood_closes_no_connection_from_elsewhere(place: Place) -> None:
    mine = await dial(*place, "127.0.0.2")
    flood = [await dial(*place) for _ in range(10 * BOUND)]
    mine[1].write(PROBE)
    assert (await asyncio.wait_for(mine[0].read(), 1)).endswith(b"ok\n")
    hang_up(mine, *flood)


async def test_one_address_may_have_half_of_the_connections(place: Place) -> None:
    connections = [await dial(*place) for _ in range(2 * BOUND)]

    async def is_bounded() -> None:
        assert count_open(connections) == count_open(connections[-BOUND // 2 :]) == BOUND // 2

    await eventually(is_bounded)
    hang_up(*connections)


async def test_all_addresses_together_are_bounded_and_share_alike(place: Place) -> None:
    each = {source: [await dial(*place, f"127.0.0.{source}") for _ in range(BOUND)] for source in (2, 3, 4, 5)}

    async def is_shared() -> None:
        assert [count_open(connections) for connections in each.values()] == [BOUND // 4] * 4

    await eventually(is_shared)
    hang_up(*(connection for connections in each.values() for connection in connections))


@pytest.mark.parametrize("kind", ["silent", "slow head", "answer never read", "endless body", "expected body"])
async def test_no_connection_lasts(place: Place, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobspec.reconcile.service.LIFETIME_SECONDS", 0.2)
    reader, writer = await dial(*place)
    attack = asyncio.create_task(ATTACKS[kind](reader, writer))

    async def is_over() -> None:
        assert is_closed_by_the_other_side(writer)

    await eventually(is_over)
    attack.cancel()
    await asyncio.gather(attack, return_exceptions=True)
    hang_up((reader, writer))


def is_closed_by_the_other_side(writer: asyncio.StreamWriter) -> bool:
    """Ask the kernel: a client that does not read is not told (tcp_states.h: 7 is CLOSE, 8 is CLOSE_WAIT)."""
    connection = writer.get_extra_info("socket")
    return connection.fileno() < 0 or connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in (7, 8)


async def test_readers_that_are_slow_share_the_answer(place: Place) -> None:
    """Python 3.11 copies what it has to keep for a reader."""
    await ask(place, b"GET /status HTTP/1.0\r\n\r\n")
    tracemalloc.start()
    try:
        never = ATTACKS["answer never read"]
        slow = [asyncio.create_task(attack_once(*place, never)) for _ in range(BOUND // 2 - 1)]
        for _ in range(20):
            await asyncio.sleep(0.01)
            await is_well(place)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    for attack in slow:
        attack.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert peak < 2 * len(LARGE)


async def test_a_connection_that_closed_only_after_its_reader_had_all_is_not_reset() -> None:
    has_closed, is_over = asyncio.Event(), asyncio.Event()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(LARGE)
        writer.close()
        has_closed.set()
        await writer.wait_closed()
        _cut(writer.transport)
        is_over.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        reader, writer = await dial(*server.sockets[0].getsockname())
        await has_closed.wait()
        assert await reader.read() == LARGE
        await asyncio.wait_for(is_over.wait(), 10)
        writer.close()


async def test_a_page_that_fails_again_and_again_is_logged_once(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(20):
        assert b" 500 " in await ask(place, b"GET /broken HTTP/1.0\r\n\r\n")
    [record] = caplog.records
    assert record.getMessage() == "cannot make the page /broken; failures since last logged: 1"
    assert record.exc_info


async def test_the_end_waits_for_no_client() -> None:
    async with serving() as place:
        clients = [await dial(*place) for _ in range(3)]
        clients[1][1].write(b"GET /status HTTP/1.0\r\n\r\n")
        await is_well(place)
        begun = time.monotonic()
    assert time.monotonic() - begun < 1
    for reader, _ in clients:
        with suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 1)
    hang_up(*clients)


# Which one is closed


@pytest.mark.parametrize(
    ("descriptors", "most"),
    [(64, 32), (256, 32), (512, 64), (1024, 128), (1_000_000, 128), (resource.RLIM_INFINITY, 128)],
)
def test_most_descriptors_are_left_to_files_and_temporal(descriptors: int, most: int) -> None:
    assert find_bound(descriptors) == most


@pytest.mark.parametrize(
    ("addresses", "surplus"),
    [("a", None), ("aabb", None), ("aaa", 0), ("baaa", 1), ("aabbc", 0), ("caabb", 1), ("abcde", 0), ("bbaac", 0)],
)
def test_the_oldest_of_the_address_with_the_most_is_closed(addresses: str, surplus: int | None) -> None:
    assert find_surplus(addresses, 4) == surplus


@given(st.lists(st.sampled_from("abcdef")), st.integers(1, 8))
def test_the_bounds_hold_and_neither_the_newest_nor_a_smaller_holder_pays(arrivals: list[str], half: int) -> None:
    addresses: list[str] = []
    for address in arrivals:
        addresses.append(address)
        surplus = find_surplus(addresses, 2 * half)
        if surplus is not None:
            payer = addresses[surplus]
            assert surplus < len(addresses) - 1
            assert surplus == addresses.index(payer)
            assert addresses.count(payer) == max(map(addresses.count, addresses))
            del addresses[surplus]
        assert len(addresses) <= 2 * half
        assert max(map(addresses.count, addresses)) <= half
