from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from temporalio.service import RPCError, RPCStatusCode

from jobspec.errors import (
    ConflictError,
    JobspecError,
    MalformedScheduleError,
    RequestError,
    ScheduleExistsError,
    ScheduleNotFoundError,
    UnreachableError,
)
from jobspec.temporal.requests import POISONED, STALE_TOKEN, Pace, Requests, message_of, status_of, translate

if TYPE_CHECKING:
    from datetime import timedelta


def test_an_undisturbed_pace_never_waits() -> None:
    pace = Pace()
    pace.speed_up()
    assert pace.delay() == 0


def test_each_burst_of_failures_doubles_the_window_up_to_a_limit() -> None:
    pace = Pace(first=0.1, longest=0.5)
    windows = []
    for second in range(5):
        pace.slow_down(sent_at=second, now=second + 0.5)
        windows.append(pace.window)
    assert windows == [0.1, 0.2, 0.4, 0.5, 0.5]


def test_failures_of_calls_sent_before_the_last_slow_down_are_the_same_burst() -> None:
    pace = Pace(first=0.1)
    for _ in range(32):
        pace.slow_down(sent_at=1.0, now=1.5)
    assert pace.window == 0.1


def test_answers_speed_up_until_nothing_waits() -> None:
    pace = Pace(first=0.1, longest=8)
    for second in range(20):
        pace.slow_down(sent_at=second, now=second)
    answers = 0
    while pace.window:
        pace.speed_up()
        answers += 1
    assert answers < 60
    assert pace.delay() == 0


def test_delays_are_spread_over_the_window() -> None:
    pace = Pace(first=1.0)
    pace.slow_down(sent_at=0, now=0)
    delays = [pace.delay() for _ in range(200)]
    assert 0 <= min(delays) < 0.2
    assert 0.8 < max(delays) <= 1.0


def rpc_error(status: RPCStatusCode, message: str) -> RPCError:
    return RPCError(message, status, b"")


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (RPCStatusCode.NOT_FOUND, "schedule not found", ScheduleNotFoundError),
        (RPCStatusCode.ALREADY_EXISTS, 'schedule "a" is already registered', ScheduleExistsError),
        (RPCStatusCode.FAILED_PRECONDITION, STALE_TOKEN, ConflictError),
        (RPCStatusCode.FAILED_PRECONDITION, POISONED, MalformedScheduleError),
        (RPCStatusCode.FAILED_PRECONDITION, "something else", RequestError),
        (RPCStatusCode.UNAVAILABLE, "connection refused", UnreachableError),
        (RPCStatusCode.CANCELLED, "Timeout expired", UnreachableError),
        (RPCStatusCode.CANCELLED, "operation was canceled", UnreachableError),
        (RPCStatusCode.UNKNOWN, "transport error", UnreachableError),
        (RPCStatusCode.UNKNOWN, "anything else", RequestError),
        (RPCStatusCode.DEADLINE_EXCEEDED, "context deadline exceeded", UnreachableError),
        (RPCStatusCode.INVALID_ARGUMENT, "no", RequestError),
        (RPCStatusCode.RESOURCE_EXHAUSTED, "namespace rate limit exceeded", RequestError),
        (RPCStatusCode.INTERNAL, "something went wrong, please retry", RequestError),
    ],
)
def test_errors_of_the_sdk_become_ours(status: RPCStatusCode, message: str, kind: type[JobspecError]) -> None:
    translated = translate(rpc_error(status, message), "read the schedule `a`")
    assert type(translated) is kind
    assert str(translated).startswith(f"cannot read the schedule `a`: {message} ({status.name})")


def test_refused_credentials_say_what_to_check() -> None:
    assert "API key" in str(translate(rpc_error(RPCStatusCode.UNAUTHENTICATED, "no"), "list"))
    assert "credentials" in str(translate(rpc_error(RPCStatusCode.PERMISSION_DENIED, "no"), "list"))


def test_a_failed_connection_is_unreachable() -> None:
    error = RuntimeError("Failed client connect: refused")
    assert isinstance(translate(error, "list the schedules"), UnreachableError)


async def test_any_other_runtime_error_is_a_bug_and_stays_what_it_is() -> None:
    async def fails(req: str, *, timeout: timedelta | None) -> str:  # noqa: ASYNC109  as the SDK has it
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        await Requests().send(fails, "request", what="list the schedules")


def test_the_servers_own_words_stay_at_hand() -> None:
    error = RequestError("ours")
    assert (status_of(error), message_of(error)) == (None, "")
    error.__cause__ = rpc_error(RPCStatusCode.INVALID_ARGUMENT, "theirs")
    assert (status_of(error), message_of(error)) == (RPCStatusCode.INVALID_ARGUMENT, "theirs")
