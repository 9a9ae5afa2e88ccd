"""Payloads of runs, decoded one at a time, so that one that cannot be does not spoil the others.

A codec may derive its key from what a payload is for, so each is decoded in the context that the SDK encoded it in.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from temporalio.converter import ActivitySerializationContext, WorkflowSerializationContext

from jobspec.results import Raw

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from temporalio.api.common.v1 import Payload
    from temporalio.converter import DataConverter

    Decode = Callable[[Payload], Awaitable[Any]]
    """Turns a payload into a value, or into a `Raw`; never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPayloads:
    """How to decode what belongs to one run.

    Attributes:
        converter: The client's.
        namespace: Of the run.
        workflow_id: Of the run.
        workflow_type: Of the run.
    """

    converter: DataConverter
    namespace: str
    workflow_id: str
    workflow_type: str

    def in_workflow(self) -> DataConverter:
        """Give the converter what it shall know of the run; where it is the user's it may raise anything."""
        context = WorkflowSerializationContext(namespace=self.namespace, workflow_id=self.workflow_id)
        return self.converter.with_context(context)

    def of_workflow(self) -> Decode:
        """Decode what the workflow was given, returned or failed with."""
        return _make_decode(self.in_workflow)

    def of_activity(self, activity_id: str, activity_type: str, *, task_queue: str, is_local: bool) -> Decode:
        """Decode what an activity of the workflow was given, returned or failed with."""
        context = ActivitySerializationContext(
            namespace=self.namespace,
            activity_id=activity_id,
            activity_type=activity_type,
            activity_task_queue=task_queue,
            workflow_id=self.workflow_id,
            workflow_type=self.workflow_type,
            is_local=is_local,
        )
        return _make_decode(lambda: self.converter.with_context(context))


async def decode_all(payloads: Iterable[Payload], decode: Decode) -> tuple[Any, ...]:
    """Decode each payload for itself."""
    return tuple([await decode(payload) for payload in payloads])


async def decode_first(payloads: Iterable[Payload], decode: Decode) -> Any:
    """Decode what stands for one value: the first payload, None where there is none."""
    for payload in payloads:
        return await decode(payload)
    return None


def _make_decode(give_converter: Callable[[], DataConverter]) -> Decode:
    async def decode(payload: Payload) -> Any:
        # Codec and converter are user code and may raise anything, already when they are told what it is for.
        with contextlib.suppress(Exception):
            (value,) = await give_converter().decode([payload])
            return value
        return Raw(encoding=payload.metadata["encoding"].decode("utf-8", "replace"), data=payload.data)

    return decode
