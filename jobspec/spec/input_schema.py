"""Inputs against the JSON Schema files that jobs name.

Nothing is ever fetched: what a schema refers to stands in the same file. A
schema is judged where it can hang or crash nothing: :mod:`jobspec.spec.schema_judge`.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from jobspec.diagnostics import Diagnostic, Location
from jobspec.spec.document import Document, locate, make_location, parse_file
from jobspec.spec.frozen_model import kind_of
from jobspec.spec.json_text import UnfitJsonError, parse_json
from jobspec.spec.positions import Span
from jobspec.spec.schema_errors import make_problems, shorten
from jobspec.spec.spec_files import SourceFile
from jobspec.spec.validation import Problem, find_value, limit, say_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobspec.spec.schema_judge import Unjudged

FileReader: TypeAlias = Callable[[str], SourceFile]
"""Reads a file that a spec names, by the name to show."""

UNJUDGED: Final = "JS313"
"""The code of what says that an input or a schema could not be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSchema:
    """A schema file, ready to judge inputs; equal to another one of the same file that says the same.

    Attributes:
        path: Its name to show.
        digest: Of its content.
        value: What it says; None where the file is of no use.
        problem: Why it is of no use, at its own place.
        is_final: Whether that holds as long as the content is the same.
    """

    path: str
    digest: bytes
    value: Any = field(default=None, compare=False)
    problem: Diagnostic | None = field(default=None, compare=False)
    is_final: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a schema says to an input.

    Attributes:
        problems: All that is wrong, at paths that begin with `input`.
        gave_up: Whether that is only that the input could not be judged.
        is_final: Whether the same input would be judged the same again.
    """

    problems: tuple[Problem, ...] = ()
    gave_up: bool = False
    is_final: bool = True


def resolve(document_path: str, written: str) -> str | None:
    """Find the name of a schema file from that of the spec that names it; None if it is no relative path."""
    if not written or written.startswith(("/", "~")) or "\\" in written or ":" in written or not written.isprintable():
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(document_path), written))


def read_schema(file: SourceFile, known: InputSchema | None = None) -> InputSchema:
    """Make a schema of a file.

    Args:
        file: The file as it was read, without a problem.
        known: What an earlier call made of the same file, taken over if the content is the same.
    """
    digest = hashlib.sha256(file.data or b"").digest()
    if known is not None and known.digest == digest and known.is_final:
        return known
    document = _parse(file)
    if isinstance(document, Diagnostic):
        return InputSchema(path=file.path, digest=digest, problem=document)
    answer = _ask(digest, document.value)
    if not isinstance(answer, dict):
        # Where a value stands is worth a scan of the file, where the file begins is not: a thousand may be like this.
        start = Location(path=file.path, line=1)
        problem = _refuse(start, f"the schema cannot be checked: {answer.reason}", code=UNJUDGED)
        return InputSchema(path=file.path, digest=digest, problem=problem, is_final=answer.is_final)
    if fault := _find_fault(document, answer):
        return InputSchema(path=file.path, digest=digest, problem=fault)
    return InputSchema(path=file.path, digest=digest, value=document.value)


def check_input(schema: InputSchema, value: Any) -> Verdict:
    """Judge an input by a schema that is of use."""
    try:
        answer = _ask(schema.digest, schema.value, value)
    except (TypeError, ValueError):
        return _give_up(schema, "it cannot be written as JSON", is_final=True)
    if not isinstance(answer, dict):
        return _give_up(schema, answer.reason, is_final=answer.is_final)
    problems = (
        problem
        for error in answer["errors"]
        for problem in make_problems(error, find_value(value, tuple(error["path"])))
    )
    return Verdict(problems=tuple(dict.fromkeys(limit(problems, ("input",)))))


def _ask(digest: bytes, schema: Any, *value: Any) -> dict[str, Any] | Unjudged:
    from jobspec.spec import schema_judge  # most projects have no schemas

    return schema_judge.JUDGE.ask(digest.hex(), schema, *value)


def _give_up(schema: InputSchema, reason: str, *, is_final: bool) -> Verdict:
    return Verdict(problems=(say_unjudged(schema, reason),), gave_up=True, is_final=is_final)


def say_unjudged(schema: InputSchema, reason: str) -> Problem:
    """Say that an input could not be judged by its schema, and why not."""
    message = f"the input cannot be judged by the schema `{schema.path}`: {reason}"
    hint = "simplify the schema, or the input"
    return Problem(path=("input",), code=UNJUDGED, message=message, hint=hint)


def _parse(file: SourceFile) -> Document | Diagnostic:
    """Read a schema file; JSON by its own rules, as YAML lacks some of its white space."""
    if not file.path.lower().endswith(".json"):
        return parse_file(file)
    try:
        text = (file.data or b"").decode("utf-8-sig")
        value = parse_json(text)
    except UnicodeDecodeError:
        return _refuse(Location(path=file.path), "the schema file is not UTF-8")
    except json.JSONDecodeError as error:
        place = make_location(file.path, error.doc, Span(line=error.lineno, column=error.colno))
        return _refuse(place, f"the schema file is not JSON: {error.msg[:1].lower()}{error.msg[1:]}")
    except UnfitJsonError as error:
        document = Document(path=file.path, text=text, format="yaml", value={})
        return _refuse(locate(document, error.path), f"the schema file cannot be used: {error}")
    if not isinstance(value, dict):
        return _refuse(Location(path=file.path, line=1), f"the schema must be a mapping, not {kind_of(value)}")
    return Document(path=file.path, text=text, format="yaml", value=value)


def _refuse(location: Location, message: str, hint: str = "", *, code: str = "JS311") -> Diagnostic:
    return Diagnostic(code=code, message=message, location=location, hint=hint)


def _find_fault(document: Document, answer: Mapping[str, Any]) -> Diagnostic | None:
    """Find what is wrong with a schema itself."""
    if "fault" not in answer:
        return None
    fault = answer["fault"]
    path, text = tuple(fault["path"]), shorten(fault["text"])
    is_key = path[-2:-1] == ("patternProperties",) and fault["kind"] == "regex"
    place = locate(document, path, key=is_key)
    match fault["kind"]:
        case "draft":
            hint = "leave it out for Draft 2020-12; Draft 4, 6, 7 and 2019-09 are known as well"
            return _refuse(place, f"there is no JSON Schema draft `{text}`", hint)
        case "reference":
            message = f"the reference `{text}` leads out of the schema file, and nothing is fetched"
            return _refuse(place, message, "copy what it refers to into `$defs` of this file")
        case "regex":
            pattern = path[-1] if is_key else find_value(document.value, path)
            shown = f"`{shorten(str(pattern))}` is not a regular expression that can be used"
            return _refuse(place, f"this is not a valid JSON Schema: {shown}")
        case "keyword":
            return _refuse(place, f"this is not a valid JSON Schema: {_say_keyword(path, document.value)}")
        case _:
            return _refuse(place, f"the schema cannot be used: {text[:1].lower()}{text[1:]}")


def _say_keyword(path: tuple[str | int, ...], schema: Any) -> str:
    found = find_value(schema, path)
    shown = f"`{shorten(found)}`" if isinstance(found, str) else kind_of(found)
    return f"`{shorten(say_path(path))}` cannot be {shown}" if path else f"the top cannot be {shown}"
