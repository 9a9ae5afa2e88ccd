"""The project's mark on a schedule: whose it is.

The mark is the Keyword search attribute `JobspecProject`; a schedule that has none bears it in its memo entry
`jobspec`. The attribute survives every edit, can be changed on both schedulers and makes lists cheap, but it must be
registered in the namespace. The memo needs no registration; the workflow-backed scheduler cannot change it.

Both hold plain JSON, never a user's converter or codec, so that any version of jobspec and any tool can read them.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from temporalio.api.common.v1 import Memo, Payload, SearchAttributes
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import CountSchedulesRequest
from temporalio.service import RPCStatusCode

from jobspec.errors import NamespaceNotFoundError, RefusedError, RequestError
from jobspec.spec.run_options import RESERVED_MEMO_KEY
from jobspec.temporal.plain_json import json_value, plain_payload
from jobspec.temporal.requests import status_of
from jobspec.temporal.search_attributes import list_search_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from temporalio.client import Client

    from jobspec.temporal.requests import Requests

ATTRIBUTE: Final = "JobspecProject"
MEMO: Final = RESERVED_MEMO_KEY

FORGOTTEN: Final = "-"
"""Value of the attribute where the mark was taken away; it outweighs a memo, which cannot be changed everywhere."""

_KEYWORD: Final = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
_RECHECK_SECONDS: Final = 60.0
_USABLE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a schedule's mark says.

    Attributes:
        project: Whose it is; None for nobody's, also where the mark was taken away or cannot be read.
        kind: Where that stands; None where there is no mark of either kind.
    """

    project: str | None = None
    kind: Literal["attribute", "memo"] | None = None


def read_mark(search_attributes: Mapping[str, Payload], memo: Mapping[str, Payload]) -> Mark:
    """Read the mark from what a list or a describe shows; the attribute outweighs the memo.

    A value that is no text makes the schedule nobody's. One that is text but no valid project is kept: it is not ours,
    and somebody wrote it on purpose.
    """
    attribute = _attribute_value(search_attributes)
    if attribute is not None:
        is_project = isinstance(attribute, str) and attribute not in ("", FORGOTTEN)
        return Mark(project=attribute if is_project else None, kind="attribute")  # type: ignore[arg-type]
    entry = memo.get(MEMO)
    if entry is None or entry.metadata.get("encoding") != b"json/plain":
        return Mark()
    value = json_value(entry)
    return Mark(project=value, kind="memo") if isinstance(value, str) and value not in ("", FORGOTTEN) else Mark()


def _attribute_value(search_attributes: Mapping[str, Payload]) -> object:
    """Read the attribute; the server takes a list of one for a Keyword, and null and `[]` for an absent one."""
    payload = search_attributes.get(ATTRIBUTE)
    if payload is None or not payload.data:
        return None
    value = json_value(payload)
    if isinstance(value, list):
        return value[0] if len(value) == 1 else (value or None)
    return False if value is None and payload.data.strip() != b"null" else value


def attribute_with(project: str | None, others: Mapping[str, Payload]) -> SearchAttributes:
    """Make the search attributes that say the mark; an update replaces all of them, so the others are repeated."""
    marked = SearchAttributes(indexed_fields=others)
    marked.indexed_fields[ATTRIBUTE].CopyFrom(plain_payload(project or FORGOTTEN))
    return marked


def memo_with(project: str | None, others: Mapping[str, Payload]) -> Memo:
    """Make the memo that says the mark; an update replaces all of it, so the other entries are repeated."""
    marked = Memo(fields={key: value for key, value in others.items() if key != MEMO})
    if project:
        marked.fields[MEMO].CopyFrom(plain_payload(project))
    return marked


