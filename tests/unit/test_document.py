from __future__ import annotations

import pytest

from jobspec.diagnostics import RULES, Diagnostic, Location
from jobspec.spec.document import Document, find_positions, locate, parse_file
from jobspec.spec.spec_files import SourceFile


def parse(data: bytes, path: str = "specs/a.yaml") -> Document:
    document = parse_file(SourceFile(path=path, data=data))
    assert isinstance(document, Document)
    return document


def refuse(data: bytes, path: str = "specs/a.yaml") -> Diagnostic:
    diagnostic = parse_file(SourceFile(path=path, data=data))
    assert isinstance(diagnostic, Diagnostic)
    assert diagnostic.location.path == path
    assert diagnostic.code in RULES
    return diagnostic


@pytest.mark.parametrize(
    ("path", "data", "language"),
    [
        ("a.yaml", b"a: 1", "yaml"),
        ("a.YML", b"\xef\xbb\xbfa: 1", "yaml"),
        ("a.toml", b"a = 1", "toml"),
        ("a.Toml", b"\xef\xbb\xbfa = 1\r\n", "toml"),
    ],
)
def test_a_file_is_read_in_the_language_of_its_name(path: str, data: bytes, language: str) -> None:
    document = parse(data, path)
    assert (document.path, document.format, document.value) == (path, language, {"a": 1})
    assert not document.text.startswith("\ufeff")


def test_a_problem_of_reading_is_passed_on() -> None:
    problem = Diagnostic(code="JS001", message="Gone", location=Location(path="a.yaml"))
    assert parse_file(SourceFile(path="a.yaml", problem=problem)) is problem


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le"])
@pytest.mark.parametrize("path", ["a.yaml", "a.toml"])
def test_other_encodings_of_unicode_are_refused(encoding: str, path: str) -> None:
    marked = refuse("\ufeffa: é".encode(encoding), path)
    assert (marked.code, marked.hint) == ("JS005", "save it as UTF-8")
    assert encoding[:6].upper() in marked.message
    assert refuse("a: é".encode(encoding), path).code in {"JS005", "JS011", "JS019"}


@pytest.mark.parametrize("path", ["a.yaml", "a.toml"])
def test_bytes_that_are_no_utf_8_are_pointed_at(path: str) -> None:
    diagnostic = refuse(b"\xef\xbb\xbfa: 1\r\n\xc3\xa9: caf\xe9 x\n", path)
    assert diagnostic.code == "JS005"
    assert diagnostic.message == "the byte 0xE9 (number 17 of the file) is no UTF-8"
    assert diagnostic.location == Location(path=path, line=2, column=7, excerpt="é: caf\ufffd x")


@pytest.mark.parametrize("path", ["a.yaml", "a.toml"])
@pytest.mark.parametrize("data", [b"", b"\n", b"# nothing yet\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_error(path: str, data: bytes) -> None:
    assert refuse(data, path).code == "JS006"


@pytest.mark.parametrize(("data", "word"), [(b"- name: a\n", "jobs:"), (b"a\n", "name: "), (b"12", "name: ")])
def test_the_top_of_a_file_is_a_mapping(data: bytes, word: str) -> None:
    diagnostic = refuse(data)
    assert (diagnostic.code, diagnostic.location.line) == ("JS007", 1)
    assert word in diagnostic.hint


def test_mistakes_show_their_lines() -> None:
    diagnostic = refuse(b"a: 1\nb: 2\n\x61: 3\n")
    assert diagnostic.code == "JS012"
    assert diagnostic.location == Location(path="specs/a.yaml", line=3, column=1, excerpt="a: 3")
    assert diagnostic.related[0].location == Location(path="specs/a.yaml", line=1, column=1, excerpt="a: 1")


def test_excerpts_cannot_control_a_terminal() -> None:
    assert refuse(b"a: \x1b[31mx\n").location.excerpt == "a: \ufffd[31mx"


def test_values_and_keys_are_located() -> None:
    document = parse(b"name: a\nschedule:\n  cron: 0 9 * * *\n")
    assert locate(document, ("schedule", "cron")) == Location(
        path="specs/a.yaml", line=3, column=9, length=9, excerpt="  cron: 0 9 * * *"
    )
    assert locate(document, ("schedule", "cron"), key=True).column == 3
    assert str(locate(document, ("schedule", "crown", 3))) == "specs/a.yaml:3:3"
    assert str(locate(document, ("schedule", "crown"), key=True)) == "specs/a.yaml:2:1"
    assert str(locate(document, ("x",), key=True)) == "specs/a.yaml:1:1"
    assert str(locate(parse(b"a: [x: 1]"), ("a", 0, "y"), key=True)) == "specs/a.yaml:1:5"
    assert find_positions(document) is find_positions(document)


def test_long_lines_are_cut() -> None:
    document = parse(b"a: [" + b"x, " * 200 + b"last]\n")
    near, far = locate(document, ("a", 1)), locate(document, ("a", 200))
    assert (near.column, len(near.excerpt), near.excerpt[-1]) == (8, 160, "…")
    assert (far.column, far.excerpt) == (605, "")
    assert locate(document, ("a",)).length == 157
