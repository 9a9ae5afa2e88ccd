"""Dev servers for tests, of both scheduler back ends, and waiting for what they do later."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from jobspec.temporal.connection import quiet_runtime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Backend = Literal["workflow", "chasm"]

TEMPORAL = Path(sys.executable).parent / "temporal"

# Fresh namespaces and search attributes are usable at once instead of after seconds.
QUICK = {
    "system.forceSearchAttributesCacheRefreshOnRead": "true",
    "system.namespaceCacheRefreshInterval": '"100ms"',
    "frontend.rps.namespaceReplicationInducingAPIs": "10000",  # the default lets 20 namespaces a second be registered
}
CHASM = {"history.enableCHASMSchedulerCreation": "true", "history.chasmSchedulerCreationRolloutPercent": "100"}


@dataclass(kw_only=True)
class Server:
    """A running dev server."""

    backend: Backend
    environment: WorkflowEnvironment
    namespaces: int = 0

    @property
    def address(self) -> str:
        """Host and port of the front end."""
        return self.environment.client.service_client.config.target_host

    def client(self, namespace: str) -> Client:
        """Make a client that shares the server's connection."""
        connection = self.environment.client.service_client
        return Client(connection, namespace=namespace, data_converter=pydantic_data_converter)

    async def make_namespace(self, *, attribute_registered: bool = True) -> str:
        """Register a namespace that is usable at once."""
        self.namespaces += 1
        name = f"test-{uuid.uuid4().hex[:12]}"
        service = self.environment.client
        retention = Duration(seconds=24 * 3600)
        await service.workflow_service.register_namespace(
            RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
        )
        if attribute_registered:
            await eventually(lambda: register_attribute(service, name))
        return name


async def register_attribute(client: Client, namespace: str) -> None:
    """Register the search attribute of the mark, raw; a namespace of a moment ago may be unknown for another moment."""
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=namespace, search_attributes={"JobspecProject": keyword})
    )


T = TypeVar("T")


async def eventually(attempt: Callable[[], Awaitable[T]], *, within: float = 10) -> T:
    """Try until neither an RPC error nor a failed assertion is raised, or until the seconds are over."""
    deadline = time.monotonic() + within
    while True:
        try:
            return await attempt()
        except (RPCError, AssertionError):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.01)


def free_port() -> int:
    """Find a port that nobody listens on, for a server that must be told its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


async def run_server(backend: Backend, dynamic_config: dict[str, str] | None = None) -> Server:
    """Start a dev server on a free port; `dynamic_config` values are JSON."""
    config = {**QUICK, **(CHASM if backend == "chasm" else {}), **(dynamic_config or {})}
    arguments = [part for key, value in config.items() for part in ("--dynamic-config-value", f"{key}={value}")]
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(TEMPORAL),
        dev_server_extra_args=arguments,
        dev_server_log_level="never",
        runtime=quiet_runtime(),
    )
    return Server(backend=backend, environment=environment)


class StartServer(Protocol):
    """Starts a server that ends with the test; values of `dynamic_config` are JSON."""

    async def __call__(self, backend: Backend, dynamic_config: dict[str, str] | None = None) -> Server: ...


class Cli(Protocol):
    """Runs the `temporal` command; returns what it printed and fails the test where it fails."""

    async def __call__(self, *arguments: str) -> str: ...
