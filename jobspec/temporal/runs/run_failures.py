"""Failures as Temporal reports them, as values: the error, and the chain of what it was raised from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from temporalio.api.enums.v1 import TimeoutType

from jobspec.results import Failure
from jobspec.temporal.runs.run_payloads import decode_all

if TYPE_CHECKING:
    from typing import Any

    from temporalio.api.failure.v1 import Failure as FailureMessage

    from jobspec.temporal.runs.run_payloads import Decode


async def read_failure(message: FailureMessage, decode: Decode) -> Failure:
    """Read a failure with its chain of causes.

    Args:
        message: From a history event or a description. protobuf reads no deeper nesting than 100.
        decode: For the details, and for texts that the failure converter has encoded.
    """
    text, stack_trace = await _texts(message, decode)
    return Failure(
        message=text,
        type=_type(message),
        subject=_subject(message),
        details=await _details(message, decode),
        cause=await read_failure(message.cause, decode) if message.HasField("cause") else None,
        stack_trace=stack_trace,
    )


async def _texts(message: FailureMessage, decode: Decode) -> tuple[str, str]:
    """Read message and stack trace, which a failure converter may have moved into a payload to have them encrypted."""
    if not message.HasField("encoded_attributes"):
        return message.message, message.stack_trace
    encoded: Any = await decode(message.encoded_attributes)
    texts = encoded if isinstance(encoded, dict) else {}
    return str(texts.get("message", message.message)), str(texts.get("stack_trace", message.stack_trace))


def _type(message: FailureMessage) -> str:
    match message.WhichOneof("failure_info"):
        case None:
            return ""
        case "application_failure_info":
            return message.application_failure_info.type
        case "timeout_failure_info":
            return _timeout(message.timeout_failure_info.timeout_type)
        case "child_workflow_execution_failure_info":
            return "child_workflow"
        case "reset_workflow_failure_info":
            return "reset"
        case kind:
            return kind.removesuffix("_failure_info").removesuffix("_execution")


def _timeout(number: TimeoutType.ValueType) -> str:
    try:
        return TimeoutType.Name(number).removeprefix("TIMEOUT_TYPE_").lower()
    except ValueError:  # of a newer server
        return "timeout"


def _subject(message: FailureMessage) -> str:
    match message.WhichOneof("failure_info"):
        case "activity_failure_info":
            return message.activity_failure_info.activity_type.name
        case "child_workflow_execution_failure_info":
            return message.child_workflow_execution_failure_info.workflow_type.name
        case "nexus_operation_execution_failure_info":
            return message.nexus_operation_execution_failure_info.operation
    return ""


async def _details(message: FailureMessage, decode: Decode) -> tuple[Any, ...]:
    match message.WhichOneof("failure_info"):
        case "application_failure_info":
            return await decode_all(message.application_failure_info.details.payloads, decode)
        case "canceled_failure_info":
            return await decode_all(message.canceled_failure_info.details.payloads, decode)
    return ()
