"""The runs that a schedule remembers, and what became of them.

A schedule keeps its last ten runs with a status, which is not to be trusted: the workflow-backed scheduler leaves it at
`running` until its next action, and CHASM does so for good where a run was retried or continued as new. So the runs
themselves are asked, at most ten and all at once. A visibility query would be one request, but lags behind, counts
against a much lower rate limit, and would have to be asked again for what it does not show yet.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest

from jobspec.errors import NotFoundError, ScheduleNotFoundError
from jobspec.results import RecentRun, Status
from jobspec.temporal.runs.run_descriptions import read_status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from temporalio.api.schedule.v1 import ScheduleActionResult
    from temporalio.api.workflow.v1 import WorkflowExecutionInfo
    from temporalio.client import Client

    from jobspec.temporal.requests import Requests


def list_recent_runs(actions: Iterable[ScheduleActionResult]) -> tuple[RecentRun, ...]:
    """Read the runs that a schedule remembers, newest last, without their outcome."""
    runs = [_read_action(action) for action in actions if action.start_workflow_result.workflow_id]
    return tuple(sorted(runs, key=lambda run: (run.started_at, run.scheduled_for)))  # CHASM has no order


async def read_recent_runs(
    client: Client, requests: Requests, actions: Iterable[ScheduleActionResult]
) -> tuple[RecentRun, ...]:
    """Ask what became of the runs that a schedule remembers.

    Args:
        client: Of the namespace.
        requests: How to reach the server.
        actions: From the schedule's description of a moment ago.

    Returns:
        Newest last. The outcome is that of the whole chain where a run was retried or continued as new; None where
        the server no longer has the run.
    """
    runs = list_recent_runs(actions)
    outcomes = await asyncio.gather(*(_read_status(client, requests, run) for run in runs))
    return tuple(replace(run, status=status) for run, status in zip(runs, outcomes, strict=True))


def _read_action(action: ScheduleActionResult) -> RecentRun:
    started = action.start_workflow_result
    return RecentRun(
        scheduled_for=action.schedule_time.ToDatetime(tzinfo=UTC),
        started_at=action.actual_time.ToDatetime(tzinfo=UTC),
        workflow_id=started.workflow_id,
        run_id=started.run_id,
    )


async def _read_status(client: Client, requests: Requests, run: RecentRun) -> Status | None:
    """Ask the last run of the chain; where the workflow id was used again since, the run itself."""
    latest = await _describe(client, requests, run.workflow_id, "")
    if latest is not None and run.run_id not in (latest.first_run_id, latest.execution.run_id):
        latest = await _describe(client, requests, run.workflow_id, run.run_id)
    return None if latest is None else read_status(latest.status)


async def _describe(client: Client, requests: Requests, workflow_id: str, run_id: str) -> WorkflowExecutionInfo | None:
    execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
    request = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=execution)
    rpc = client.workflow_service.describe_workflow_execution
    try:
        answer = await requests.send(rpc, request, what=f"read the run `{workflow_id}`")
    except (NotFoundError, ScheduleNotFoundError):  # what the gateways make of any NOT_FOUND
        return None
    return answer.workflow_execution_info
