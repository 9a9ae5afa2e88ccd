"""Values that went through a data converter, as JSON and as text."""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any, Final

from jobspec.render.terminal import escape_character
from jobspec.results import Raw

if TYPE_CHECKING:
    from collections.abc import Iterable


MAX_DEPTH: Final = 100
"""How deep values may be nested; pydantic writes no deeper than 255, and what is deeper nobody reads."""


def to_json(value: Any, *, depth: int = MAX_DEPTH) -> Any:
    """Make a value of it that JSON can hold.

    What could not be decoded, and plain bytes, become their encoding and their bytes in base64; what JSON has no word
    for, or is nested too deeply, becomes text.

    Args:
        value: Any.
        depth: How deep it may be nested.
    """
    match value:
        case Raw():
            return {"encoding": value.encoding, "data": base64.b64encode(value.data).decode("ascii")}
        case float() if not math.isfinite(value):
            return str(value)
        case None | bool() | int() | float() | str():
            return value
        case dict() if depth:
            return {str(key): to_json(inner, depth=depth - 1) for key, inner in value.items()}
        case list() | tuple() if depth:
            return [to_json(inner, depth=depth - 1) for inner in value]
    return _convert(value) if depth else str(value)


def _convert(value: Any) -> Any:
    """Convert whatever else it is: a project's own data converter may make anything of a payload."""
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    if isinstance(value, bytes):
        return to_json(Raw(encoding="binary/plain", data=value))
    try:
        return to_jsonable_python(value, bytes_mode="base64", inf_nan_mode="strings", fallback=str)
    except (PydanticSerializationError, ValueError, RecursionError):
        return str(value)


def write_json(value: Any, *, indent: int | None = None, ascii: bool = False) -> str:  # noqa: A002  the word for it
    """Write a value as JSON that a terminal shows and does not obey.

    Args:
        value: Any.
        indent: Columns by which inner lines are indented; None writes one line.
        ascii: Whether the output can show ASCII only.
    """
    text = json.dumps(to_json(value), indent=indent, ensure_ascii=ascii, allow_nan=False)
    return text if text.isascii() and "\x7f" not in text else "".join(map(_escape, text))


def _escape(character: str) -> str:
    """JSON escapes only what stands in texts, and that is where anything invisible is, line breaks aside."""
    if character == "\n" or escape_character(character) == character:
        return character
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


def tell_value(value: Any) -> str:
    """Write a value for people, on one line."""
    if isinstance(value, Raw):
        noun = "byte" if len(value.data) == 1 else "bytes"
        return f"<{value.encoding or 'no encoding'}, {len(value.data):,} {noun}>"
    return write_json(value)


def tell_values(values: Iterable[Any]) -> str:
    """Write arguments for people, on one line."""
    return ", ".join(map(tell_value, values))


def write_token(token: bytes) -> str:
    """Write a page token as text that the shell leaves alone."""
    return base64.urlsafe_b64encode(token).decode("ascii")
