"""Where the keys and values of a TOML text stand.

Judges nothing: tomllib decides what is valid, and this reads what is, by the
grammar of TOML 1.0 (https://toml.io/en/v1.0.0). Where it finds something
else it stops, and what it has found until then remains.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, NoReturn

from jobspec.spec.positions import MAX_DEPTH, MAX_EXCERPT, Span

if TYPE_CHECKING:
    from jobspec.spec.positions import ValuePath

_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*+")
_COMMENT = re.compile(r"#[^\n]*")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'""")
_VALUE = re.compile(
    r'''
      """ (?: [^"\\] | \\. | "{1,2}(?!") )*+ "{3,5}
    | \'\'\' (?: [^'] | '{1,2}(?!') )*+ '{3,5}
    | " (?: [^"\\\n] | \\. )*+ "
    | ' [^'\n]*+ '
    | [0-9]{4}-[0-9]{2}-[0-9]{2} [ ] [0-9]{2}: [^\s,\]}\#]*+
    | [^\s,\[\]{}\#"'=]++
    ''',
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


@dataclass(slots=True)
class Scan:
    """What a scan found.

    Attributes:
        values: The span of each value; of a table its header, or the key that implies it.
        keys: The span of the key that introduces a value.
        duplicate: The first path that is given twice, with the spans of both keys.
        too_deep: Where values are nested deeper than allowed; the scan ends there.
        comments: Where comments begin, as offsets, in order.
    """

    values: dict[ValuePath, Span] = field(default_factory=dict)
    keys: dict[ValuePath, Span] = field(default_factory=dict)
    duplicate: tuple[ValuePath, Span, Span] | None = None
    too_deep: Span | None = None
    comments: list[int] = field(default_factory=list)


def scan_toml(text: str, *, most: float = math.inf) -> Scan:
    """Find all keys and values of a text, up to the first mistake.

    Args:
        text: The text.
        most: With how many keys and values the scan ends; it finishes what a diagnostic can show of that line.
    """
    scanner = _Scanner(text, most)
    with suppress(_Stopped):
        scanner.run()
    return scanner.found


class _Stopped(Exception):  # noqa: N818 - the end of a scan and no error
    """The text goes on with something that is no TOML, or nothing that may be followed."""


class _Scanner:
    def __init__(self, text: str, most: float) -> None:
        self.found = Scan()
        self._most = most
        self._full_at: int | None = None
        self._text = text
        self._at = 0
        lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in lines)]
        self._lengths = [len(line.rstrip()) for line in lines]
        self._counts: dict[ValuePath, int] = {}  # how many items each array of tables has
        self._given: set[ValuePath] = set()  # what may not be given again
        self._assigned: set[ValuePath] = set()  # what has a value, and so cannot become a table
        self._tables: set[ValuePath] = set()  # what dotted keys made, and no header may open again

    def run(self) -> None:
        """Read statement by statement."""
        table: ValuePath = ()
        self.found.values[()] = Span(line=1, column=1, length=max(self._lengths[0], 1))
        while self._skip() < len(self._text):
            self._stop_if_full()
            if self._text.startswith("[", self._at):
                table = self._read_header()
            else:
                self._read_value(self._read_key(table, dotted=True))

    def _stop_if_full(self) -> None:
        if self._full_at is None and len(self.found.values) + len(self.found.keys) >= self._most:
            start = self._text.rfind("\n", 0, self._at) + 1
            end = self._text.find("\n", self._at)
            self._full_at = min(start + MAX_EXCERPT, len(self._text) if end < 0 else end)
        if self._full_at is not None and self._at >= self._full_at:
            raise _Stopped

    def _skip(self) -> int:
        match = _SKIP.match(self._text, self._at)
        if match:
            if "#" in match[0]:
                self.found.comments += [self._at + comment.start() for comment in _COMMENT.finditer(match[0])]
            self._at = match.end()
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _Stopped
        self._at = match.end()
        return match[0]

    def _read_header(self) -> ValuePath:
        """Read `[table]` or `[[item]]`; the path of what follows."""
        start = self._at
        is_item = self._text.startswith("[[", start)
        self._at += 2 if is_item else 1
        self._skip_blanks()
        path = self._read_key((), dotted=False)
        self._skip_blanks()
        if not self._text.startswith("]]" if is_item else "]", self._at):
            raise _Stopped
        self._at += 2 if is_item else 1
        span = self._make_span(start, self._at)
        if len(path) + is_item >= MAX_DEPTH:
            self._stop_at_depth(span)
        if is_item:
            if path in self._given:
                self._note_duplicate(path, span)
            self.found.values.setdefault(path, span)
            count = self._counts[path] = self._counts.get(path, 0) + 1
            path = (*path, count - 1)
        else:
            self._give(path, span)
        self.found.values[path] = span
        return path

    def _skip_blanks(self) -> None:
        while self._text.startswith((" ", "\t"), self._at):
            self._at += 1

    def _read_key(self, path: ValuePath, *, dotted: bool) -> ValuePath:
        """Read a key below a path, with all its parts and whatever they imply."""
        start = self._at
        while True:
            place = self._at
            path = (*path, _unquote(self._take(_KEY)))
            span = self._make_span(place, self._at)
            if len(path) > MAX_DEPTH:
                self._stop_at_depth(span)
            self.found.keys.setdefault(path, span)
            if not _DOT.match(self._text, self._at):
                break
            self._take(_DOT)
            self.found.values.setdefault(path, span)
            if path in self._assigned:
                self._note_duplicate(path, span)
            if dotted:
                self._tables.add(path)
            elif path in self._counts:
                path = (*path, self._counts[path] - 1)
        if dotted:
            self._give(path, self._make_span(start, self._at))
            self._assigned.add(path)
            self._take(_EQUALS)
        return path

    def _give(self, path: ValuePath, span: Span) -> None:
        """Note that a value or table is given, and whether it was given before."""
        if path in self._given or path in self._tables or path in self._counts:
            self._note_duplicate(path, span)
        self._given.add(path)

    def _note_duplicate(self, path: ValuePath, span: Span) -> None:
        if self.found.duplicate is None:
            self.found.duplicate = (path, self.found.keys.get(path, span), span)

    def _stop_at_depth(self, span: Span) -> NoReturn:
        self.found.too_deep = span
        raise _Stopped

    def _read_value(self, path: ValuePath) -> None:
        """Read a value with all that is in it; without recursion, as the text may be hostile."""
        opened: list[tuple[ValuePath, int, int | None]] = []  # path, start, and count of items or None for a table
        while True:
            self._stop_if_full()
            start = self._at
            if self._text.startswith(("[", "{"), start):
                self._at += 1
                opened.append((path, start, 0 if self._text[start] == "[" else None))
                self.found.values[path] = self._make_span(start, self._at)
                if len(path) >= MAX_DEPTH:
                    self._stop_at_depth(self.found.values[path])
            else:
                self._take(_VALUE)
                self.found.values[path] = self._make_span(start, self._at)
            inner = self._find_next(opened)
            if inner is None:
                return
            path = inner

    def _find_next(self, opened: list[tuple[ValuePath, int, int | None]]) -> ValuePath | None:
        """Close what ends here and go to the next value inside; None at the end of the outermost."""
        while opened:
            path, start, count = opened[-1]
            self._skip()
            if self._text.startswith(",", self._at):
                self._at += 1
                self._skip()
            if self._text.startswith(("]", "}"), self._at):
                self._at += 1
                self.found.values[path] = self._make_span(start, self._at)
                opened.pop()
                continue
            if count is None:
                return self._read_key(path, dotted=True)
            opened[-1] = (path, start, count + 1)
            return (*path, count)
        return None

    def _make_span(self, start: int, end: int) -> Span:
        """Make the span of what stands between two places, as far as the first line goes."""
        line = min(bisect_right(self._starts, start), len(self._lengths)) - 1
        column = start - self._starts[line]
        length = min(end - start, self._lengths[line] - column)
        last = bisect_right(self._starts, max(end - 1, start)) - 1
        return Span(line=line + 1, column=column + 1, length=max(length, 1), lines=max(last - line, 0) + 1)


def _unquote(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if key.startswith('"'):
        return _ESCAPE.sub(_unescape, key[1:-1])
    return key


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code is None:
        return _ESCAPES.get(match[3], match[3])
    return chr(min(int(code, 16), 0x10FFFF))
