"""How the runs of many jobs stand, for few requests: which go on, and which ended last.

Visibility counts by state only, and servers allow few such requests (frontend.namespaceRPS.visibility, ten a second by
default). So jobs are asked for together, a hundred at a time, and those whose runs were crowded out of a page by the
runs of others are asked for again without these.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse

from jobspec.temporal.runs.run_descriptions import read_job, read_summary
from jobspec.temporal.runs.visibility import JOB_ATTRIBUTE, LARGEST_PAGE, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from temporalio.api.workflow.v1 import WorkflowExecutionInfo
    from temporalio.client import Client

    from jobspec.results import RunSummary
    from jobspec.temporal.requests import Requests

JOBS_AT_ONCE: Final = 100
"""How many jobs one query names; with names of 200 characters it has 20 kB."""

RUNS_A_JOB: Final = 2
"""How many runs a job a page has room for: rows are what costs, and most jobs need one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestRuns:
    """How a job's runs stand.

    Attributes:
        running: How many go on.
        running_since: When the oldest of them started.
        last: The one that ended last; continuing as new is no end. None where the server has none any more.
    """

    running: int = 0
    running_since: datetime | None = None
    last: RunSummary | None = None


async def read_latest_runs(client: Client, requests: Requests, names: Collection[str]) -> Mapping[str, LatestRuns]:
    """Find out how the runs of some jobs stand; what happened in the last moments may not show yet.

    Args:
        client: Of the namespace.
        requests: How to reach it.
        names: The jobs.

    Returns:
        By job, all of them.
    """
    ordered = sorted(set(names))
    batches = [ordered[start : start + JOBS_AT_ONCE] for start in range(0, len(ordered), JOBS_AT_ONCE)]
    reader = _Reader(client, requests)
    found = await asyncio.gather(*map(reader.read, batches))
    return {name: runs for batch in found for name, runs in batch.items()}


class _Reader:
    def __init__(self, client: Client, requests: Requests) -> None:
        self._client = client
        self._requests = requests

    async def read(self, names: Sequence[str]) -> dict[str, LatestRuns]:
        """Find out how the runs of a batch of jobs stand."""
        running = await self._find_running(names)
        last = await self._find_last(names)
        return {
            name: LatestRuns(
                running=len(running[name]), running_since=min(running[name], default=None), last=last.get(name)
            )
            for name in names
        }

    async def _find_running(self, names: Sequence[str]) -> Mapping[str, list[datetime]]:
        """List the times at which the runs started that go on."""
        started = defaultdict(list)
        token, is_first = b"", True
        while token or is_first:
            page = await self._list(f"{_is_of(names)} AND CloseTime IS NULL", LARGEST_PAGE, token)
            for name, run in _read(page.executions):
                started[name].append(run.started_at)
            token, is_first = page.next_page_token, False
        return started

    async def _find_last(self, names: Sequence[str]) -> Mapping[str, RunSummary]:
        """Find the run of each job that ended last; lists are in the order of their ends, the last one first."""
        found: dict[str, RunSummary] = {}
        missing = names
        while missing:
            query = f"{_is_of(missing)} AND CloseTime IS NOT NULL AND ExecutionStatus != 'ContinuedAsNew'"
            page = await self._list(query, len(missing) * RUNS_A_JOB, b"")
            for name, run in _read(page.executions):
                found.setdefault(name, run)
            # A full page holds runs of these jobs alone, so that each round finds at least one more of them.
            missing = [name for name in missing if name not in found] if page.next_page_token else []
        return found

    async def _list(self, query: str, size: int, token: bytes) -> ListWorkflowExecutionsResponse:
        request = ListWorkflowExecutionsRequest(
            namespace=self._client.namespace, query=query, page_size=size, next_page_token=token
        )
        rpc = self._client.workflow_service.list_workflow_executions
        return await self._requests.send(rpc, request, what="list the latest runs")


def _is_of(names: Iterable[str]) -> str:
    return f"{JOB_ATTRIBUTE} IN ({', '.join(map(quote, names))})"


def _read(executions: Iterable[WorkflowExecutionInfo]) -> Iterator[tuple[str, RunSummary]]:
    for info in executions:
        name = read_job(info)
        if name is not None:
            yield name, read_summary(info)
