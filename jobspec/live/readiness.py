"""What a namespace has of what jobs need there: search attributes, and workers for their task queues."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from jobspec.lint.namespace import NamespaceFacts
from jobspec.live.requests import Requests

if TYPE_CHECKING:
    from collections.abc import Collection

    from temporalio.client import Client


async def read_facts(client: Client, queues: Collection[str]) -> NamespaceFacts:
    """Ask a namespace for its search attributes and for the pollers of some task queues.

    Args:
        client: Of the namespace.
        queues: The task queues to ask about, all at once as far as the gateway's bound allows.

    Raises:
        UnreachableError: The server does not answer.
        RequestError: It refuses to.
    """
    requests = Requests()
    attributes = await _list_attributes(client, requests)
    polled = await asyncio.gather(*(_is_polled(client, requests, queue) for queue in queues))
    idle = frozenset(queue for queue, is_polled in zip(queues, polled, strict=True) if not is_polled)
    return NamespaceFacts(name=client.namespace, search_attributes=attributes, idle_queues=idle)


async def _list_attributes(client: Client, requests: Requests) -> frozenset[str]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    what = f"list the search attributes of the namespace `{client.namespace}`"
    answer = await requests.send(client.operator_service.list_search_attributes, request, what=what)
    return frozenset((*answer.custom_attributes, *answer.system_attributes))


async def _is_polled(client: Client, requests: Requests, queue: str) -> bool:
    """Ask whether a worker polls for workflows; the server remembers pollers for five minutes."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    what = f"ask for the workers of the task queue `{queue}`"
    answer = await requests.send(client.workflow_service.describe_task_queue, request, what=what)
    return bool(answer.pollers)
