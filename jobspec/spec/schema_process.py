"""The process that applies JSON Schemas to inputs, so that no schema can hang or crash the one that asks.

It reads one request a line on stdin, two JSON objects in a list, and answers with one object a line on stdout, until
stdin ends. A request names a schema by its digest; where the process does not have that schema (any more), it says so
and gets it with the next request. The answer says what is wrong with the schema (`fault`), or with the input
(`errors`), and how many seconds of processor time that took.

What a stranger writes can cost it time and memory and nothing else: before the first request it gives up the right to
open files and sockets, its memory is limited, and a timer ends it when one request takes too long.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
import traceback
from collections import OrderedDict
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Iterator

Place: TypeAlias = list[str | int]

MOST_ERRORS: Final = 100
"""How many mistakes in one input are told; with one more it is known that there are more."""

_MOST_SCHEMAS = 32
_MOST_GUESSES = 5
"""For how many mistakes the words are told of which one may have been meant."""

_MOST_WORDS = 100
_MOST_OPTIONS = 20

_LONGEST_WORD = 1000
"""More than is ever shown, so that a secret is known for one before it is cut."""

_LONGEST_TYPED = 40

_DRAFTS: Final = {
    "http://json-schema.org/draft-04/schema": jsonschema_rs.Draft4Validator,
    "http://json-schema.org/draft-06/schema": jsonschema_rs.Draft6Validator,
    "http://json-schema.org/draft-07/schema": jsonschema_rs.Draft7Validator,
    "https://json-schema.org/draft/2019-09/schema": jsonschema_rs.Draft201909Validator,
    "https://json-schema.org/draft/2020-12/schema": jsonschema_rs.Draft202012Validator,
}

_DATA_KEYS = frozenset({"const", "enum", "default", "examples"})
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})


class _FaultError(Exception):
    """A schema is of no use.

    Args:
        kind: `draft`, `reference`, `regex`, `keyword` or `other`.
        path: Where in the schema.
        text: What is wrong, or the text that is.
    """

    def __init__(self, kind: str, path: Place, text: str = "") -> None:
        super().__init__(text)
        self.answer = {"kind": kind, "path": path, "text": _cut(text)}


def main(memory: int) -> None:
    """Answer requests until there are none.

    Args:
        memory: How many bytes the process may map. macOS does not enforce that; there only the time is limited.
    """
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _confine(memory)
    schemas = _CompiledSchemas()
    answers.write(b"{}\n")
    answers.flush()
    for line in requests:
        body, more = json.loads(line)
        answers.write(json.dumps(_answer({**body, **more}, schemas)).encode() + b"\n")
        answers.flush()


def _confine(memory: int) -> None:
    """Give up what is not needed to judge; where memory runs out all the same, this process is the first to go."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    limits = ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 0), (resource.RLIMIT_AS, memory))
    for kind, limit in limits:
        with suppress(ValueError, OSError):  # one that is lower already cannot be raised; macOS refuses some
            resource.setrlimit(kind, (limit, limit))


@contextmanager
def _timed(seconds: float) -> Iterator[None]:
    """End the process where what is done meanwhile takes more processor time."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


class _CompiledSchemas:
    """The schemas that were used last."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Any, Any]] = OrderedDict()

    def get(self, request: dict[str, Any]) -> tuple[Any, Any] | None:
        """Find the schema of a request with its validator; None where the request has to bring it.

        Raises:
            _FaultError: The schema is of no use.
        """
        digest = request["digest"]
        if digest not in self._known:
            if "schema" not in request:
                return None
            self._known[digest] = request["schema"], _compile(request["schema"])
            if len(self._known) > _MOST_SCHEMAS:
                self._known.popitem(last=False)
        self._known.move_to_end(digest)
        return self._known[digest]


def _answer(request: dict[str, Any], schemas: _CompiledSchemas) -> dict[str, Any]:
    begun = time.process_time()
    try:
        with _timed(request["seconds"]):
            answer = _judge(request, schemas)
    except _FaultError as fault:
        answer = {"fault": fault.answer}
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001  a panic of the library is no `Exception`
        answer = {"bug": traceback.format_exc()}
    return {**answer, "seconds": time.process_time() - begun}


