"""How a job's runs ended, counted by the server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jobspec.errors import UsageError
from jobspec.results import DefinitionStats
from jobspec.timing.upcoming import is_known_timezone

if TYPE_CHECKING:
    from temporalio.client import Client


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
