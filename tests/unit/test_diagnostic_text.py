from __future__ import annotations

import json
import re

import pytest

from jobspec.diagnostics import Diagnostic, Location, Related, Severity
from jobspec.render.diagnostic_documents import diagnostics_document
from jobspec.render.diagnostic_text import render_diagnostics, summarize_diagnostics
from jobspec.render.terminal import measure


def find(excerpt: str = "", *, line: int = 9, column: int = 1, length: int = 1) -> Location:
    return Location(path="specs/orders.yaml", line=line, column=column, length=length, excerpt=excerpt)


def make(location: Location, **more: object) -> Diagnostic:
    return Diagnostic(code="JS220", message="minute `61` is outside 0-59", location=location, **more)  # type: ignore[arg-type]


FULL = make(
    find('    cron: "61 9 * * *"', column=12, length=2),
    hint="write 0 to 59",
    related=(Related(message="inherited from", location=find("schedule:", line=123, column=1, length=8)),),
)


def test_a_diagnostic_points_at_its_place() -> None:
    assert (
        render_diagnostics([FULL])
        == """\
specs/orders.yaml:9:12: error[JS220]: minute `61` is outside 0-59
    |
  9 |     cron: "61 9 * * *"
    |            ^^
    = hint: write 0 to 59
    = note: inherited from: specs/orders.yaml:123:1
    |
123 | schedule:
    | --------
"""
    )


def test_colour_adds_nothing_but_colour() -> None:
    colored = render_diagnostics([FULL], color=True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render_diagnostics([FULL])


def test_without_a_line_there_is_no_excerpt() -> None:
    found = Diagnostic(
        code="JS006", message="the file is empty", location=Location(path="a.yaml"), severity=Severity.WARNING
    )
    assert render_diagnostics([found]) == "a.yaml: warning[JS006]: the file is empty\n"
    assert render_diagnostics([]) == ""


def test_two_diagnostics_are_apart() -> None:
    assert render_diagnostics([make(find())] * 2).count("\n\n") == 1


@pytest.mark.parametrize(
    ("excerpt", "column", "length"),
    [
        ("\tname: x", 2, 4),
        ("日本: x", 5, 1),
        ("a\u0301: x", 5, 1),
        ("\x1b[31mname: x", 12, 1),
        ("\u202ename", 2, 4),
        ("a" * 500 + "X" + "b" * 500, 501, 1),
        ("X" * 900, 1, 900),
        ("name:", 6, 1),
        ("name:", 50, 3),
    ],
)
def test_the_caret_stands_below_what_is_meant(excerpt: str, column: int, length: int) -> None:
    _, _, text, caret = render_diagnostics([make(find(excerpt, column=column, length=length))]).splitlines()
    assert measure(text) < 180
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert caret.startswith("  | ")
    marked = text[len("9 | ") :]
    start, width = len(caret[4:]) - len(caret[4:].lstrip()), caret.count("^")
    before = "".join(c for i, c in enumerate(marked) if measure(marked[: i + 1]) <= start)
    if column <= len(excerpt) and length < 900:
        under = marked[len(before) :]
        assert under.lstrip("\u0301").startswith(excerpt[column - 1])
        assert width >= measure(excerpt[column - 1 : column - 1 + length])


def test_messages_cannot_move_the_cursor() -> None:
    found = Diagnostic(
        code="JS012", message="a\x1b[2Jb", hint="c\nd", location=Location(path="e\x07.yaml", line=1, column=1)
    )
    assert render_diagnostics([found]) == "e\\u0007.yaml:1:1: error[JS012]: a\\u001b[2Jb\n  = hint: c\\nd\n"


def test_they_are_counted() -> None:
    error, warning = make(find()), make(find(), severity=Severity.WARNING)
    elsewhere = Diagnostic(code="JS006", message="", location=Location(path="b.yaml"))
    assert summarize_diagnostics([]) == ""
    assert summarize_diagnostics([error]) == "1 error in 1 file"
    assert summarize_diagnostics([warning]) == "1 warning in 1 file"
    assert summarize_diagnostics([error, elsewhere, warning]) == "2 errors, 1 warning in 2 files"


def test_the_document_has_all_of_it() -> None:
    document = json.loads(diagnostics_document([FULL]).to_json())
    assert document == {
        "kind": "diagnostics",
        "version": 1,
        "errors": 1,
        "warnings": 0,
        "diagnostics": [
            {
                "code": "JS220",
                "severity": "error",
                "message": "minute `61` is outside 0-59",
                "hint": "write 0 to 59",
                "place": {"file": "specs/orders.yaml", "line": 9, "column": 12},
                "length": 2,
                "excerpt": '    cron: "61 9 * * *"',
                "job": None,
                "related": [
                    {
                        "message": "inherited from",
                        "place": {"file": "specs/orders.yaml", "line": 123, "column": 1},
                    }
                ],
            }
        ],
    }
