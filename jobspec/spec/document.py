"""Spec files as documents: bytes → text → values, and where in the file each value stands.

Files come from a directory or from git, values from YAML or TOML.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from jobspec.diagnostics import Diagnostic, Location, Related
from jobspec.secrets import mask
from jobspec.spec.positions import MAX_EXCERPT, Positions, Span, SyntaxProblem, ValuePath
from jobspec.spec.toml_text import locate_toml, parse_toml
from jobspec.spec.yaml_text import locate_yaml, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.spec.spec_files import SourceFile

Format: TypeAlias = Literal["yaml", "toml"]

_MARKS = {  # in this order: that of UTF-32 begins with that of UTF-16
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a spec file says, before anybody has judged its shape.

    Attributes:
        path: The name of the file to show.
        text: Its text, without a byte order mark.
        format: Its language.
        value: The mapping at its top. Parts of it may be shared, so it must not be changed.
    """

    path: str
    text: str
    format: Format
    value: dict[str, Any]


def parse_file(file: SourceFile) -> Document | Diagnostic:
    """Read what a file says; the first thing that is wrong with it where it cannot be read."""
    if file.problem is not None or file.data is None:
        return file.problem or _refuse(file.path, "JS001", "the file has no content")
    text = _decode(file.path, file.data)
    if isinstance(text, Diagnostic):
        return text
    language: Format = "toml" if file.path.lower().endswith(".toml") else "yaml"
    try:
        value = parse_toml(text) if language == "toml" else parse_yaml(text)
    except SyntaxProblem as problem:
        return _make_diagnostic(file.path, text, problem)
    if value is None or value == {}:
        return _refuse(file.path, "JS006", "the file is empty", hint="write a job into it, or delete it")
    if not isinstance(value, dict):
        return _refuse_top(file.path, text, value)
    return Document(path=file.path, text=text, format=language, value=value)


def find_positions(document: Document) -> Positions:
    """Find where the keys and values of a document stand; remembered for the documents asked for last."""
    return _find_positions(document.text, document.format)


@lru_cache(maxsize=64)
def _find_positions(text: str, language: Format) -> Positions:
    return locate_toml(text) if language == "toml" else locate_yaml(text)


def locate(document: Document, path: ValuePath, *, key: bool = False) -> Location:
    """Find the place of a value in its file, with the line that stands there.

    Args:
        document: The file.
        path: The way from its top to the value; where there is no such value, the nearest one around it is meant.
        key: Whether the key is meant that introduces the value, where it has one.
    """
    return make_location(document.path, document.text, find_positions(document).nearest(path, key=key))


def list_later_lines(document: Document, path: ValuePath) -> Iterator[tuple[str, int]]:
    """List the lines below the first one on which a text goes on, each with the file."""
    span = find_positions(document).nearest(path)
    return ((document.path, line) for line in range(span.line + 1, span.line + span.lines))


def make_location(path: str, text: str, span: Span) -> Location:
    """Show a span of a text, with its line, secrets masked, as far as a reader can take it in."""
    lines = _split_lines(text)
    excerpt, length = _cut(lines[span.line - 1] if span.line <= len(lines) else "", span)
    shown = "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in excerpt)
    return Location(path=path, line=span.line, column=span.column, length=length, excerpt=shown)


@lru_cache(maxsize=4)
def _split_lines(text: str) -> list[str]:
    """Mask a text and split it, once for all that is wrong with it."""
    return mask(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cut(line: str, span: Span) -> tuple[str, int]:
    """Cut the end of a long line off; show none where the place itself lies beyond, as the caret would be wrong."""
    if len(line) <= MAX_EXCERPT:
        return line, span.length
    if span.column > MAX_EXCERPT:
        return "", span.length
    return line[: MAX_EXCERPT - 1] + "…", min(span.length, MAX_EXCERPT - span.column + 1)


def _decode(path: str, data: bytes) -> str | Diagnostic:
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        name = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
        if name:
            return _refuse(path, "JS005", f"the file is {name}, not UTF-8", hint="save it as UTF-8")
        return _refuse_byte(path, data, error.start)


def _refuse_byte(path: str, data: bytes, index: int) -> Diagnostic:
    """Show the first byte that is no UTF-8."""
    before = data[:index].decode("utf-8").removeprefix("\ufeff")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    location = make_location(
        path, data.decode("utf-8", "replace").removeprefix("\ufeff"), Span(line=line, column=column)
    )
    return Diagnostic(
        code="JS005",
        message=f"the byte 0x{data[index]:02X} (number {index + 1:,} of the file) is no UTF-8",
        location=location,
        hint="save the file as UTF-8",
    )


def _refuse_top(path: str, text: str, value: object) -> Diagnostic:
    """Say that the top is no mapping."""
    is_list = isinstance(value, list)
    what = "a list" if is_list else "a single value"
    hint = "put the list under `jobs:`" if is_list else "write `name: …` and the other keys of a job"
    return Diagnostic(
        code="JS007",
        message=f"the file holds {what}, and must hold a mapping",
        location=make_location(path, text, locate_yaml(text).nearest(())),
        hint=hint,
    )


def _refuse(path: str, code: str, message: str, *, hint: str = "") -> Diagnostic:
    return Diagnostic(code=code, message=message, location=Location(path=path), hint=hint)


def _make_diagnostic(path: str, text: str, problem: SyntaxProblem) -> Diagnostic:
    related: tuple[Related, ...] = ()
    if problem.related is not None:
        message, span = problem.related
        related = (Related(message=message, location=make_location(path, text, span)),)
    return Diagnostic(
        code=problem.code,
        message=problem.message,
        location=make_location(path, text, problem.span),
        hint=problem.hint,
        related=related,
    )
