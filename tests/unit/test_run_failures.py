from __future__ import annotations

from typing import Any

import pytest
from temporalio.api.common.v1 import ActivityType, Payload, Payloads, WorkflowType
from temporalio.api.enums.v1 import TimeoutType
from temporalio.api.failure.v1 import (
    ActivityFailureInfo,
    ApplicationFailureInfo,
    CanceledFailureInfo,
    ChildWorkflowExecutionFailureInfo,
    Failure,
    NexusHandlerFailureInfo,
    NexusOperationFailureInfo,
    ResetWorkflowFailureInfo,
    ServerFailureInfo,
    TerminatedFailureInfo,
    TimeoutFailureInfo,
)
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec import results
from jobspec.results import Raw
from jobspec.temporal.runs.run_failures import read_failure
from jobspec.temporal.runs.run_payloads import RunPayloads

DECODE = RunPayloads(converter=pydantic_data_converter, namespace="n", workflow_id="w", workflow_type="W").of_workflow()


def payload(text: str, encoding: str = "json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding.encode()}, data=text.encode())


CODELESS = payload("?", "binary/sealed")


@pytest.mark.parametrize(
    ("info", "kind", "subject", "details"),
    [
        ({}, "", "", ()),
        ({"application_failure_info": ApplicationFailureInfo(type="BadOrder")}, "BadOrder", "", ()),
        (
            {"application_failure_info": ApplicationFailureInfo(details=Payloads(payloads=[payload("1"), CODELESS]))},
            "",
            "",
            (1, Raw(encoding="binary/sealed", data=b"?")),
        ),
        (
            {"timeout_failure_info": TimeoutFailureInfo(timeout_type=TimeoutType.TIMEOUT_TYPE_HEARTBEAT)},
            "heartbeat",
            "",
            (),
        ),
        ({"timeout_failure_info": TimeoutFailureInfo(timeout_type=99)}, "timeout", "", ()),  # type: ignore[arg-type]
        (
            {"canceled_failure_info": CanceledFailureInfo(details=Payloads(payloads=[payload('"why"')]))},
            "canceled",
            "",
            ("why",),
        ),
        ({"terminated_failure_info": TerminatedFailureInfo()}, "terminated", "", ()),
        ({"server_failure_info": ServerFailureInfo()}, "server", "", ()),
        ({"reset_workflow_failure_info": ResetWorkflowFailureInfo()}, "reset", "", ()),
        (
            {"activity_failure_info": ActivityFailureInfo(activity_type=ActivityType(name="fetch"))},
            "activity",
            "fetch",
            (),
        ),
        (
            {
                "child_workflow_execution_failure_info": ChildWorkflowExecutionFailureInfo(
                    workflow_type=WorkflowType(name="Child")
                )
            },
            "child_workflow",
            "Child",
            (),
        ),
        (
            {"nexus_operation_execution_failure_info": NexusOperationFailureInfo(operation="charge")},
            "nexus_operation",
            "charge",
            (),
        ),
        ({"nexus_handler_failure_info": NexusHandlerFailureInfo(type="NOT_FOUND")}, "nexus_handler", "", ()),
    ],
)
async def test_every_kind_of_failure_is_named(
    info: dict[str, Any], kind: str, subject: str, details: tuple[Any, ...]
) -> None:
    read = await read_failure(Failure(message="m", stack_trace="s", **info), DECODE)
    assert read == results.Failure(message="m", stack_trace="s", type=kind, subject=subject, details=details)


async def test_the_chain_of_causes_is_kept() -> None:
    message = Failure(message="0")
    for number in range(1, 90):
        message = Failure(message=str(number), cause=message)
    read: results.Failure | None = await read_failure(message, DECODE)
    texts = []
    while read is not None:
        texts.append(read.message)
        read = read.cause
    assert texts == [str(number) for number in reversed(range(90))]


@pytest.mark.parametrize(
    ("encoded", "message", "stack_trace"),
    [
        (payload('{"message": "the order", "stack_trace": "here"}'), "the order", "here"),
        (payload('{"message": "the order"}'), "the order", ""),
        (payload("[]"), "Encoded failure", ""),
        (CODELESS, "Encoded failure", ""),
    ],
)
async def test_encoded_texts_are_decoded_where_they_can_be(encoded: Payload, message: str, stack_trace: str) -> None:
    read = await read_failure(Failure(message="Encoded failure", encoded_attributes=encoded), DECODE)
    assert (read.message, read.stack_trace) == (message, stack_trace)
