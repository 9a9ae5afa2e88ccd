"""Runs as the server describes and lists them, as values.

The SDK's own reading of these messages fails for a run whose state it has no name for, such as a paused one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import PendingActivityState, WorkflowExecutionStatus

from jobspec.results import ActivityStatus, PendingActivity, RunDetail, RunSummary, Status
from jobspec.temporal.ownership import MEMO
from jobspec.temporal.plain_json import json_value
from jobspec.temporal.runs.run_failures import read_failure
from jobspec.temporal.runs.run_payloads import RunPayloads
from jobspec.temporal.runs.visibility import JOB_ATTRIBUTE, TIME_ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.message import Message
    from google.protobuf.timestamp_pb2 import Timestamp
    from temporalio.api.common.v1 import Payload
    from temporalio.api.workflow.v1 import PendingActivityInfo, WorkflowExecutionInfo
    from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
    from temporalio.client import Client


def read_status(number: WorkflowExecutionStatus.ValueType) -> Status:
    """Turn the server's number into a word; one that this version does not know is `unknown`."""
    try:
        name = WorkflowExecutionStatus.Name(number)
    except ValueError:
        return Status.UNKNOWN
    word = name.removeprefix("WORKFLOW_EXECUTION_STATUS_").lower()
    return Status(word) if word in set(Status) else Status.UNKNOWN


def read_time(stamp: Timestamp) -> datetime | None:
    """Read a time of the server; None for one that was never set, which CHASM puts into the year 1."""
    return stamp.ToDatetime(tzinfo=UTC) if stamp.seconds > 0 else None


def read_job(info: WorkflowExecutionInfo) -> str | None:
    """Read whose run it is; None where it is no job's."""
    name = _attribute(info.search_attributes.indexed_fields, JOB_ATTRIBUTE)
    return name if isinstance(name, str) else None


def read_summary(info: WorkflowExecutionInfo) -> RunSummary:
    """Read what lists and descriptions of runs share."""
    scheduled_for = _attribute(info.search_attributes.indexed_fields, TIME_ATTRIBUTE)
    return RunSummary(
        workflow_id=info.execution.workflow_id,
        run_id=info.execution.run_id,
        workflow_type=info.type.name,
        task_queue=info.task_queue,
        status=read_status(info.status),
        started_at=info.start_time.ToDatetime(tzinfo=UTC),
        closed_at=read_time(info.close_time),
        scheduled_for=scheduled_for if isinstance(scheduled_for, datetime) else None,
    )


def payloads_of(client: Client, info: WorkflowExecutionInfo) -> RunPayloads:
    """Say how to decode what belongs to a run."""
    return RunPayloads(
        converter=client.data_converter,
        namespace=client.namespace,
        workflow_id=info.execution.workflow_id,
        workflow_type=info.type.name,
    )


async def read_detail(response: DescribeWorkflowExecutionResponse, payloads: RunPayloads) -> RunDetail:
    """Read a description, its payloads decoded; the memo is the job's, without the project's mark."""
    info, config = response.workflow_execution_info, response.execution_config
    summary = read_summary(info)
    pending = () if summary.status.is_terminal else response.pending_activities
    decode = payloads.of_workflow()
    return RunDetail(
        summary=summary,
        history_length=info.history_length,
        execution_timeout=_timeout(config.workflow_execution_timeout),
        run_timeout=_timeout(config.workflow_run_timeout),
        task_timeout=_timeout(config.default_workflow_task_timeout),
        memo={key: await decode(value) for key, value in info.memo.fields.items() if key != MEMO},
        search_attributes=_attributes(info.search_attributes.indexed_fields),
        static_summary=await _text(config.user_metadata, "summary", payloads),
        static_details=await _text(config.user_metadata, "details", payloads),
        parent_workflow_id=info.parent_execution.workflow_id or None,
        pending_activities=tuple([await read_pending(each, payloads) for each in pending]),
    )


async def read_pending(info: PendingActivityInfo, payloads: RunPayloads) -> PendingActivity:
    """Read an activity that runs or waits now."""
    options = info.activity_options
    decode = payloads.of_activity(
        info.activity_id, info.activity_type.name, task_queue=options.task_queue.name, is_local=False
    )
    return PendingActivity(
        activity_id=info.activity_id,
        activity_type=info.activity_type.name,
        status=read_activity_status(info),
        attempt=info.attempt,
        maximum_attempts=options.retry_policy.maximum_attempts or info.maximum_attempts,
        last_failure=await read_failure(info.last_failure, decode) if info.HasField("last_failure") else None,
        scheduled_at=read_time(info.next_attempt_schedule_time) or read_time(info.scheduled_time),
        started_at=read_time(info.last_started_time),
        last_heartbeat_at=read_time(info.last_heartbeat_time),
        worker=info.last_worker_identity,
    )


def read_activity_status(info: PendingActivityInfo) -> ActivityStatus:
    """Say where an activity stands that runs or waits now.

    The server names the time of the next attempt only while it waits for that (service/history/workflow/activity.go,
    `GetPendingActivityInfo`).
    """
    match info.state:
        case PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED:
            return ActivityStatus.CANCEL_REQUESTED
        case PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED:
            return ActivityStatus.PAUSED
        case (
            PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
            | PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED
        ):
            return ActivityStatus.STARTED
    return ActivityStatus.RETRYING if info.HasField("next_attempt_schedule_time") else ActivityStatus.SCHEDULED


def _attributes(fields: Mapping[str, Payload]) -> dict[str, Any]:
    return {name: _attribute(fields, name) for name in sorted(fields)}


def _attribute(fields: Mapping[str, Payload], name: str) -> Any:
    """Read a search attribute, which is plain JSON whatever the client's data converter is; None where it is not set.

    Indexing a map of messages would add what it lacks.
    """
    if name not in fields:
        return None
    value = json_value(fields[name])
    if fields[name].metadata.get("type") == b"Datetime" and isinstance(value, str):
        return datetime.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value


def _timeout(duration: Duration) -> timedelta | None:
    return duration.ToTimedelta() or None


async def _text(message: Message, field: str, payloads: RunPayloads) -> str:
    if not message.HasField(field):
        return ""
    value = await payloads.of_workflow()(getattr(message, field))
    return value if isinstance(value, str) else ""
