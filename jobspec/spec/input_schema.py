"""Inputs against the JSON Schema files that jobs name.

Nothing is ever fetched: what a schema refers to stands in the same file. A
validator costs milliseconds to build, so there is one for each file.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from jobspec.diagnostics import Diagnostic, Location
from jobspec.spec.listing import SourceFile
from jobspec.spec.part import kind_of
from jobspec.spec.source import Document, Span, locate, make_location, parse_file
from jobspec.spec.validation import Problem, limit, say_path
from jobspec.spec.vocabulary import join_words, suggest_word

if TYPE_CHECKING:
    from jsonschema.exceptions import SchemaError, ValidationError
    from jsonschema.protocols import Validator

    from jobspec.spec.positions import ValuePath

FileReader: TypeAlias = Callable[[str], SourceFile]
"""Reads a file that a spec names, by the name to show."""

_LONGEST_MESSAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSchema:
    """A schema file, ready to judge inputs; equal to another one of the same file that says the same.

    Attributes:
        path: Its name to show.
        digest: Of its content.
        validator: What judges; None where the file is of no use.
        problem: Why it is of no use, at its own place.
    """

    path: str
    digest: bytes
    validator: Validator | None = field(default=None, compare=False)
    problem: Diagnostic | None = field(default=None, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # A validator cannot be pickled; what it was made of can.
        return _revive, (self.path, self.digest, self.validator and self.validator.schema, self.problem)


def _revive(path: str, digest: bytes, schema: Any, problem: Diagnostic | None) -> InputSchema:
    validator = None if schema is None else _start_validator(schema)
    return InputSchema(path=path, digest=digest, validator=validator, problem=problem)


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
    if known is not None and known.digest == digest:
        return known
    document = _parse(file)
    if isinstance(document, Diagnostic):
        return InputSchema(path=file.path, digest=digest, problem=document)
    validator = _make_validator(document)
    if isinstance(validator, Diagnostic):
        return InputSchema(path=file.path, digest=digest, problem=validator)
    return InputSchema(path=file.path, digest=digest, validator=validator)


def check_input(schema: InputSchema, value: Any) -> tuple[Problem, ...]:
    """Judge an input by a schema that is of use.

    Returns:
        All that is wrong, at paths that begin with `input`.
    """
    try:
        errors = schema.validator.iter_errors(value) if schema.validator else ()
        problems = (problem for error in errors for problem in _translate(error))
        return tuple(dict.fromkeys(limit(problems, ("input",))))
    except (RecursionError, re.error, _unresolvable()) as error:
        reason = "it refers to itself without end" if isinstance(error, RecursionError) else str(error)
        message = f"the schema `{schema.path}` cannot be applied to this input: {_shorten(reason)}"
        return (Problem(path=("input_schema",), code="JS311", message=message),)


def _unresolvable() -> type[Exception]:
    from referencing.exceptions import Unresolvable

    return Unresolvable


def _parse(file: SourceFile) -> Document | Diagnostic:
    """Read a schema file; JSON by its own rules, as YAML lacks some of its white space."""
    if not file.path.lower().endswith(".json"):
        return parse_file(file)
    try:
        text = (file.data or b"").decode("utf-8-sig")
        value = json.loads(text)
    except UnicodeDecodeError:
        return _refuse(Location(path=file.path), "the schema file is not UTF-8")
    except json.JSONDecodeError as error:
        place = make_location(file.path, error.doc, Span(line=error.lineno, column=error.colno))
        return _refuse(place, f"the schema file is no JSON: {error.msg[:1].lower()}{error.msg[1:]}")
    except RecursionError:
        return _refuse(Location(path=file.path), "the schema file is nested too deep")
    if not isinstance(value, dict):
        return _refuse(Location(path=file.path, line=1), f"the schema must be a mapping, not {kind_of(value)}")
    return Document(path=file.path, text=text, format="yaml", value=value)


def _refuse(location: Location, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(code="JS311", message=message, location=location, hint=hint)


def _make_validator(document: Document) -> Validator | Diagnostic:
    from jsonschema.exceptions import SchemaError

    schema = document.value
    draft = _find_draft(schema)
    # An unknown draft gets the default; that its own name differs is how it shows.
    names = {str(draft.META_SCHEMA.get(key, "")).rstrip("#") for key in ("$id", "id")}
    if "$schema" in schema and str(schema["$schema"]).rstrip("#") not in names:
        message = f"there is no JSON Schema draft {_quote(schema['$schema'])}"
        return _refuse(locate(document, ("$schema",)), message, "leave it out for Draft 2020-12")
    try:
        draft.check_schema(schema)
    except SchemaError as error:
        path = tuple(error.absolute_path)
        return _refuse(locate(document, path), f"this is no valid JSON Schema: {_say_fault(error, path)}")
    except (RecursionError, re.error) as error:
        return _refuse(locate(document, ()), f"the schema cannot be read: {_shorten(str(error))}")
    if found := next(_walk_references(schema, ()), None):
        path, reference = found
        message = f"the reference {_quote(reference)} leads out of the schema file, and nothing is fetched"
        return _refuse(locate(document, path), message, "copy what it refers to into `$defs` of this file")
    return _start_validator(schema)


def _find_draft(schema: Any) -> type[Validator]:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    return validator_for(schema, default=Draft202012Validator)


def _start_validator(schema: Any) -> Validator:
    from referencing import Registry

    return _find_draft(schema)(schema, registry=Registry())


def _say_fault(error: SchemaError, path: ValuePath) -> str:
    """Say what is wrong with a schema itself."""
    found: Any = error.instance
    shown = _quote(found) if isinstance(found, str) else kind_of(found)
    if error.validator == "format" and error.validator_value == "regex":
        return f"{shown} is no regular expression"
    return f"{_quote(say_path(path)) if path else 'the top'} cannot be {shown}"


_DATA_KEYS = frozenset({"const", "enum", "default", "examples"})
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})


def _walk_references(schema: Any, path: ValuePath) -> Iterator[tuple[ValuePath, str]]:
    """Find references that lead out of the file."""
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _walk_references(item, (*path, index))
    if isinstance(schema, Mapping):
        for key, item in schema.items():
            place = (*path, key)
            if key in _REFERENCES and isinstance(item, str) and not item.startswith("#"):
                yield place, item
            elif key in _NAMED and isinstance(item, Mapping):
                for name, below in item.items():
                    yield from _walk_references(below, (*place, name))
            elif key not in _DATA_KEYS:
                yield from _walk_references(item, place)


def _translate(error: ValidationError) -> Iterator[Problem]:
    """Say in our own words what a schema has against a value."""
    path: ValuePath = ("input", *error.absolute_path)
    name = f"`{say_path(path)}`"
    rule: Any = error.validator_value
    value: Any = error.instance
    if error.validator == "type":
        kinds = [rule] if isinstance(rule, str) else rule
        yield _problem(path, f"{name} must be {' or '.join(_TYPES.get(k, k) for k in kinds)}, not {kind_of(value)}")
    elif error.validator == "required":
        missing = [key for key in rule if error.message.startswith(repr(key))]
        yield _problem(path, f"{name} lacks {join_words(missing)}")
    elif error.validator == "additionalProperties" and rule is False:
        yield from _say_extra(error, path, name)
    elif error.validator == "enum":
        hint = suggest_word(value, [item for item in rule if isinstance(item, str)]) if isinstance(value, str) else ""
        shown = _shorten(" or ".join(f"`{json.dumps(item, default=str)}`" for item in rule))
        yield _problem(path, f"{name} must be {shown}", hint)
    elif say := _RULES.get(str(error.validator)):
        yield _problem(path, f"{name} {say.format(_shorten(json.dumps(rule, default=str, ensure_ascii=False)))}")
    else:
        yield _problem(path, f"{name} does not match `{error.validator}` of the schema")


_RULES = {
    "const": "must be `{}`",
    "minimum": "must be {} or more",
    "maximum": "must be {} or less",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must have {} or more characters",
    "maxLength": "must have {} or fewer characters",
    "pattern": "must match the pattern `{}`",
    "minItems": "must have {} or more entries",
    "maxItems": "must have {} or fewer entries",
    "uniqueItems": "must not have an entry twice",
    "minProperties": "must have {} or more keys",
    "maxProperties": "must have {} or fewer keys",
    "anyOf": "fits none of the alternatives of the schema",
    "oneOf": "must fit exactly one of the alternatives of the schema",
    "not": "is what the schema rules out",
}
"""What the rules of JSON Schema ask for, in words."""

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def _say_extra(error: ValidationError, path: ValuePath, name: str) -> Iterator[Problem]:
    known = list(error.schema.get("properties", {})) if isinstance(error.schema, Mapping) else []
    patterns = list(error.schema.get("patternProperties", {})) if isinstance(error.schema, Mapping) else []
    extra: Any = error.instance
    for key in extra:
        if key not in known and not any(re.search(pattern, key) for pattern in patterns):
            hint = suggest_word(key, known)
            yield _problem((*path, key), f"the schema knows no key {_quote(key)} in {name}", hint, on_key=True)


def _problem(path: ValuePath, message: str, hint: str = "", *, on_key: bool = False) -> Problem:
    return Problem(path=path, code="JS312", message=message, hint=hint, on_key=on_key)


def _quote(text: Any) -> str:
    return f"`{_shorten(str(text))}`"


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"
