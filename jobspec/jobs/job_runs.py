"""The runs of a job: one in hand, and how many ended in which way."""

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
    """One run of a job; holding it costs nothing and asks nothing of the server.

    Attributes:
        client: How to reach it.
        workflow_id: Its workflow id.
        run_id: Its run id; None means the latest run of the workflow id.
        result_type: What `run()` is annotated to return; None leaves plain JSON.
        job: The job whose run it must be; None for one that `execute` has just started.
    """

    client: Client = field(repr=False)
    workflow_id: str
    run_id: str | None = None
    result_type: Any = field(default=None, repr=False)
    job: str | None = field(default=None, repr=False)

    async def result(self) -> Any:
        """Wait for the run, and the runs that it continues as, and give what it returned.

        Raises:
            RunFailedError: It failed, timed out, or was canceled or terminated.
            NotFoundError: There is no such run, or it is another job's.
            UnreachableError: Temporal stayed away for too long.
            NamespaceNotFoundError: There is no such namespace.
            RequestError: What it returned cannot be decoded.
        """
        from jobspec.live.runs import Runs

        return await Runs(self.client).result(self.workflow_id, self.run_id, self.result_type, name=self.job)


async def count_runs(client: Client, name: str, *, today_only: bool, time_zone: str) -> DefinitionStats:
    """Count a job's runs by state, in one request.

    Args:
        client: Connected.
        name: The job.
        today_only: Whether only runs that ended since the last midnight are counted, and those that run now.
        time_zone: IANA name of the zone whose midnight that is.

    Raises:
        UsageError: There is no such zone.
    """
    from jobspec.live.runs import Runs

    if not is_known_timezone(time_zone):
        raise UsageError(f"there is no time zone `{time_zone}`; write an IANA name such as `Europe/Berlin`")
    now = datetime.now(UTC)
    since = start_of_day(now, time_zone) if today_only else None
    counts = await Runs(client).count(name, since=since)
    return DefinitionStats(since=since, as_of=now, **{status.value: count for status, count in counts.items()})


def start_of_day(now: datetime, time_zone: str) -> datetime:
    """Find the first moment of the local day, in UTC.

    Where the clock skips midnight that is the moment of the change, and where midnight comes twice the first one.
    """
    local = now.astimezone(ZoneInfo(time_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)
