"""What is live of a job's schedule, next to what the job asks for; reading only, whosever the schedule is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobspec.library.owned_job import find_schedule
from jobspec.planning.decide import explain_live
from jobspec.planning.desired import Conversion, convert_job
from jobspec.planning.diff import explain_settings
from jobspec.results import ScheduleDetail, ScheduleSummary
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction
from jobspec.temporal.runs.recent_runs import list_recent_runs, read_recent_runs
from jobspec.temporal.runs.run_descriptions import read_time
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from google.protobuf.timestamp_pb2 import Timestamp
    from temporalio.client import Client

    from jobspec.spec.model import JobSpec
    from jobspec.temporal.schedules.gateway import Listed, LiveSchedule


async def describe_schedule(
    client: Client, spec: JobSpec, *, redaction: Redaction = NOTHING_REDACTED
) -> ScheduleDetail:
    """Tell what is live under a job's name.

    A schedule of another project is told as well, for reading harms nobody: `project` says whose it is.

    Args:
        client: Connected; its data converter is used.
        spec: The job.
        redaction: What no message may quote of it.

    Raises:
        ScheduleNotFoundError: There is none.
        NoScheduleError: There is none, and the job asks for none.
        MalformedScheduleError: It cannot be read.
        InvalidDefinitionError: The data converter cannot convert what the job says, so nothing can be compared.
    """
    schedules = Schedules(client)
    live = await find_schedule(schedules, spec)
    info, state = live.info, live.message.state
    return ScheduleDetail(
        name=live.name,
        project=live.project,
        fields={each.field: each.after for each in explain_settings(live.canonical, name=live.name, is_live=True)},
        differences=_list_differences(client, spec, live, redaction),
        paused=live.paused,
        note=live.note,
        next_runs=() if live.paused else _read_times(info.future_action_times),
        recent_runs=await read_recent_runs(client, schedules.requests, info.recent_actions),
        running=tuple(run.workflow_id for run in info.running_workflows),
        actions=info.action_count,
        missed=info.missed_catchup_window,
        skipped=info.overlap_skipped,
        buffered=info.buffer_size,
        dropped=info.buffer_dropped,
        remaining_actions=state.remaining_actions if state.limited_actions else None,
        created_at=read_time(info.create_time),
        updated_at=read_time(info.update_time),
    )


def _list_differences(client: Client, spec: JobSpec, live: LiveSchedule, redaction: Redaction) -> tuple[str, ...]:
    if spec.schedule is None:
        return ("schedule",)
    desired = convert_job(spec, Conversion.of(client, datetime.now(UTC)), redaction=redaction)
    return tuple(change.field for change in explain_live(desired, live))


async def list_schedules(client: Client, owners: Collection[str]) -> tuple[ScheduleSummary, ...]:
    """List the live schedules that bear one of the marks, in name order.

    What changed in the last moments may be missing, for lists lag behind.

    Args:
        client: Connected.
        owners: Marks that are ours: the project and its former ids.
    """
    listed = [entry for entry in await Schedules(client).list() if entry.project in owners]
    return tuple(_summarize(entry) for entry in sorted(listed, key=lambda entry: entry.name))


def _summarize(entry: Listed) -> ScheduleSummary:
    return ScheduleSummary(
        name=entry.name,
        project=entry.project,
        workflow_type=entry.workflow_type,
        paused=entry.paused,
        note=entry.note,
        next_runs=_read_times(entry.info.future_action_times),
        recent_runs=list_recent_runs(entry.info.recent_actions),
    )


def _read_times(stamps: Iterable[Timestamp]) -> tuple[datetime, ...]:
    return tuple(stamp.ToDatetime(tzinfo=UTC) for stamp in stamps)
