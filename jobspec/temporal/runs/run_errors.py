"""Errors of the SDK's client, met while runs are started, asked and told, in our words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from temporalio.client import WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.converter import WorkflowSerializationContext
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
    UsageError,
)
from jobspec.spec.hidden_values import tell_error
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction
from jobspec.temporal.requests import POISONED, is_temporals, translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from temporalio.client import Client
    from temporalio.converter import DataConverter

ALREADY_CLOSED: Final = "already completed"
"""How the server says, as NOT_FOUND, that the run is over (service/history/consts, `ErrWorkflowCompleted`)."""

_UNKNOWN_QUERY: Final = re.compile(r"Query handler for .* expected but not found, known queries: \[(.*)\]", re.DOTALL)
"""What a Python worker answers to a query that its workflow lacks; other SDKs' words are passed on as they are."""

CONVERSION_ERRORS: Final = (TypeError, ValueError)
"""What the SDK raises for values that it can make nothing of."""


def classify_run_error(error: RPCError) -> type[JobspecError] | None:
    """Say what the server means by refusing a request about a run; None where it says no more than its status."""
    match error.status:
        case RPCStatusCode.NOT_FOUND:
            return AlreadyClosedError if ALREADY_CLOSED in error.message else NotFoundError
        case RPCStatusCode.ALREADY_EXISTS:
            return AlreadyStartedError
        case RPCStatusCode.FAILED_PRECONDITION if POISONED in error.message:
            return QueryError
    return None


def translate_run_error(error: Exception, what: str) -> JobspecError | None:
    """Say an error of the SDK in our words; None for one that is not the SDK's.

    Args:
        error: Raised by the SDK's client.
        what: What was tried, such as "signal the run `orders-1`".
    """
    match error:
        case WorkflowAlreadyStartedError():
            return AlreadyStartedError(
                f"cannot {what}: one of the workflow id `{error.workflow_id}` is running already (run id "
                f"`{error.run_id}`); wait for its end, or choose another workflow id"
            )
        case WorkflowQueryFailedError():
            return QueryError(f"cannot {what}: {_explain_query(error.message)}")
        case WorkflowQueryRejectedError():
            return QueryError(f"cannot {what}: the client's settings reject queries of a run in that state")
        case RPCError() if classify_run_error(error) is AlreadyClosedError:
            return AlreadyClosedError(f"cannot {what}: it is over already")
        case RPCError() | RuntimeError() if is_temporals(error):
            return translate(error, what, classify_run_error)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of the SDK's client about one run, for saying what its errors mean.

    Attributes:
        client: The client.
        what: What is tried, such as "signal the run `orders-1`".
        workflow_id: Of the run.
        values: What has to be encoded.
        redaction: What no message may quote of them.
    """

    client: Client
    what: str
    workflow_id: str
    values: Sequence[Any] = ()
    redaction: Redaction = NOTHING_REDACTED

    async def explain(self, error: Exception) -> JobspecError | None:
        """Say an error in our words; None where it is neither the SDK's nor that of encoding the values.

        The SDK finds out that a value cannot be encoded by trying, and raises whatever the converter or the codec does.
        So they are tried once more.
        """
        if translated := translate_run_error(error, self.what):
            return translated
        context = WorkflowSerializationContext(namespace=self.client.namespace, workflow_id=self.workflow_id)
        try:
            await self.client.data_converter.with_context(context).encode(self.values)
        except Exception:  # noqa: BLE001  converters and codecs are user code and may raise anything
            why = self._tell(error)
            return UsageError(f"cannot {self.what}: the data converter cannot encode the arguments: {why}")
        return None

    def explain_refusal(self, error: Exception) -> UsageError | None:
        """Say that the SDK itself can make nothing of an option; None where the error is of another kind.

        It raises these for a negative number in a retry policy, or for text that is no Unicode.
        """
        return UsageError(f"cannot {self.what}: {self._tell(error)}") if isinstance(error, CONVERSION_ERRORS) else None

    def _tell(self, error: Exception) -> str:
        has_codec = self.client.data_converter.payload_codec is not None
        return tell_error(error, {"args": list(self.values)}, redaction=self.redaction, is_hidden=has_codec)


def explain_unreadable(error: Exception, what: str, converter: DataConverter) -> RequestError:
    """Say that an answer came and cannot be decoded by a converter."""
    said = tell_error(error, is_hidden=converter.payload_codec is not None)
    return RequestError(f"cannot {what}: the data converter cannot decode the answer: {said}")


def add_doubt(reason: JobspecError, what: str) -> JobspecError:
    """Say of a request without an answer that it may have reached the server: only the answer may have been lost."""
    return UnreachableError(f"{reason}; {what} all the same") if isinstance(reason, UnreachableError) else reason


def _explain_query(message: str) -> str:
    found = _UNKNOWN_QUERY.search(message)
    if found is None:
        return message
    known = [f"`{name}`" for name in found[1].split() if not name.startswith("__")]
    return f"the workflow knows {', '.join(known) if known else 'no queries at all'}" + (" only" if known else "")
