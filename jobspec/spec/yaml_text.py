"""YAML text → plain values: the core schema of YAML 1.2, read strictly.

Built on the events of libyaml, without recursion: no input can exhaust the
stack, and nothing but the values is kept. libyaml knows the syntax of YAML
1.1; the meaning of scalars is decided here and follows YAML 1.2.2, §10.3.2
(https://yaml.org/spec/1.2.2/#1032-tag-resolution).
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Any

from yaml import YAMLError
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from jobspec.spec.positions import MAX_DEPTH, SyntaxProblem, quote
from jobspec.spec.yaml_mistakes import check_characters, explain, find_mark, make_problem
from jobspec.spec.yaml_scalars import CORE, NUMBER_ENDS, NUMBER_STARTS, WORDS, read_number, read_tagged, refuse_tag
from jobspec.spec.yaml_scan import scan_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobspec.spec.positions import Positions, ValuePath

MAX_ALIASED = 10_000
"""How many values the aliases of one document may stand for, all in all."""


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
                value = read_tagged(event)
            elif not event.style:
                if value in WORDS:
                    value = WORDS[value]
                elif value[0] in NUMBER_STARTS and value[-1] in NUMBER_ENDS:
                    value = read_number(value, event)
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
            if (
                kind is not ScalarEvent
                or type(value) is not str
                or value in container
                or (value == "<<" and not event.style)
            ):
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
        raise make_problem(
            "JS020",
            "job files are YAML 1.2, and directives cannot change that",
            event,
            hint="remove the lines that begin with `%`",
        )
    return True


def _close_document(next_event: Callable[[], Any]) -> None:
    event = next_event()
    if type(event) is DocumentStartEvent:
        raise make_problem(
            "JS016",
            "a second document begins here, and a file holds one",
            event,
            hint="put several jobs into a list under `jobs:`, or into files of their own",
        )


def _open_container(event: Any, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        raise make_problem("JS018", f"values are nested deeper than {MAX_DEPTH} levels", event, hint="nest them less")
    kind = "map" if type(event) is MappingStartEvent else "seq"
    if event.tag not in (None, CORE + kind):
        raise refuse_tag(event)
    return {} if kind == "map" else []


def _name(anchors: dict[str, Any], event: Any, value: Any) -> None:
    if event.anchor in anchors:
        raise make_problem(
            "JS017", f"the anchor {quote('&' + event.anchor)} is there twice", event, hint="give it another name"
        )
    anchors[event.anchor] = value


def _follow(event: Any, anchors: dict[str, Any], containers: list[Any]) -> Any:
    """Find what an alias stands for."""
    if event.anchor not in anchors:
        raise make_problem(
            "JS017",
            f"the alias {quote('*' + event.anchor)} has no anchor before it",
            event,
            hint="mark the value that is meant with an anchor (`&`), or quote the text if no alias is meant",
        )
    value = anchors[event.anchor]
    if any(value is container for container in containers):
        raise make_problem(
            "JS017",
            f"the alias {quote('*' + event.anchor)} stands inside the value it names",
            event,
            hint="write it out",
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
            raise make_problem(
                "JS017", f"the aliases stand for more than {MAX_ALIASED:,} values", event, hint="write fewer aliases"
            )
        containers = [item for item in level if type(item) in (dict, list)]
        if containers and depth >= MAX_DEPTH:
            raise make_problem(
                "JS018", f"with the alias, values are nested deeper than {MAX_DEPTH} levels", event, hint="nest less"
            )
        depth += 1
        level = [
            item for container in containers for item in (container.values() if type(container) is dict else container)
        ]
    return count


def _refuse_key(event: Any, key: Any, text: str, containers: list[Any]) -> SyntaxProblem:
    """Say what is wrong with a key: no text, a merge, or there already."""
    if type(event) is not ScalarEvent:
        what = "an alias" if type(event) is AliasEvent else "a mapping or list"
        return make_problem("JS013", f"a key must be text, not {what}", event, hint="write the key out")
    if type(key) is not str:
        return _refuse_key_type(event, key, text)
    if key == "<<" and not event.style:
        return make_problem(
            "JS015",
            "merge keys (`<<`) are no part of YAML 1.2",
            event,
            hint="put what jobs have in common into `defaults`, beside `jobs:` or in a `defaults.yaml`",
        )
    first = locate_yaml(text).key((*_find_path(containers), key))
    related = (f"{quote(key)} is first given here", first) if first else None
    message = f"the key {quote(key)} is there twice in one mapping"
    return make_problem("JS012", message, event, hint="remove one of them", related=related)


def _refuse_key_type(event: Any, key: Any, text: str) -> SyntaxProblem:
    if not event.value:
        span = find_mark(event.start_mark, text)  # where nothing stands, libyaml's mark may lie behind the end
        return SyntaxProblem("JS013", "the key is missing", span, hint="write a key before the `:`, or remove it")
    kind = "nothing" if key is None else "a truth value" if isinstance(key, bool) else "a number"
    return make_problem(
        "JS013",
        f"YAML reads the key {quote(event.value)} as {kind}, and a key must be text",
        event,
        hint=f'put it in quotes: `"{quote(event.value)[1:-1]}"`',
    )


def _find_path(containers: list[Any]) -> ValuePath:
    """Name the way to the innermost of some open containers: each is the last entry of the one before."""
    return tuple(
        next(reversed(container)) if type(container) is dict else len(container) - 1 for container in containers[1:-1]
    )


def locate_yaml(text: str) -> Positions:
    """Find where the keys and values of a document stand, up to the first mistake.

    Args:
        text: A document, as a rule one that :func:`parse_yaml` has read.
    """
    return scan_yaml(text.removeprefix("\ufeff"))
