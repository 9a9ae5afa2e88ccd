"""Dev servers of both scheduler back ends, and namespaces in them."""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from jobspec.errors import JobspecError
from jobspec.temporal.connection import quiet_runtime
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Backend = Literal["workflow", "chasm"]

TEMPORAL = Path(sys.executable).parent / "temporal"

# Fresh namespaces and search attributes are usable at once instead of after seconds.
_QUICK = {
    "system.forceSearchAttributesCacheRefreshOnRead": "true",
    "system.namespaceCacheRefreshInterval": '"100ms"',
}
_CHASM = {"history.enableCHASMSchedulerCreation": "true", "history.chasmSchedulerCreationRolloutPercent": "100"}


@asynccontextmanager
async def run_server(backend: Backend) -> AsyncIterator[Client]:
    """Run a dev server that keeps everything in memory; yields a client of its default namespace."""
    config = {**_QUICK, **(_CHASM if backend == "chasm" else {})}
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(TEMPORAL),
        dev_server_extra_args=[
            part for key, value in config.items() for part in ("--dynamic-config-value", f"{key}={value}")
        ],
        dev_server_log_level="never",
        runtime=quiet_runtime(),
    )
    try:
        yield environment.client
    finally:
        await environment.shutdown()


async def make_namespace(client: Client) -> Client:
    """Register a namespace with the search attribute of the mark, and wait until it can be used."""
    name = f"bench-{uuid.uuid4().hex[:12]}"
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=Duration(seconds=24 * 3600))
    )
    inside = Client(client.service_client, namespace=name, data_converter=pydantic_data_converter)
    deadline = time.monotonic() + 30
    while True:
        try:
            await Schedules(inside).attribute.register()
        except (JobspecError, RPCError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            return inside
