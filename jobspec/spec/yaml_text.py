"""YAML text → plain values: the core schema of YAML 1.2, read strictly.

Built on the events of libyaml, without recursion: no input can exhaust the
stack, and nothing but the values is kept. libyaml knows the syntax of YAML
1.1; the meaning of scalars is decided here and follows YAML 1.2.2, §10.3.2
(https://yaml.org/spec/1.2.2/#1032-tag-resolution).
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from sys import intern
from typing import TYPE_CHECKING, Any, TypeAlias

from yaml import YAMLError
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from jobspec.spec.positions import MAX_DEPTH, MAX_DIGITS, Positions, Span, SyntaxProblem
from jobspec.spec.yaml_mistakes import check_characters, explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobspec.spec.positions import ValuePath

Mark: TypeAlias = Any  # libyaml's marks have `line` and `column`, both from 0, in characters

MAX_ALIASED = 10_000
"""How many values the aliases of one document may stand for, all in all."""

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("0123456789+-.")
_NUMBER = re.compile(
    r"""
      (?P<whole> [-+]? [0-9]+ )
    | (?P<octal> 0o [0-7]+ )
    | (?P<hex> 0x [0-9a-fA-F]+ )
    | (?P<broken> [-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ([eE] [-+]? [0-9]+)? )
    | (?P<infinite> [-+]? \.(inf|Inf|INF) | \.(nan|NaN|NAN) )
    """,
    re.VERBOSE,
)
_BASES = {"whole": 10, "octal": 8, "hex": 16}
_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS: dict[str, type] = {"null": type(None), "bool": bool, "int": int, "float": float}


def parse_yaml(text: str) -> Any:
    """Read one YAML document.

    Args:
        text: The document; a byte order mark at its start is no part of it.

    Returns:
        Mappings, lists, text, numbers, truth values and None. Aliases share the value that they name, so the
        result must not be changed. None for a text without a document.

    Raises:
        SyntaxProblem: The text is no YAML, or has something that job files may not have.
    """
    text = text.removeprefix("\ufeff")
    check_characters(text)
    try:
        return _build(text, CParser(text).get_event)
    except YAMLError as error:
        raise explain(error, text) from None


def _build(text: str, next_event: Callable[[], Any]) -> Any:  # noqa: C901, PLR0912, PLR0915 - see below
    """Turn events into values: one long loop, because a call for each event would cost a third of the time."""
    root: list[Any] = []
    if not _open_document(next_event):
        return None
    container: Any = root
    containers: list[Any] = []  # those around `container`, outermost first
    is_mapping = False
    key: str | None = None  # of a mapping, while its value is awaited
    anchors: dict[str, Any] = {}
    budget = MAX_ALIASED
    while True:
        event = next_event()
        kind = type(event)
        if kind is ScalarEvent:
            value = event.value
            if event.tag is not None:
                value = _read_tagged(event)
            elif not event.style:
                if value in _WORDS:
                    value = _WORDS[value]
                elif value[0] in _NUMBER_STARTS:
                    value = _read_number(value, event)
            if event.anchor is not None:
                _name(anchors, event, value)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            value = _open_container(event, len(containers))
            if event.anchor is not None:
                _name(anchors, event, value)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            container = containers.pop()
            is_mapping = type(container) is dict
            continue
        elif kind is AliasEvent:
            value = _follow(event, anchors, [*containers, container])
            budget -= _measure(event, value, len(containers), budget)
        else:
            _close_document(next_event)
            return root[0]
        if not is_mapping:
            container.append(value)
        elif key is None:
            if type(value) is not str or (value == "<<" and not event.style) or value in container:
                raise _refuse_key(event, value, text, [*containers, container])
            key = intern(value)
            continue
        else:
            container[key] = value
            key = None
        if kind is MappingStartEvent:
            containers.append(container)
            container, is_mapping = value, True
        elif kind is SequenceStartEvent:
            containers.append(container)
            container, is_mapping = value, False


def _open_document(next_event: Callable[[], Any]) -> bool:
    """Read up to the first value; False where there is none."""
    next_event()
    event = next_event()
    if type(event) is StreamEndEvent:
        return False
    if event.version not in (None, (1, 2)) or event.tags:
        raise SyntaxProblem(
            "JS020",
            "Job files are YAML 1.2, and directives cannot change that",
            Span(line=1, column=1),
            hint="Remove the lines that begin with `%` and the `---` after them.",
        )
    return True


def _close_document(next_event: Callable[[], Any]) -> None:
    event = next_event()
    if type(event) is DocumentStartEvent:
        raise _problem(
            "JS016",
            "A second document begins here, and a file holds one",
            event,
            hint="Put several jobs into a list under `jobs:`, or into files of their own.",
        )


def _open_container(event: Any, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        raise _problem("JS018", f"Values are nested deeper than {MAX_DEPTH} levels", event, hint="Nest them less.")
    kind = "map" if type(event) is MappingStartEvent else "seq"
    if event.tag not in (None, _CORE + kind):
        raise _refuse_tag(event)
    return {} if kind == "map" else []


def _read_number(text: str, event: Any) -> Any:
    """Read a plain scalar that may be a number; what is none remains text."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    kind = match.lastgroup or ""
    if kind in _BASES:
        if len(text) > MAX_DIGITS:
            raise _problem("JS021", f"The number has more than {MAX_DIGITS} digits", event, hint="Quote it as text.")
        return int(text, _BASES[kind])
    number = float(text) if kind == "broken" else math.inf
    if math.isinf(number):
        raise _problem(
            "JS021",
            f"`{text[:40]}` is no finite number, and JSON cannot carry it",
            event,
            hint="Quote it if text is meant.",
        )
    return number


def _read_tagged(event: Any) -> Any:
    """Read a scalar with a tag: the type that the tag names, or nothing."""
    name = event.tag.removeprefix(_CORE)
    if event.tag == _CORE + "str":
        return event.value
    if event.tag != _CORE + name or name not in _SCALAR_TAGS:
        raise _refuse_tag(event)
    value = event.value
    value = _WORDS[value] if value in _WORDS else _read_number(value, event)
    if name == "float" and type(value) is int:
        return float(value)
    if type(value) is not _SCALAR_TAGS[name]:
        raise _problem("JS014", f"The value is no `!!{name}`", event, hint="Remove the tag: the value says what it is.")
    return value


def _name(anchors: dict[str, Any], event: Any, value: Any) -> None:
    if event.anchor in anchors:
        raise _problem("JS017", f"The anchor `&{event.anchor}` is there twice", event, hint="Give it another name.")
    anchors[event.anchor] = value


def _follow(event: Any, anchors: dict[str, Any], containers: list[Any]) -> Any:
    """Find what an alias stands for."""
    if event.anchor not in anchors:
        raise _problem(
            "JS017",
            f"The alias `*{event.anchor}` has no anchor before it",
            event,
            hint=f"Mark the value that is meant with `&{event.anchor}`, or quote the text if no alias is meant.",
        )
    value = anchors[event.anchor]
    if any(value is container for container in containers):
        raise _problem(
            "JS017", f"The alias `*{event.anchor}` stands inside the value it names", event, hint="Write it out."
        )
    return value


def _measure(event: Any, value: Any, depth: int, budget: int) -> int:
    """Count the values that an alias adds, within the limits of number and depth.

    The walk ends where the budget does, so all aliases of a document together cost no more than the budget.
    """
    count = 0
    level = [value]
    while level:
        count += len(level)
        if count > budget:
            raise _problem(
                "JS017", f"The aliases stand for more than {MAX_ALIASED:,} values", event, hint="Write fewer aliases."
            )
        containers = [item for item in level if type(item) in (dict, list)]
        if containers and depth >= MAX_DEPTH:
            raise _problem(
                "JS018", f"With the alias, values are nested deeper than {MAX_DEPTH} levels", event, hint="Nest less."
            )
        depth += 1
        level = [
            item for container in containers for item in (container.values() if type(container) is dict else container)
        ]
    return count


def _refuse_key(event: Any, key: Any, text: str, containers: list[Any]) -> SyntaxProblem:
    """Say what is wrong with a key: no text, a merge, or there already."""
    if type(key) in (dict, list):
        return _problem("JS013", "A key must be text, not a mapping or list", event, hint="Write the key in one word.")
    if type(key) is not str:
        written = getattr(event, "value", None) or "null"
        hint = f'Quote it: `"{written}"`.' if event.anchor is None else "Write the key out."
        return _problem(
            "JS013", f"The key `{written[:40]}` is {_say_type(key)}, and a key must be text", event, hint=hint
        )
    if key == "<<" and not getattr(event, "style", None):
        return _problem(
            "JS015",
            "Merge keys (`<<`) are no part of YAML 1.2",
            event,
            hint="Use `defaults` or a `defaults.yaml` beside the jobs for what they share.",
        )
    path = (*_find_path(containers), key)
    first = locate_yaml(text).key(path)
    related = (f"`{key}` is first given here", first) if first else None
    return _problem(
        "JS012", f"The key `{key}` is there twice in one mapping", event, hint="Remove one of them.", related=related
    )


def _find_path(containers: list[Any]) -> ValuePath:
    """Name the way to the innermost of some open containers: each is the last entry of the one before."""
    return tuple(
        next(reversed(container)) if type(container) is dict else len(container) - 1 for container in containers[1:-1]
    )


def _say_type(value: Any) -> str:
    if value is None:
        return "nothing"
    return "a truth value" if isinstance(value, bool) else "a number"


def _refuse_tag(event: Any) -> SyntaxProblem:
    tag = event.tag.replace(_CORE, "!!")
    return _problem("JS014", f"The tag `{tag[:60]}` has no meaning in a job file", event, hint="Remove the tag.")


def _problem(
    code: str, message: str, event: Any, *, hint: str, related: tuple[str, Span] | None = None
) -> SyntaxProblem:
    start, end = event.start_mark, event.end_mark
    length = end.column - start.column if end.line == start.line else 1
    span = Span(line=start.line + 1, column=start.column + 1, length=max(length, 1))
    return SyntaxProblem(code, message, span, hint=hint, related=related)


_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+)+")
_LINE_BREAK = re.compile(r"\r\n|\n|\r")


