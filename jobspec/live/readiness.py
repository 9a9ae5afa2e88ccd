"""What a namespace has of what jobs need there: search attributes, and workers for their task queues."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jobspec.lint.namespace import NamespaceFacts
from jobspec.live.requests import Requests
from jobspec.live.runs import Runs
from jobspec.live.search_attributes import list_search_attributes

if TYPE_CHECKING:
    from collections.abc import Collection

    from temporalio.client import Client


async def read_facts(client: Client, queues: Collection[str]) -> NamespaceFacts:
    """Ask a namespace for its search attributes and for the workers of some task queues.

    Args:
        client: Of the namespace.
        queues: The task queues to ask about, all at once as far as the bound on requests allows.

    Raises:
        UnreachableError: The server does not answer.
        RequestError: It refuses to.
    """
    runs = Runs(client)
    attributes = frozenset(await list_search_attributes(client, Requests()))
    found = await asyncio.gather(*map(runs.task_queue, queues))
    idle = frozenset(queue.name for queue in found if not queue.is_reachable)
    return NamespaceFacts(name=client.namespace, search_attributes=attributes, idle_queues=idle)
