"""The one way in which raw requests reach Temporal: bounded, paced, with a deadline, errors in our words.

Three layers of protection, all shared by the calls of one gateway:

- at most `CONCURRENCY` calls at a time: more gains nothing, for the server's CPU is the limit;
- a pace: when the server says that it has had enough or cannot be reached, all calls slow down and the failed one is
  sent again; each answer speeds them up a little;
- a deadline for every call, and a budget for a call with all its retries. Where nothing at all was answered for as
  long as that budget, calls that had to wait for their turn fail at once instead of each spending its own.

Time limits are the RPC's own, never a cancelled task: a cancelled call that is still in flight when the event loop
closes keeps the process from ending.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from temporalio.service import RPCError, RPCStatusCode

from jobspec.errors import (
    ConflictError,
    JobspecError,
    MalformedScheduleError,
    NamespaceNotFoundError,
    RequestError,
    ScheduleExistsError,
    ScheduleNotFoundError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Classify = Callable[[RPCError], type[JobspecError] | None]
    """Says what an answer of the server means where it means something of its own."""

Request_contra = TypeVar("Request_contra", contravariant=True)
Response_co = TypeVar("Response_co", covariant=True)

CONCURRENCY: Final = 32

DEADLINE: Final = timedelta(seconds=10)
"""For one attempt; the slowest honest answer measured, a first describe on a busy V1 scheduler, took 3 s. One that
waits for the workflow of a poisoned schedule is never answered, but the next one is: with an error."""

BUDGET: Final = timedelta(seconds=30)
"""For a call with its retries, and for how long the server may be silent: long enough for a server to be restarted."""

CONNECT_FAILURE: Final = "Failed client connect"
"""How the SDK's core begins the message of the `RuntimeError` that stands for a failed connection."""

BROKEN_CONNECTION: Final = (
    "transport error",
    "h2 protocol error",
    "error reading a body",
    "operation was canceled",
    "connection closed",
)
"""What the HTTP/2 libraries of the SDK's core (tonic, hyper, h2) say of a connection that broke."""

POISONED: Final = "Unable to query workflow due to Workflow Task in failed state"
"""What the workflow-backed scheduler answers where the workflow behind a schedule panics each time."""

STALE_TOKEN: Final = "mismatched conflict token"  # noqa: S105  no password
"""What CHASM answers to an update whose token is not the present one (chasm/lib/scheduler)."""

_HINTS: Final[dict[type[JobspecError], str]] = {
    ConflictError: "somebody else changed it meanwhile",
    MalformedScheduleError: "the server itself fails on it, and only deleting it helps",
}

_STATUS_HINTS: Final = {
    RPCStatusCode.PERMISSION_DENIED: "these credentials may not do that here",
    RPCStatusCode.UNAUTHENTICATED: "check the API key or client certificate of the Temporal profile",
    RPCStatusCode.RESOURCE_EXHAUSTED: "the server limits how much may be asked of it",
}


class Rpc(Protocol[Request_contra, Response_co]):
    """A method of the SDK's raw services."""

    def __call__(self, req: Request_contra, *, timeout: timedelta | None) -> Awaitable[Response_co]:
        """Send a request."""


@dataclass(slots=True, kw_only=True)
class Pace:
    """How far calls are spread out, in seconds: each waits a random part of `window` before it is sent.

    The window doubles with each burst of failures and shrinks with each answer, so that calls settle just below the
    rate that the server allows (full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """

    first: float = 0.1
    longest: float = 8.0
    window: float = 0.0
    slowed_at: float = float("-inf")

    def slow_down(self, *, sent_at: float, now: float) -> None:
        """Take a refusal into account; those of calls sent before the last one was known are the same burst."""
        if sent_at >= self.slowed_at:
            self.window = min(max(self.window * 2, self.first), self.longest)
            self.slowed_at = now

    def speed_up(self) -> None:
        """Take an answer into account."""
        self.window = self.window * 0.9 if self.window > self.first / 2 else 0.0

    def delay(self) -> float:
        """Choose how long the next call waits."""
        return random.uniform(0, self.window) if self.window else 0.0  # noqa: S311  no secret


