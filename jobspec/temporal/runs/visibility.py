"""Visibility queries for the runs of one job.

A job's runs are those that carry its name in `TemporalScheduledById`. The schedule sets it on the runs that it starts,
and `start` sets it on those that are started by hand; the server keeps it when a run is retried or continues as new.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, Final

from jobspec.errors import UsageError
from jobspec.results import Status

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from jobspec.results import TimeRange

JOB_ATTRIBUTE: Final = "TemporalScheduledById"
TIME_ATTRIBUTE: Final = "TemporalScheduledStartTime"

LARGEST_PAGE: Final = 1000
"""The most that the server gives (frontend.visibilityMaxPageSize)."""

_DIGEST_BYTES: Final = 8

_WORDS: Final[dict[Status, str]] = {
    status: "".join(part.capitalize() for part in status.split("_")) for status in Status if status != Status.UNKNOWN
}
"""How visibility names states, such as `TimedOut` (common/enums, `WorkflowExecutionStatus`)."""


def make_list_query(name: str, statuses: Collection[Status], time_range: TimeRange) -> str:
    """Make the query for a job's runs.

    Args:
        name: The job.
        statuses: Only these states; all when empty.
        time_range: Only runs that started within it.

    Raises:
        UsageError: A time has no offset, the range is the wrong way round, or nothing can be in such a state.
    """
    parts = [_is_of(name)]
    if statuses:
        parts.append(f"ExecutionStatus IN ({', '.join(sorted(map(_status, statuses)))})")
    since, until = time_range.since, time_range.until
    if since is not None:
        parts.append(f"StartTime >= {_instant(since)}")
    if until is not None:
        parts.append(f"StartTime <= {_instant(until, end='999')}")
    if since is not None and until is not None and since > until:
        raise UsageError(f"the time range begins at {since.isoformat()}, after its end at {until.isoformat()}")
    return " AND ".join(parts)


def make_count_query(name: str, since: datetime | None) -> str:
    """Make the query that counts a job's runs by state.

    Args:
        name: The job.
        since: Leaves out runs that ended before it, never those that still go on. Those are found by having no end:
            there are two states of them, and a server refuses a query that names one that it does not know.

    Raises:
        UsageError: The time has no offset.
    """
    parts = [_is_of(name)]
    if since is not None:
        parts.append(f"(CloseTime >= {_instant(since)} OR CloseTime IS NULL)")
    return f"{' AND '.join(parts)} GROUP BY ExecutionStatus"


def read_status_word(word: object) -> Status:
    """Turn visibility's name of a state into ours; one that this version does not know is `unknown`."""
    return next((status for status, known in _WORDS.items() if known == word), Status.UNKNOWN)


def check_page_size(size: int) -> int:
    """Refuse a page size that the server would silently bend.

    Raises:
        UsageError: It is below 1 or above `LARGEST_PAGE`.
    """
    if not 1 <= size <= LARGEST_PAGE:
        raise UsageError(f"the page size {size} must be from 1 to {LARGEST_PAGE}")
    return size


def seal_token(token: bytes, query: tuple[str, str, Collection[Status]]) -> bytes:
    """Bind the server's page token to the list that it is of.

    The server takes any token for any list, for it is but the place in time where a page ended; so that of another
    job's list would leave out runs without a word.

    Args:
        token: The server's; an empty one stays empty.
        query: The namespace, the job and the states. The times are left out: `2h` ago is another one for each page.
    """
    return _digest(query, token) + token if token else b""


def open_token(token: bytes, query: tuple[str, str, Collection[Status]]) -> bytes:
    """Take the server's page token out of ours.

    Raises:
        UsageError: It is of another list, not all of it is there, or it is none at all.
    """
    digest, given = token[:_DIGEST_BYTES], token[_DIGEST_BYTES:]
    if token and (not given or digest != _digest(query, given)):
        raise UsageError(
            "the page token is not of this list; take `next_page_token` of a list of the same job and the same states"
        )
    return given


def _digest(query: tuple[str, str, Collection[Status]], token: bytes) -> bytes:
    namespace, name, statuses = query
    parts = "\0".join([namespace, name, *sorted(set(statuses))])
    return hashlib.blake2b(b"\0".join((parts.encode(), token)), digest_size=_DIGEST_BYTES).digest()


def _is_of(name: str) -> str:
    return f"{JOB_ATTRIBUTE} = {quote(name)}"


def quote(text: str) -> str:
    """Write text so that it stays text; the server reads queries as MySQL would."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _status(status: Status) -> str:
    try:
        return quote(_WORDS[status])
    except KeyError:
        raise UsageError(f"no runs can be asked for that are `{status}`, for the server has no word for it") from None


def _instant(moment: datetime, *, end: str = "000") -> str:
    """Write a time to the nanosecond; we know microseconds, so the end of a range lasts till the end of its last one.

    SQL stores keep microseconds, Elasticsearch keeps nanoseconds.
    """
    if moment.tzinfo is None:
        raise UsageError(f"the time {moment.isoformat()} needs an offset from UTC; give it a `tzinfo`")
    return f"'{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}{end}Z'"
