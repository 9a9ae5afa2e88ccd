"""The processes that faults are about: daemons and servers, which end by force and come back."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dev_servers import CHASM, QUICK, TEMPORAL, eventually, free_port, register_attribute
from faults.world import check
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.reconcile.service import parse_address
from jobspec.temporal.connection import connect

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

    from dev_servers import Backend
    from faults.world import World
    from temporalio.client import Client

PATIENCE = 120.0
"""Seconds within which a daemon must have converged, on a machine that does other things too."""


class DaemonProcess:
    """`jobspec reconcile` of one project, in a process of its own."""

    def __init__(self, world: World, process: Process, journal: Path) -> None:
        self.world = world
        self._process = process
        self._journal = journal

    @classmethod
    async def start(cls, world: World, address: str | None = None) -> DaemonProcess:
        """Start it; `address` leads to the server another way."""
        _, path = await asyncio.to_thread(tempfile.mkstemp, ".log", "daemon-", world.project.directory)
        with Path(path).open("wb") as stream:  # noqa: ASYNC230  a local file
            process = await world.project.start(
                *("reconcile", "--http", "127.0.0.1:0", "--log-format", "json"),
                environment={"TEMPORAL_ADDRESS": address} if address else {},
                stderr=stream,
            )
        return cls(world, process, Path(path))

    def read(self) -> list[dict[str, Any]]:
        """Read its log; the last line may not be whole yet."""
        whole, _, _ = self._journal.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def count_changes(self) -> int:
        """Count the changes that it tried."""
        return self._journal.read_text().count('"action": ')

    async def until_changes(self, count: int, *, within: float = PATIENCE) -> None:
        """Wait until it has tried so many changes, as closely as can be."""
        deadline = time.monotonic() + within
        while self.count_changes() < count:
            assert self._process.returncode is None, self._journal.read_text()[-2000:]
            assert time.monotonic() < deadline, (count, self.read()[-5:])
            await asyncio.sleep(0.002)

    async def until_serving(self) -> str:
        """Wait until it serves; returns where."""

        async def is_serving() -> str:
            addresses = [event["address"] for event in self.read() if "address" in event]
            assert addresses
            return str(addresses[0])

        return await eventually(is_serving, within=PATIENCE)

    async def ask(self) -> dict[str, Any]:
        """Ask for its view."""
        status: dict[str, Any] = json.loads(await self._get("/status"))
        return status

    async def until_converged(self, *worlds: World) -> None:
        """Wait until it says that all is well, and then check that it is, for these projects of the namespace."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                await self._claim_converged()
                await check(*(worlds or (self.world,)))
            except AssertionError:
                if time.monotonic() > deadline or self._process.returncode is not None:
                    raise
                await asyncio.sleep(0.3)
            else:
                break
        assert "jobspec_noop_writes_total 0.0" in await self._get("/metrics"), "a write changed nothing"

    async def _claim_converged(self) -> None:
        await self.until_serving()
        status = await self.ask()
        states = {each["name"]: each["state"] for each in status["jobs"]}
        expected = self.world.expected
        wrong = {name: states.get(name) for name in states.keys() | expected if states.get(name) != expected.get(name)}
        assert not wrong, (status["problem"], status["cycles"][:2], wrong)

    async def _get(self, path: str) -> str:
        reader, writer = await asyncio.open_connection(*parse_address(await self.until_serving()))
        writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        _, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        return body

    async def kill(self) -> None:
        """End it as `kill -9` does."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def daemon_of(world: World, address: str | None = None) -> AsyncIterator[DaemonProcess]:
    """Run a daemon for as long as the context lasts."""
    daemon = await DaemonProcess.start(world, address)
    try:
        yield daemon
    finally:
        await daemon.kill()


class LastingServer:
    """A server that keeps its state in a file and comes back on its port."""

    def __init__(self, backend: Backend, directory: Path) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._backend = backend
        self._file = directory / "temporal.db"
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        config = {**QUICK, **(CHASM if self._backend == "chasm" else {})}
        options = [part for key, value in config.items() for part in ("--dynamic-config-value", f"{key}={value}")]
        self._process = await asyncio.create_subprocess_exec(
            *(str(TEMPORAL), "server", "start-dev", "--headless", "--log-level", "never"),
            *("--port", self.address.rpartition(":")[2], "--db-filename", str(self._file), *options),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def kill(self) -> None:
        """End it as `kill -9` does."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def connect(self) -> Client:
        """Wait until it answers, make a namespace, and connect to it."""

        async def attempt() -> Client:
            try:
                return await connect(address=self.address, namespace="lasting", data_converter=pydantic_data_converter)
            except Exception as error:
                raise AssertionError(str(error)) from error

        client = await eventually(attempt, within=PATIENCE)
        request = RegisterNamespaceRequest(
            namespace="lasting", workflow_execution_retention_period=Duration(seconds=24 * 3600)
        )
        await eventually(lambda: client.workflow_service.register_namespace(request), within=PATIENCE)
        await eventually(lambda: register_attribute(client, "lasting"), within=PATIENCE)
        return client


@asynccontextmanager
async def lasting_server(backend: Backend, directory: Path) -> AsyncIterator[LastingServer]:
    """Run a server that can be killed and started again."""
    server = LastingServer(backend, directory)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
