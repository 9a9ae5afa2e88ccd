"""The runs of a job: a handle for one, and how many ended in which state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jobspec.errors import UsageError
from jobspec.results import DefinitionStats
from jobspec.timing.upcoming import is_known_timezone

if TYPE_CHECKING:
    from temporalio.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHandle:
    """A handle for one run of a job; making one does not contact the server.

    Attributes:
        client: The client that reaches it.
        workflow_id: Its workflow id.
        run_id: Its run id; None means the latest run of the workflow id.
        result_type: What `run()` is annotated to return; None gives plain JSON.
        job: The job that the run must belong to; None for one that `execute` has just started.
    """

    client: Client = field(repr=False)
    workflow_id: str
    run_id: str | None = None
    result_type: Any = field(default=None, repr=False)
    job: str | None = field(default=None, repr=False)

    async def result(self) -> Any:
        """Wait for the run, and the runs that it continues as, and return its result.

        Raises:
            RunFailedError: It failed, timed out, or was canceled or terminated.
            NotFoundError: The run does not exist, or belongs to another job.
            UnreachableError: Temporal could not be reached for too long.
            NamespaceNotFoundError: The namespace does not exist.
            RequestError: The result cannot be decoded.
        """
        from jobspec.temporal.runs.gateway import Runs

        return await Runs(self.client).result(self.workflow_id, self.run_id, self.result_type, name=self.job)


async def count_runs(client: Client, name: str, *, today_only: bool, time_zone: str) -> DefinitionStats:
    """Count a job's runs by state, in one request.

    Args:
        client: Connected.
        name: The job.
        today_only: Count only runs that ended since the last midnight, and those that are running.
        time_zone: IANA name of the zone whose midnight counts.

    Raises:
        UsageError: The zone is unknown.
    """
    from jobspec.temporal.runs.gateway import Runs

    if not is_known_timezone(time_zone):
        raise UsageError(f"there is no time zone `{time_zone}`; write an IANA name such as `Europe/Berlin`")
    now = datetime.now(UTC)
    since = start_of_day(now, time_zone) if today_only else None
    counts = await Runs(client).count(name, since=since)
    return DefinitionStats(since=since, as_of=now, **{status.value: count for status, count in counts.items()})


def start_of_day(now: datetime, time_zone: str) -> datetime:
    """Find the first moment of the local day, in UTC.

    If the clock skips midnight, that is the moment of the change; if midnight comes twice, it is the first one.
    """
    local = now.astimezone(ZoneInfo(time_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)
