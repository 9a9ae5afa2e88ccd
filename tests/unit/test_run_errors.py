from __future__ import annotations

import pytest
from temporalio.client import WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from jobspec.errors import (
    AlreadyClosedError,
    AlreadyStartedError,
    JobspecError,
    NotFoundError,
    QueryError,
    RequestError,
    UnreachableError,
)
from jobspec.temporal.requests import POISONED
from jobspec.temporal.runs.run_errors import translate_run_error

KNOWN = "known queries: [__stack_trace __temporal_workflow_metadata{}]"


def rpc(status: RPCStatusCode, message: str) -> RPCError:
    return RPCError(message, status, b"")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (rpc(RPCStatusCode.NOT_FOUND, "workflow not found for ID: a"), NotFoundError, "cannot try: workflow not found"),
        (
            rpc(RPCStatusCode.NOT_FOUND, "workflow execution already completed"),
            AlreadyClosedError,
            "it is over already",
        ),
        (rpc(RPCStatusCode.ALREADY_EXISTS, "there"), AlreadyStartedError, "there"),
        (rpc(RPCStatusCode.FAILED_PRECONDITION, POISONED), QueryError, "failed state"),
        (rpc(RPCStatusCode.FAILED_PRECONDITION, "anything else"), RequestError, "else"),
        (rpc(RPCStatusCode.INVALID_ARGUMENT, "no"), RequestError, "no"),
        (rpc(RPCStatusCode.UNAVAILABLE, "gone"), UnreachableError, "gone"),
        (rpc(RPCStatusCode.CANCELLED, "Timeout expired"), UnreachableError, "Timeout"),
        (RuntimeError("Failed client connect: refused"), UnreachableError, "refused"),
        (WorkflowAlreadyStartedError("a", "A", run_id="r"), AlreadyStartedError, "`a` is running already"),
        (WorkflowQueryRejectedError(None), QueryError, "reject"),
        (
            WorkflowQueryFailedError("Query handler for 'x' expected but not found, " + KNOWN.format(" state orders")),
            QueryError,
            "cannot try: the workflow knows `state`, `orders` only",
        ),
        (
            WorkflowQueryFailedError("Query handler for 'x' expected but not found, " + KNOWN.format("")),
            QueryError,
            "cannot try: the workflow knows no queries at all",
        ),
        (WorkflowQueryFailedError("out of stock"), QueryError, "cannot try: out of stock"),
    ],
    ids=repr,
)
def test_errors_of_the_sdk_become_ours(error: Exception, kind: type[JobspecError], words: str) -> None:
    translated = translate_run_error(error, "try")
    assert type(translated) is kind
    assert words in str(translated)


@pytest.mark.parametrize("error", [RuntimeError("a bug"), ValueError("a value"), LookupError("a user's")])
def test_other_errors_are_not_the_sdks(error: Exception) -> None:
    assert translate_run_error(error, "try") is None