def classify_schedule_error(error: RPCError) -> type[JobspecError] | None:
    """Say what the server means by refusing a request about a schedule; None where it says no more than its status."""
    match error.status:
        case RPCStatusCode.NOT_FOUND:
            return ScheduleNotFoundError
        case RPCStatusCode.ALREADY_EXISTS:
            return ScheduleExistsError
        case RPCStatusCode.FAILED_PRECONDITION if STALE_TOKEN in error.message:
            return ConflictError
        case RPCStatusCode.FAILED_PRECONDITION if POISONED in error.message:
            return MalformedScheduleError
    return None


class Requests:
    """Sends raw requests for one gateway, within one event loop.

    Args:
        deadline: For one attempt.
        budget: For a call with its retries.
        classify: What refusals mean to this gateway.
    """

    def __init__(
        self,
        *,
        deadline: timedelta = DEADLINE,
        budget: timedelta = BUDGET,
        classify: Classify = classify_schedule_error,
    ) -> None:
        self._classify = classify
        self._deadline = deadline
        self._budget = budget.total_seconds()
        self._turns = asyncio.Semaphore(CONCURRENCY)
        self._pace = Pace()
        self._answered_at = time.monotonic()
        self._failing_since: float | None = None
        self._gone: UnreachableError | None = None

    @property
    def answered_at(self) -> float:
        """When the server answered last, by the clock of `time.monotonic`; at first, when this was made."""
        return self._answered_at

    async def send(
        self, rpc: Rpc[Request_contra, Response_co], request: Request_contra, *, what: str, at_most_once: bool = False
    ) -> Response_co:
        """Send a request, and again while the server asks for patience or cannot be reached.

        A repeated request is the same one, its request id included, so that the server does it once.

        Args:
            rpc: Such as `client.workflow_service.describe_schedule`.
            request: Its message.
            what: What is done, for error messages, such as "read the schedule `orders`".
            at_most_once: Do not repeat what the server may have done already: for requests that it would do twice.

        Raises:
            UnreachableError: Nothing was answered within the budget, or to the one attempt.
            RequestError: The server refused; subclasses say what is missing or malformed.
            ConflictError: The conflict token is stale, or the schedule to create exists.
        """
        had_to_wait = self._turns.locked()
        async with self._turns:
            if had_to_wait and self._gone is not None:
                raise UnreachableError(str(self._gone)) from self._gone.__cause__
            return await self._send_until_over(rpc, request, what, at_most_once=at_most_once)

    async def _send_until_over(
        self, rpc: Rpc[Request_contra, Response_co], request: Request_contra, what: str, *, at_most_once: bool
    ) -> Response_co:
        begun = time.monotonic()
        while True:
            if delay := self._pace.delay():
                await asyncio.sleep(min(delay, max(begun + self._budget - time.monotonic(), 0)))
            sent_at = time.monotonic()
            try:
                response = await rpc(request, timeout=self._deadline)
            except (RPCError, RuntimeError) as error:
                if not is_temporals(error):
                    raise
                self._note_failure(error, sent_at)
                if at_most_once and _is_silence(error):
                    raise translate(error, what, self._classify) from error
                if not is_passing(error) or self._is_over(begun):
                    raise self._give_up(error, what, begun) from error
            else:
                self._note_answer()
                self._pace.speed_up()
                return response

    def _note_answer(self) -> None:
        self._answered_at = time.monotonic()
        self._failing_since = None
        self._gone = None

    def _note_failure(self, error: RPCError | RuntimeError, sent_at: float) -> None:
        now = time.monotonic()
        # That one schedule gives no answer while others do is that schedule's fault and no reason to spare the server.
        if is_passing(error) and not (is_timeout(error) and self._answered_at > sent_at):
            self._pace.slow_down(sent_at=sent_at, now=now)
        if not _is_silence(error):
            self._note_answer()
        elif self._failing_since is None:
            self._failing_since = sent_at

    def _is_over(self, begun: float) -> bool:
        """Whether this call has spent its budget, or the server has been silent to all calls for as long."""
        since = begun if self._failing_since is None else min(begun, self._failing_since)
        return time.monotonic() - since >= self._budget

    def _give_up(self, error: RPCError | RuntimeError, what: str, begun: float) -> JobspecError:
        if is_timeout(error) and self._answered_at > begun:
            return RequestError(f"cannot {what}: the server gives no answer, though it answers other requests")
        translated = translate(error, what, self._classify)
        if isinstance(translated, UnreachableError):
            translated.__cause__ = error
            self._gone = translated
        return translated


