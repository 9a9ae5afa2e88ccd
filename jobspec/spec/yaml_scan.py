"""Where the keys and values of a YAML text stand."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from yaml import YAMLError
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from jobspec.spec.positions import MAX_DEPTH, MAX_EXCERPT, MAX_PLACES, Positions, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobspec.spec.positions import ValuePath

Mark: TypeAlias = Any  # libyaml's marks have `line` and `column`, both from 0, in characters

# Each ends where libyaml lets it end. Up to the next space would do as well, but in `[&a,&b,…]` that is the whole line,
# once for each anchor.
_PROPERTIES = re.compile(r"(?:(?:&[\w-]*+|!<[^>\s]*+>|![^\s,\[\]{}]*+)[ \t]++)+")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # as libyaml counts lines


def scan_yaml(text: str) -> Positions:
    """Find the keys and values of a document, up to the first mistake that libyaml finds or to `MAX_PLACES`."""
    scanner = _Scanner(text)
    with suppress(YAMLError, UnicodeEncodeError):
        scanner.run()
    return Positions(values=scanner.values, keys=scanner.keys, aliases=scanner.aliases)


class _Scanner:
    """Walks over a document once more and writes down where things are."""

    def __init__(self, text: str) -> None:
        self.values: dict[ValuePath, Span] = {}
        self.keys: dict[ValuePath, Span] = {}
        self.aliases: dict[ValuePath, ValuePath] = {}
        self._text = text
        self._lines = _LINE_BREAK.split(text)
        self._ends = [len(line.rstrip()) for line in self._lines]
        self._anchors: dict[str, ValuePath] = {}
        # An open container is its path, the mark of its start, and the count of its items or None for a mapping.
        self._open: list[tuple[ValuePath, Mark, int | None]] = []
        self._key: str | None = None
        self._full_line: int | None = None

    def run(self) -> None:
        next_event: Callable[[], Any] = CParser(self._text).get_event
        while type(event := next_event()) is not DocumentEndEvent and type(event) is not StreamEndEvent:
            kind = type(event)
            if kind in (MappingEndEvent, SequenceEndEvent):
                self._close(event)
            elif kind in (ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent):
                self._place(event, kind)
            if len(self._open) > MAX_DEPTH or self._is_full(event.start_mark):
                return

    def _is_full(self, mark: Mark) -> bool:
        """Whether enough was found, and all else on the part of the line that a diagnostic can show."""
        if self._full_line is None and len(self.values) + len(self.keys) >= MAX_PLACES:
            self._full_line = mark.line
        return self._full_line is not None and (mark.line > self._full_line or mark.column > MAX_EXCERPT)

    def _place(self, event: Any, kind: type) -> None:
        if self._is_key(event, kind):
            return
        path = self._take_path()
        self.values.setdefault(path, self._measure(event))
        if kind is AliasEvent:
            if event.anchor in self._anchors:
                self.aliases.setdefault(path, self._anchors[event.anchor])
        elif event.anchor is not None:
            self._anchors[event.anchor] = path
        if kind is MappingStartEvent:
            self._open.append((path, event.start_mark, None))
        elif kind is SequenceStartEvent:
            self._open.append((path, event.start_mark, 0))

    def _is_key(self, event: Any, kind: type) -> bool:
        """Take a scalar or alias as the key of the mapping that waits for one."""
        if not self._open or self._open[-1][2] is not None or self._key is not None:
            return False
        self._key = event.value if kind is ScalarEvent else ""
        self.keys.setdefault((*self._open[-1][0], self._key), self._measure(event))
        return kind in (ScalarEvent, AliasEvent)

    def _take_path(self) -> ValuePath:
        """Name the path of the value that comes next."""
        if not self._open:
            return ()
        path, mark, count = self._open[-1]
        if count is not None:
            self._open[-1] = (path, mark, count + 1)
            return (*path, count)
        key, self._key = self._key, None
        return (*path, key or "")

    def _close(self, event: Any) -> None:
        """Give a container that ends on its first line its whole length."""
        path, start, _ = self._open.pop()
        end = event.end_mark
        if end.line == start.line and end.column > start.column:
            first = self.values[path]
            length = end.column + 1 - first.column
            self.values[path] = Span(line=first.line, column=first.column, length=max(length, 1))

    def _measure(self, event: Any) -> Span:
        """Find the part of a node that stands on its first line, without anchor and tag."""
        start, end = event.start_mark, event.end_mark
        if start.line >= len(self._lines):  # libyaml counts a line more than there is, for what is not there
            return Span(line=len(self._lines), column=len(self._lines[-1]) + 1)
        line = self._lines[start.line]
        is_whole = end.line == start.line and type(event) in (ScalarEvent, AliasEvent)
        stop = end.column if is_whole else self._ends[start.line]
        column: int = start.column
        if type(event) is not AliasEvent and (match := _PROPERTIES.match(line, column)):
            column = match.end()
        last = end.line - (1 if end.column == 0 and end.line > start.line else 0)  # a block ends below itself
        lines = last - start.line + 1 if type(event) is ScalarEvent else 1
        return Span(line=start.line + 1, column=column + 1, length=max(stop - column, 1), lines=lines)
