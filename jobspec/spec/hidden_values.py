"""Diagnostics, problems and errors without the values that must not be shown: in quoted lines and in messages."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from jobspec.bugs import HINT, describe_bug
from jobspec.secrets import MASK, mask_values
from jobspec.spec.document import list_later_lines, locate
from jobspec.spec.redaction import NOTHING_REDACTED, REDACTED, Redaction
from jobspec.spec.validation import say_path

if TYPE_CHECKING:
    from jobspec.diagnostics import Diagnostic, Location
    from jobspec.spec.document import Document
    from jobspec.spec.model import JobSpec
    from jobspec.spec.positions import ValuePath
    from jobspec.spec.validation import Problem

_SHORTEST = 4
"""Texts below that are looked for only in what is said of their own place; elsewhere they would be any word."""

_WORD = re.compile(r"\w+")
_PART = re.compile(r"\w{6,}")
"""What a hint may repeat of a value that it takes apart, such as one that should have been an import path."""

_UNTOLD = "`{}` cannot be written as JSON, and why is not told, for the project redacts parts of it"


def hide_values(
    diagnostics: Iterable[Diagnostic], documents: Iterable[Document], redaction: Redaction
) -> tuple[Diagnostic, ...]:
    """Leave out of diagnostics what must not be shown.

    Args:
        diagnostics: Any.
        documents: The files that could be read. Of another one, no line is shown where the project names values, since
            they cannot be found in it.
        redaction: What must not be shown.
    """
    found = tuple(diagnostics)
    if not found:
        return found
    files = {document.path: document for document in documents}
    concerned = {place.path for diagnostic in found for place in _list_places(diagnostic)}
    hidden = _Hidden()
    unknown: dict[str, str] = {}
    for path in concerned & files.keys():
        try:
            hidden.add(files[path], redaction)
        except Exception as error:  # noqa: BLE001  nothing is shown of this file, and all of the others
            unknown[path] = describe_bug(error)

    def hide(location: Location) -> Location:
        return replace(location, excerpt="") if redaction and location.path not in files else hidden.mask(location)

    def show(diagnostic: Diagnostic) -> Diagnostic:
        if bugs := [unknown[place.path] for place in _list_places(diagnostic) if place.path in unknown]:
            return _withhold(diagnostic, bugs[0])
        return replace(
            diagnostic,
            location=hide(diagnostic.location),
            message=hidden.hide(diagnostic.message, diagnostic.location),
            hint=hidden.hide(diagnostic.hint, diagnostic.location),
            related=tuple(replace(each, location=hide(each.location)) for each in diagnostic.related),
        )

    return tuple(map(show, found))


def _withhold(diagnostic: Diagnostic, bug: str) -> Diagnostic:
    """Say nothing but where something is wrong, because it is not known what must not be shown."""
    message = f"what is wrong here is withheld because of a bug in jobspec ({bug})"
    return replace(
        diagnostic, message=message, hint=HINT, location=replace(diagnostic.location, excerpt=""), related=()
    )


def _list_places(diagnostic: Diagnostic) -> Iterator[Location]:
    yield diagnostic.location
    yield from (related.location for related in diagnostic.related)


@dataclass(frozen=True, slots=True)
class _Hidden:
    """The values of some files that must not be shown, to be looked up by place and by word: there may be many.

    Attributes:
        spans: Start and length of those that begin on a line.
        later: Lines below the first one on which they go on.
        by_place: Those at a line and column.
        by_word: Those whose text begins with a word.
    """

    spans: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    later: set[tuple[str, int]] = field(default_factory=set)
    by_place: dict[tuple[str, int, int], list[Any]] = field(default_factory=lambda: defaultdict(list))
    by_word: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, document: Document, redaction: Redaction) -> None:
        """Find the values of a file that must not be shown."""
        for layer, value in _walk_layers(document):
            for path in redaction.find(value):
                for place, leaf in _list_leaves(value, path):
                    self._add(document, (*layer, *place), leaf)

    def _add(self, document: Document, path: ValuePath, leaf: Any) -> None:
        place = locate(document, path)
        self.spans[place.path, place.line].append((place.column - 1, place.length))
        self.later.update(list_later_lines(document, path))
        self.by_place[place.path, place.line, place.column].append(leaf)
        for text in _list_texts(leaf):
            if len(text) >= _SHORTEST and (word := _WORD.search(text)):
                self.by_word[word[0]].add(text)

    def mask(self, location: Location) -> Location:
        """Put a mask over values in the line that is shown; as long as they are, so that carets stay where they are."""
        if (location.path, location.line) in self.later:
            return replace(location, excerpt="")
        shown = location.excerpt
        for start, length in self.spans.get((location.path, location.line), ()):
            end = min(start + length, len(shown))
            if start < end:
                shown = shown[:start] + MASK * (end - start) + shown[end:]
        return replace(location, excerpt=mask_values(shown, self._find_texts(shown)))

    def hide(self, said: str, location: Location) -> str:
        """Leave values out of what is said of a place."""
        for leaf in self.by_place.get((location.path, location.line, location.column), ()):
            said = mask_values(_hide_texts(said, leaf, is_meant=True), _PART.findall(str(leaf)))
        for text in sorted(self._find_texts(said), key=len, reverse=True):
            said = said.replace(text, REDACTED)
        return said

    def _find_texts(self, said: str) -> set[str]:
        words = {match[0] for match in _WORD.finditer(said)} if self.by_word else ()
        return {text for word in words for text in self.by_word.get(word, ())}


def _walk_layers(document: Document) -> Iterator[tuple[ValuePath, Any]]:
    """Walk all mappings in which keys of a job may stand."""
    jobs = document.value.get("jobs")
    several = {"jobs", "defaults"} & document.value.keys()
    tops: list[tuple[ValuePath, Any]] = [
        ((), {key: value for key, value in document.value.items() if key not in several}),
        (("defaults",), document.value.get("defaults")),
        *((("jobs", index), job) for index, job in enumerate(jobs if isinstance(jobs, list) else ())),
    ]
    for path, top in tops:
        if isinstance(top, dict):
            overlays = top.get("env")
            yield path, {key: value for key, value in top.items() if key != "env"}
            for env, overlay in overlays.items() if isinstance(overlays, dict) else ():
                yield (*path, "env", env), overlay


def _list_leaves(value: Any, path: ValuePath) -> Iterator[tuple[ValuePath, Any]]:
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


def list_private_values(spec: JobSpec) -> dict[str, Any]:
    """List all values of a job that can be private, by the first key of their paths."""
    run = spec.run
    texts = {key: getattr(run, key) for key in ("memo", "search_attributes", "static_summary", "static_details")}
    return {"input": spec.input, "args": spec.args, "run": texts}


def hide_arguments(problems: Iterable[Problem], spec: JobSpec, redaction: Redaction) -> Iterator[Problem]:
    """Leave out of messages about a job's arguments what must not be shown, as `hide_values` does for files.

    Args:
        problems: What is wrong with the arguments.
        spec: The job that has them.
        redaction: What must not be shown.
    """
    found = tuple(problems)
    if not found:
        return
    try:
        value = to_jsonable_python({"input": spec.input, "args": spec.args}, fallback=str)
    except ValueError:  # it contains itself, is too deep or refuses; what is private in it cannot be found then
        if redaction:
            found = tuple(replace(each, message=_UNTOLD.format(say_path(each.path)), hint="") for each in found)
        yield from found
        return
    hidden = [leaf for path in redaction.find(value) for leaf in _list_leaves(value, path)]
    for problem in found:
        yield _hide_leaves(problem, hidden)


def _hide_leaves(problem: Problem, hidden: Iterable[tuple[ValuePath, Any]]) -> Problem:
    message, hint = problem.message, problem.hint
    for place, leaf in hidden:
        is_meant = place == problem.path
        message, hint = (_hide_texts(text, leaf, is_meant=is_meant) for text in (message, hint))
    return replace(problem, message=message, hint=hint)


def tell_error(
    error: BaseException, values: Any = None, *, redaction: Redaction = NOTHING_REDACTED, is_hidden: bool = False
) -> str:
    """Say what user code raised that had values of a job in its hands, and may quote them.

    Args:
        error: What was raised.
        values: The values; what looks like a secret in them is left out.
        redaction: What must not be shown. Where the project names anything, only the type of the error is told, as a
            converter may have changed a value before it quoted it.
        is_hidden: Whether only the type is told in any case, as where a codec hides the values.
    """
    kind, said = type(error).__name__, " ".join(str(error).split())
    if is_hidden or redaction or not said:
        return kind
    for path in redaction.find(values):
        for _, leaf in _list_leaves(values, path):
            said = _hide_texts(said, leaf, is_meant=False)
    return f"{kind}: {said}"


def _hide_texts(said: str, leaf: Any, *, is_meant: bool) -> str:
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