def is_temporals(error: RPCError | RuntimeError) -> bool:
    """Whether it speaks of the connection or the request; any other `RuntimeError` is a bug."""
    return isinstance(error, RPCError) or str(error).startswith(CONNECT_FAILURE)


def is_passing(error: RPCError | RuntimeError) -> bool:
    """Whether it may go away by waiting."""
    if isinstance(error, RPCError) and error.status is RPCStatusCode.RESOURCE_EXHAUSTED:
        return "larger than max" not in error.message  # grpc-go's code for a message that is too big, now and always
    return _is_silence(error)


def _is_cut_off(error: RPCError) -> bool:
    """Whether there is no connection, or it broke before the answer was there, which has several names."""
    return error.status is RPCStatusCode.UNAVAILABLE or (
        error.status in (RPCStatusCode.UNKNOWN, RPCStatusCode.INTERNAL, RPCStatusCode.CANCELLED)
        and any(words in error.message for words in BROKEN_CONNECTION)
    )


def is_timeout(error: RPCError | RuntimeError) -> bool:
    """Whether a deadline passed; the SDK says CANCELLED for its own and leaves DEADLINE_EXCEEDED to the server."""
    return isinstance(error, RPCError) and (
        error.status is RPCStatusCode.DEADLINE_EXCEEDED
        or (error.status is RPCStatusCode.CANCELLED and "Timeout expired" in error.message)
    )


def _is_silence(error: RPCError | RuntimeError) -> bool:
    """Whether nobody answered."""
    return not isinstance(error, RPCError) or _is_cut_off(error) or is_timeout(error)


def translate(error: RPCError | RuntimeError, what: str, classify: Classify = classify_schedule_error) -> JobspecError:
    """Say an error of the SDK in our words.

    Args:
        error: From a service of the client; the `RuntimeError` is that of a failed connection.
        what: What was tried, such as "read the schedule `orders`".
        classify: What refusals mean to those who tried.
    """
    if not isinstance(error, RPCError):
        return UnreachableError(f"cannot {what}: {error}")
    kind = _kind(error, classify)
    hint = _HINTS.get(kind) or _STATUS_HINTS.get(error.status)
    message = f"cannot {what}: {error.message.rstrip('.')} ({error.status.name})"
    return kind(f"{message}; {hint}" if hint else message)


def _kind(error: RPCError, classify: Classify) -> type[JobspecError]:
    if error.status is RPCStatusCode.NOT_FOUND and _lacks_namespace(error):
        return NamespaceNotFoundError
    return classify(error) or (UnreachableError if _is_silence(error) else RequestError)


def status_of(error: RequestError) -> RPCStatusCode | None:
    """Read the gRPC status behind an error; None where it is not the server's."""
    return error.__cause__.status if isinstance(error.__cause__, RPCError) else None


def message_of(error: RequestError) -> str:
    """Read the server's own words behind an error."""
    return error.__cause__.message if isinstance(error.__cause__, RPCError) else ""


def _lacks_namespace(error: RPCError) -> bool:
    """Tell a missing namespace from anything else that is missing by the error's detail."""
    return any("NamespaceNotFoundFailure" in detail.type_url for detail in error.grpc_status.details)
