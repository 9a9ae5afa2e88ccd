"""A network that misbehaves, between a client and a real server."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.temporal.connection import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dev_servers import Server
    from temporalio.client import Client


class Proxy:
    """A TCP proxy that can cut and reset connections, delay and swallow answers, and be gone for a while."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self.port = 0
        self.accepted = 0
        self.is_silent = False
        self.cuts_next_answer = False
        self.delay = 0.0

    async def open(self) -> None:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._listener is not None
        self._listener.close()
        self.cut()
        await asyncio.gather(*self._tasks)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def reset(self) -> None:
        """Cut all connections so that both sides are told that it was no orderly end."""
        for writer in self._writers:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, there_writer}
        for source, sink, is_answer in ((reader, there_writer, False), (there_reader, writer, True)):
            task = asyncio.create_task(self._pump(source, sink, is_answer=is_answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool) -> None:
        try:
            while data := await source.read(65536):
                if is_answer and self.cuts_next_answer:
                    self.cuts_next_answer = False
                    self.cut()
                if is_answer and self.is_silent:
                    continue
                if self.delay:
                    await asyncio.sleep(self.delay)
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(sink)
            sink.transport.abort()


@asynccontextmanager
async def proxied(server: Server, namespace: str) -> AsyncIterator[tuple[Proxy, Client]]:
    proxy = Proxy(server.address)
    await proxy.open()
    try:
        yield (
            proxy,
            await connect(
                address=f"127.0.0.1:{proxy.port}", namespace=namespace, data_converter=pydantic_data_converter
            ),
        )
    finally:
        await proxy.close()