def locate_yaml(text: str) -> Positions:
    """Find where the keys and values of a document stand, up to the first mistake.

    Args:
        text: A document, as a rule one that :func:`parse_yaml` has read.
    """
    locator = _Locator(text.removeprefix("\ufeff"))
    with suppress(YAMLError, UnicodeEncodeError):
        locator.run()
    return Positions(values=locator.values, keys=locator.keys, aliases=locator.aliases)


class _Locator:
    """Walks over a document once more and writes down where things are."""

    def __init__(self, text: str) -> None:
        self.values: dict[ValuePath, Span] = {}
        self.keys: dict[ValuePath, Span] = {}
        self.aliases: dict[ValuePath, ValuePath] = {}
        self._text = text
        self._lines = _LINE_BREAK.split(text)
        self._anchors: dict[str, ValuePath] = {}
        # An open container is its path, the mark of its start, and the count of its items or None for a mapping.
        self._open: list[tuple[ValuePath, Mark, int | None]] = []
        self._key: str | None = None

    def run(self) -> None:
        next_event: Callable[[], Any] = CParser(self._text).get_event
        while type(event := next_event()) is not DocumentEndEvent and type(event) is not StreamEndEvent:
            kind = type(event)
            if kind in (MappingEndEvent, SequenceEndEvent):
                self._close(event)
            elif kind in (ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent):
                self._place(event, kind)
            if len(self._open) > MAX_DEPTH:
                return

    def _place(self, event: Any, kind: type) -> None:
        if self._is_key(event, kind):
            return
        path = self._take_path()
        self.values.setdefault(path, self._measure(event))
        if kind is AliasEvent:
            self.aliases.setdefault(path, self._anchors.get(event.anchor, path))
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
        line = self._lines[start.line]
        is_whole = end.line == start.line and type(event) in (ScalarEvent, AliasEvent)
        stop = end.column if is_whole else len(line.rstrip())
        column: int = start.column
        if type(event) is not AliasEvent and (match := _PROPERTIES.match(line, column)):
            column = match.end()
        return Span(line=start.line + 1, column=column + 1, length=max(stop - column, 1))
