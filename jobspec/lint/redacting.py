"""Diagnostics without the values that a project never shows: neither in the lines that they quote nor in messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jobspec.lint.secrets import redact
from jobspec.spec.redaction import REDACTED
from jobspec.spec.source import list_later_lines, locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobspec.diagnostics import Diagnostic, Location
    from jobspec.spec.positions import ValuePath
    from jobspec.spec.redaction import Redaction
    from jobspec.spec.source import Document

_SHORTEST = 4
"""Texts below that are looked for only in what is said of their own place; elsewhere they would be any word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hidden:
    location: Location
    later: frozenset[tuple[str, int]]
    """Lines below the first one on which it goes on, each with the file."""
    leaf: Any


def hide_values(
    diagnostics: Iterable[Diagnostic], documents: Iterable[Document], redaction: Redaction
) -> tuple[Diagnostic, ...]:
    """Leave out of diagnostics what must not be shown.

    Args:
        diagnostics: Any.
        documents: The files that could be read; of another one, no line is shown.
        redaction: What must not be shown.
    """
    found = tuple(diagnostics)
    if not redaction or not found:
        return found
    files = {document.path: document for document in documents}
    concerned = {place.path for diagnostic in found for place in _list_places(diagnostic)}
    hidden = [each for path in concerned & files.keys() for each in _find_hidden(files[path], redaction)]
    masked = redact(found, [each.location for each in hidden], {line for each in hidden for line in each.later})
    return tuple(_hide_quotes(_hide_unread(diagnostic, files), hidden) for diagnostic in masked)


def _list_places(diagnostic: Diagnostic) -> Iterator[Location]:
    yield diagnostic.location
    yield from (related.location for related in diagnostic.related)


def _find_hidden(document: Document, redaction: Redaction) -> Iterator[_Hidden]:
    for layer, value in _walk_layers(document):
        for path in redaction.find(value):
            for place, leaf in list_leaves(value, path):
                whole = (*layer, *place)
                later = frozenset(list_later_lines(document, whole))
                yield _Hidden(location=locate(document, whole), later=later, leaf=leaf)


def _walk_layers(document: Document) -> Iterator[tuple[ValuePath, Any]]:
    """Walk all mappings in which keys of a job may stand."""
    value = document.value
    jobs = value.get("jobs")
    tops: list[tuple[ValuePath, Any]] = [((), value), (("defaults",), value.get("defaults"))]
    tops += [(("jobs", index), job) for index, job in enumerate(jobs if isinstance(jobs, list) else ())]
    for path, top in tops:
        if isinstance(top, dict):
            yield path, top
            overlays = top.get("env")
            for env, overlay in overlays.items() if isinstance(overlays, dict) else ():
                yield (*path, "env", env), overlay


def list_leaves(value: Any, path: ValuePath) -> Iterator[tuple[ValuePath, Any]]:
    """List all that is no mapping or list at a path of a value or below it, each with its own path."""
    yield from _walk_leaves(_get(value, path), path)


def _walk_leaves(value: Any, path: ValuePath) -> Iterator[tuple[ValuePath, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _walk_leaves(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _walk_leaves(inner, (*path, index))
    else:
        yield path, value


def _get(value: Any, path: ValuePath) -> Any:
    for step in path:
        value = value[step]
    return value


def _list_texts(value: Any) -> tuple[str, ...]:
    """List how a message may quote a value, longest first."""
    if value is None:
        return ()
    texts = {str(value), json.dumps(value, default=str)[1:-1] if isinstance(value, str) else repr(value)}
    return tuple(sorted(filter(None, texts), key=len, reverse=True))


def _hide_unread(diagnostic: Diagnostic, files: Mapping[str, Document]) -> Diagnostic:
    """Leave lines out where nobody knows what stands in them."""

    def hide(location: Location) -> Location:
        return location if location.path in files else replace(location, excerpt="")

    related = tuple(replace(each, location=hide(each.location)) for each in diagnostic.related)
    return replace(diagnostic, location=hide(diagnostic.location), related=related)


def _hide_quotes(diagnostic: Diagnostic, hidden: Iterable[_Hidden]) -> Diagnostic:
    message, hint = diagnostic.message, diagnostic.hint
    for each in hidden:
        is_meant = _is_at(diagnostic.location, each.location)
        message, hint = (hide_texts(text, each.leaf, is_meant=is_meant) for text in (message, hint))
    if (message, hint) == (diagnostic.message, diagnostic.hint):
        return diagnostic
    return replace(diagnostic, message=message, hint=hint)


def hide_texts(said: str, leaf: Any, *, is_meant: bool) -> str:
    """Leave a value out of what is said.

    Args:
        said: A message or a hint.
        leaf: The value.
        is_meant: Whether it is said of the very place of the value.
    """
    for text in _list_texts(leaf):
        if is_meant or len(text) >= _SHORTEST:
            said = said.replace(text, REDACTED)
    return said


def _is_at(one: Location, other: Location) -> bool:
    return (one.path, one.line, one.column) == (other.path, other.line, other.column)
