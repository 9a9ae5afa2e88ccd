"""The search attributes of a namespace: their types, and a job's values in them.

The server checks a value against the type that is registered, whatever type came with it, but stores and shows the one
that came. So runs that are started by hand send the registered type, which the server itself adds to the attributes of
scheduled runs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCStatusCode

from jobspec.errors import InvalidDefinitionError, RequestError
from jobspec.spec.vocabulary import suggest_word
from jobspec.temporal.requests import status_of

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Collection, Mapping

    from temporalio.client import Client

    from jobspec.spec.run_options import SearchAttributeValue
    from jobspec.temporal.requests import Requests

    Types = Mapping[str, IndexedValueType.ValueType]
    """Names of search attributes → their types."""

_MAY_NOT: Final = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)
"""How a server refuses to list search attributes, which belongs to its operator service."""

_known: WeakKeyDictionary[Client, Types | None] = WeakKeyDictionary()
"""What was listed last, None where the credentials may not; a client belongs to one namespace."""

_turns: WeakKeyDictionary[AbstractEventLoop, WeakKeyDictionary[Client, asyncio.Lock]] = WeakKeyDictionary()


async def list_search_attributes(client: Client, requests: Requests) -> Types:
    """Ask which search attributes the namespace has.

    Args:
        client: Of the namespace.
        requests: How to reach the server.

    Returns:
        All of them, the server's own included.
    """
    request = ListSearchAttributesRequest(namespace=client.namespace)
    what = f"list the search attributes of the namespace `{client.namespace}`"
    answer = await requests.send(client.operator_service.list_search_attributes, request, what=what)
    return {**answer.custom_attributes, **answer.system_attributes}


async def make_search_attributes(
    client: Client, requests: Requests, values: Mapping[str, SearchAttributeValue]
) -> TypedSearchAttributes:
    """Give a job's search attributes the types that its namespace has for them.

    The types are asked for once a client, and again when one is missing. Where the server does not tell them, those
    that the values suggest are taken.

    Args:
        client: Of the namespace.
        requests: How to reach the server.
        values: As a spec says them.

    Raises:
        InvalidDefinitionError: The namespace lacks an attribute, or has it with a type that takes no such value.
    """
    if not values:
        return TypedSearchAttributes.empty
    types = await _find_types(client, requests, values.keys())
    if types is None:
        return TypedSearchAttributes([_guess(name, value) for name, value in values.items()])
    return fit_search_attributes(values, types, client.namespace)


async def _find_types(client: Client, requests: Requests, names: Collection[str]) -> Types | None:
    """Look up the types of some attributes; None where these credentials may not."""
    locks = _turns.setdefault(asyncio.get_running_loop(), WeakKeyDictionary())
    async with locks.setdefault(client, asyncio.Lock()):  # runs that start at the same time ask once
        types = _known.get(client, {})
        if types is not None and not set(names) <= types.keys():
            types = _known[client] = await _list_if_allowed(client, requests)
        return types


async def _list_if_allowed(client: Client, requests: Requests) -> Types | None:
    try:
        return await list_search_attributes(client, requests)
    except RequestError as error:
        if status_of(error) in _MAY_NOT:
            return None
        raise


def fit_search_attributes(
    values: Mapping[str, SearchAttributeValue], types: Types, namespace: str
) -> TypedSearchAttributes:
    """Pair values with keys of the registered types.

    Args:
        values: As a spec says them.
        types: What the namespace has.
        namespace: For messages.

    Raises:
        InvalidDefinitionError: An attribute is missing, or its type takes no such value.
    """
    return TypedSearchAttributes([_pair(name, value, types, namespace) for name, value in values.items()])


def _pair(name: str, value: SearchAttributeValue, types: Types, namespace: str) -> SearchAttributePair[Any]:
    kind = types.get(name)
    if kind is None:
        command = f"temporal operator search-attribute create --name {name} --type TYPE --namespace {namespace}"
        near = suggest_word(name, sorted(types))
        hint = f"{near} Otherwise register it with `{command}`" if near else f"register it with `{command}`"
        raise InvalidDefinitionError(f"the namespace `{namespace}` has no search attribute `{name}`; {hint}")
    field = f"`run.search_attributes.{name}`"
    known = _KINDS.get(kind)
    if known is None:
        raise InvalidDefinitionError(f"{field} has a type that this version of jobspec does not know ({kind})")
    fitted = known.read(value[0] if isinstance(value, tuple) and len(value) == 1 and known.is_single else value)
    if fitted is None:
        raise InvalidDefinitionError(
            f"{field} must be {known.takes}: in the namespace `{namespace}` it is {known.name}"
        )
    return SearchAttributePair(known.make_key(name), fitted)


def _read_text(value: SearchAttributeValue) -> str | None:
    return value if isinstance(value, str) else None


def _read_int(value: SearchAttributeValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _read_double(value: SearchAttributeValue) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _read_bool(value: SearchAttributeValue) -> bool | None:
    return value if isinstance(value, bool) else None


def _read_instant(value: SearchAttributeValue) -> datetime | None:
    """Read a time with an offset, to the microsecond."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo else None


def _read_list(value: SearchAttributeValue) -> list[str] | None:
    return list(value) if isinstance(value, tuple) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A type of search attributes.

    Attributes:
        name: What Temporal calls it.
        takes: Which values it takes.
        make_key: Makes the SDK's key.
        read: Makes the value that the SDK takes; None for one that the server would refuse.
        is_single: Whether it takes a list of one as that one, as the server does.
    """

    name: str
    takes: str
    make_key: Callable[[str], SearchAttributeKey[Any]]
    read: Callable[[SearchAttributeValue], Any]
    is_single: bool = True


_KINDS: Final = {
    IndexedValueType.INDEXED_VALUE_TYPE_TEXT: _Kind(
        name="a Text", takes="text", make_key=SearchAttributeKey.for_text, read=_read_text
    ),
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD: _Kind(
        name="a Keyword", takes="text", make_key=SearchAttributeKey.for_keyword, read=_read_text
    ),
    IndexedValueType.INDEXED_VALUE_TYPE_INT: _Kind(
        name="an Int", takes="a whole number", make_key=SearchAttributeKey.for_int, read=_read_int
    ),
    IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE: _Kind(
        name="a Double", takes="a number", make_key=SearchAttributeKey.for_float, read=_read_double
    ),
    IndexedValueType.INDEXED_VALUE_TYPE_BOOL: _Kind(
        name="a Bool", takes="`true` or `false`", make_key=SearchAttributeKey.for_bool, read=_read_bool
    ),
    IndexedValueType.INDEXED_VALUE_TYPE_DATETIME: _Kind(
        name="a Datetime",
        takes="a time with an offset, such as `2026-01-01T00:00:00Z`",
        make_key=SearchAttributeKey.for_datetime,
        read=_read_instant,
    ),
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST: _Kind(
        name="a KeywordList",
        takes="a list of texts",
        make_key=SearchAttributeKey.for_keyword_list,
        read=_read_list,
        is_single=False,
    ),
}


def _guess(name: str, value: SearchAttributeValue) -> SearchAttributePair[Any]:
    """Pair a value with a key that can carry it."""
    match value:
        case bool():
            return SearchAttributePair(SearchAttributeKey.for_bool(name), value)
        case int():
            return SearchAttributePair(SearchAttributeKey.for_int(name), value)
        case float():
            return SearchAttributePair(SearchAttributeKey.for_float(name), value)
        case str():
            return SearchAttributePair(SearchAttributeKey.for_keyword(name), value)
        case _:
            return SearchAttributePair(SearchAttributeKey.for_keyword_list(name), list(value))
