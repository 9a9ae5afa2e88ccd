"""JSON text → plain values, within the limits that hold for YAML and TOML as well."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobspec.spec.positions import MAX_DEPTH, MAX_DIGITS, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.spec.positions import ValuePath


_TOO_DEEP = f"values are nested deeper than {MAX_DEPTH} levels"

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""How a part of a pair is written; the file is UTF-8, so that it cannot hold one as it is."""


class UnfitJsonError(ValueError):
    """The text is JSON, but holds a value that is refused.

    Args:
        message: What is wrong with it.
        path: Where the value is.
    """

    def __init__(self, message: str, path: ValuePath) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class _Unfit:
    """Stands where a number cannot be represented."""

    text: str


def parse_json(text: str) -> Any:
    """Read a JSON text.

    Raises:
        json.JSONDecodeError: It is not JSON.
        UnfitJsonError: It nests too deep, or holds a number that is not finite or has too many digits, or half of a
            surrogate pair.
    """
    unfit: list[_Unfit] = []

    def refuse(number: str) -> _Unfit:
        unfit.append(_Unfit(number))
        return unfit[-1]

    def read_int(number: str) -> int | _Unfit:
        return int(number) if len(number) <= MAX_DIGITS else refuse(number)

    def read_float(number: str) -> float | _Unfit:
        return value if math.isfinite(value := float(number)) else refuse(number)

    try:
        value = json.loads(text, parse_int=read_int, parse_float=read_float, parse_constant=refuse)
    except RecursionError:
        raise UnfitJsonError(_TOO_DEEP, ()) from None
    if unfit or _SURROGATE.search(text) or _is_too_deep(value):
        for path, item in _walk(value):
            if message := _find_fault(item, len(path)):
                raise UnfitJsonError(message, path)
    return value


def _is_too_deep(value: Any) -> bool:
    level, depth = [value], 0
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        if depth > MAX_DEPTH:
            return True
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return False


def _walk(value: Any) -> Iterator[tuple[ValuePath, Any]]:
    """List all values and keys; without recursion, because the text decides how deep they nest."""
    waiting: list[tuple[ValuePath, Any]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        yield path, item
        if len(path) > MAX_DEPTH:
            return
        if isinstance(item, dict):
            for key, inner in item.items():
                yield (*path, key), key
                waiting.append(((*path, key), inner))
        elif isinstance(item, list):
            waiting += [((*path, index), inner) for index, inner in enumerate(item)]


def _find_fault(item: Any, depth: int) -> str:
    """Say what is wrong with a single value; empty where nothing is."""
    if isinstance(item, dict | list) and depth >= MAX_DEPTH:
        return _TOO_DEEP
    if isinstance(item, str) and not item.isascii() and any("\ud800" <= each <= "\udfff" for each in item):
        return "the text holds half of a surrogate pair"
    if not isinstance(item, _Unfit):
        return ""
    if item.text.lstrip("-").isdigit():
        return f"the number has {len(item.text.lstrip('-')):,} digits, more than {MAX_DIGITS}"
    return f"{quote(item.text)} is not a finite number"