def _judge(request: dict[str, Any], schemas: _CompiledSchemas) -> dict[str, Any]:
    found = schemas.get(request)
    if found is None:
        return {"unknown": True}
    schema, validator = found
    if "input" not in request or validator.is_valid(request["input"]):
        return {"errors": []}
    errors = list(validator.iter_errors(request["input"]))[: MOST_ERRORS + 1]
    return {"errors": [_tell_error(error, schema, index < _MOST_GUESSES) for index, error in enumerate(errors)]}


def _compile(schema: Any) -> Any:
    """Check a schema and make its validator.

    Raises:
        _FaultError: It is of no use.
    """
    draft = _find_draft(schema)
    try:
        jsonschema_rs.meta.validate(schema)
    except jsonschema_rs.ValidationError as error:
        raise _FaultError("keyword", error.instance_path) from None
    references = list(_walk_references(schema, []))
    for path, reference in references:
        if not reference.startswith("#"):
            raise _FaultError("reference", path, reference)
    try:
        return draft(schema, validate_formats=False, offline=True)
    except jsonschema_rs.ValidationError as error:
        raise _find_fault(error, references) from None
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        raise _FaultError("other", [], str(error)) from None


def _find_draft(schema: Any) -> Any:
    """Find the class that judges by the draft of a schema.

    Raises:
        _FaultError: There is no such draft.
    """
    named = schema.get("$schema", "https://json-schema.org/draft/2020-12/schema")
    draft = _DRAFTS.get(named.removesuffix("#")) if isinstance(named, str) else None
    if draft is None:
        raise _FaultError("draft", ["$schema"], str(named))
    return draft


def _find_fault(error: Any, references: list[tuple[Place, str]]) -> _FaultError:
    """Say what keeps a schema that its metaschema accepts from being used."""
    message = error.message.partition("\n")[0]
    if error.instance_path:
        return _FaultError("regex" if '"regex"' in message else "keyword", error.instance_path)
    if message.startswith("Resource '"):  # one in a place that is data for most drafts
        return _FaultError("reference", [], message.split("'")[1])
    # The library does not say where a reference stands that leads nowhere; its message names the target.
    path = next((path for path, reference in references if len(reference) > 1 and reference[1:] in message), [])
    return _FaultError("other", path, message)


def _walk_references(schema: Any, path: Place) -> Iterator[tuple[Place, str]]:
    """Find all references with their places; what is data is passed over."""
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _walk_references(item, [*path, index])
    if isinstance(schema, dict):
        for key, item in schema.items():
            place = [*path, key]
            if key in _REFERENCES and isinstance(item, str):
                yield place, item
            elif key in _NAMED and isinstance(item, dict):
                for name, below in item.items():
                    yield from _walk_references(below, [*place, name])
            elif key not in _DATA_KEYS:
                yield from _walk_references(item, place)


def _tell_error(error: Any, schema: Any, is_guessed: bool) -> dict[str, Any]:  # noqa: FBT001
    """Tell of a mistake what there is to say, however large schema and input are."""
    kind, around, rule = error.kind, {}, schema
    for step in error.schema_path:
        around, rule = rule, _get(rule, step)
    told: dict[str, Any] = {"rule": kind.name, "path": error.instance_path}
    if kind.name == "type":
        told["words"] = kind.types
    elif kind.name == "required":
        told["words"] = [_cut(kind.property)]
    elif kind.name in ("additionalProperties", "unevaluatedProperties"):
        told["words"] = [_cut(key) for key in kind.unexpected[:MOST_ERRORS]]
        told["known"] = _list_words(_get(around, "properties") or ()) if is_guessed else []
    elif kind.name == "enum":
        told["words"] = [_cut(json.dumps(option, ensure_ascii=False)) for option in kind.options[:_MOST_OPTIONS]]
        told["known"] = _list_words(kind.options) if is_guessed else []
    else:
        told["words"] = [_cut(json.dumps(rule, ensure_ascii=False))]
    return told


def _get(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _list_words(values: Any) -> list[str]:
    """List those of some values, or keys, of which one may have been meant."""
    words = (value for value in values if isinstance(value, str) and len(value) <= _LONGEST_TYPED)
    return list(islice(words, _MOST_WORDS))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_WORD else text[: _LONGEST_WORD - 1] + "…"