class Attribute:
    """The search attribute in one namespace: whether it is registered, and registering it.

    Args:
        client: Of the namespace.
        requests: How to reach the server.
    """

    def __init__(self, client: Client, requests: Requests) -> None:
        self._client = client
        self._requests = requests
        self._is_registered = False
        self._checked_at = float("-inf")

    async def is_registered(self) -> bool:
        """Whether schedules can bear it; a yes is remembered, a no for a minute."""
        if not self._is_registered and time.monotonic() - self._checked_at > _RECHECK_SECONDS:
            self._is_registered = await self._can_be_queried()
            self._checked_at = time.monotonic()
        return self._is_registered

    def set_unregistered(self) -> None:
        """Take note that the server refused it."""
        self._is_registered = False
        self._checked_at = time.monotonic()

    async def _can_be_queried(self) -> bool:
        """Count with it: that needs no operator's rights, and fails where it is unknown or of a type with no text."""
        request = CountSchedulesRequest(namespace=self._client.namespace, query=f"{ATTRIBUTE} = '{FORGOTTEN}'")
        try:
            what = f"look up the search attribute {ATTRIBUTE}"
            await self._requests.send(self._client.workflow_service.count_schedules, request, what=what)
        except RequestError as error:
            if status_of(error) is RPCStatusCode.INVALID_ARGUMENT:
                return False
            raise
        return True

    async def register(self) -> bool:
        """Register it and wait until it can be used.

        Returns:
            Whether it was registered now; False where it was there already.

        Raises:
            RefusedError: These credentials may not, or the attribute exists with another type.
        """
        kind = await self._read_type()
        if kind not in (None, _KEYWORD):
            raise RefusedError(_explain_type(kind, self._client.namespace))
        if await self._can_be_queried():
            self._is_registered = True
            return False
        if kind is None:
            await self._add()
        await self._wait_until_usable()
        return kind is None

    async def _read_type(self) -> IndexedValueType.ValueType | None:
        """Read its type, which the server would silently keep; None if it is not registered, or may not be listed."""
        try:
            listed = await list_search_attributes(self._client, self._requests)
        except NamespaceNotFoundError:
            raise
        except RequestError:
            return None
        return listed.get(ATTRIBUTE)

    async def _add(self) -> None:
        namespace = self._client.namespace
        request = AddSearchAttributesRequest(namespace=namespace, search_attributes={ATTRIBUTE: _KEYWORD})
        try:
            what = f"register the search attribute {ATTRIBUTE} in the namespace `{namespace}`"
            await self._requests.send(self._client.operator_service.add_search_attributes, request, what=what)
        except NamespaceNotFoundError:
            raise
        except RequestError as error:
            raise RefusedError(f"{error}; {_ask_operator(namespace)}") from error

    async def _wait_until_usable(self) -> None:
        """Wait for the front ends of the server, each of which reads the attributes again only now and then."""
        deadline = time.monotonic() + _USABLE_SECONDS
        pause = 0.05
        while not await self._can_be_queried():
            if time.monotonic() > deadline:
                problem = f"the search attribute {ATTRIBUTE} cannot be used although the server accepted it"
                raise RefusedError(f"{problem}; it may exist with a type other than Keyword")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)
        self._is_registered = True


def _explain_type(kind: IndexedValueType.ValueType, namespace: str) -> str:
    words = IndexedValueType.Name(kind).removeprefix("INDEXED_VALUE_TYPE_").split("_")
    name = "".join(map(str.capitalize, words))
    command = f"temporal operator search-attribute remove --name {ATTRIBUTE} --namespace {namespace}"
    return (
        f"the search attribute {ATTRIBUTE} exists in the namespace `{namespace}` with the type {name}, and must be a "
        f"Keyword; if nothing else uses it, remove it with `{command}` and run this again"
    )


def _ask_operator(namespace: str) -> str:
    command = f"temporal operator search-attribute create --name {ATTRIBUTE} --type Keyword --namespace {namespace}"
    return f"ask somebody who may to run `{command}`, or to add the Keyword attribute in Temporal Cloud"
