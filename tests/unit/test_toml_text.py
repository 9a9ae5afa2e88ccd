from __future__ import annotations

import time
from typing import Any

import pytest

from jobspec.diagnostics import RULES
from jobspec.spec.positions import MAX_EXCERPT, MAX_PLACES, Span, SyntaxProblem
from jobspec.spec.toml_scan import scan_toml
from jobspec.spec.toml_text import locate_toml, parse_toml


def refuse(text: str) -> SyntaxProblem:
    with pytest.raises(SyntaxProblem) as caught:
        parse_toml(text)
    assert caught.value.code in RULES
    assert caught.value.message.isprintable()
    return caught.value


def place(problem: SyntaxProblem) -> tuple[int, int]:
    return problem.span.line, problem.span.column


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2026-12-25", "2026-12-25"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2027-01-01t00:00:00z", "2027-01-01T00:00:00Z"),
        ("2027-01-01 00:00:00+00:00", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00.5+02:30", "2027-01-01T00:00:00.500000+02:30"),
        ("2027-01-01T00:00:00-07:00", "2027-01-01T00:00:00-07:00"),
        ("2027-01-01T08:30:00", "2027-01-01T08:30:00"),
        ("07:32:00", "07:32:00"),
        ("0o17", 15),
        ("0xff", 255),
        ("0b11", 3),
        ("1_000", 1000),
        ("1e200", 1e200),
        ("9" * 128, 10**128 - 1),
        ('"no"', "no"),
        ("true", True),
    ],
)
def test_values_are_what_yaml_would_give(written: str, value: Any) -> None:
    parsed = parse_toml(f"a = {written}\nb = [{{c = {written}}}]\n")
    assert parsed == {"a": value, "b": [{"c": value}]}
    assert type(parsed["a"]) is type(value)


@pytest.mark.parametrize(
    "written", ["nan", "-inf", "inf", "1e999", "9" * 129, "9" * 5000, "-" + "9" * 4301, "0x" + "f" * 200]
)
def test_numbers_that_json_cannot_carry_are_refused(written: str) -> None:
    problem = refuse(f"a = 1\n[b]\nc = [1, {written}]\n")
    assert problem.code == "JS021"
    assert problem.span.line == 3


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse_toml("\ufeffa = 1") == {"a": 1}
    assert locate_toml("\ufeffa = 1").key(("a",)) == Span(line=1, column=1, length=1)


def test_line_ends_of_windows_are_line_ends() -> None:
    text = 'a = 1\r\nb = """\r\nx\r\n"""\r\nc = 2\r\n'
    assert parse_toml(text) == {"a": 1, "b": "x\n", "c": 2}
    assert locate_toml(text).value(("c",)) == Span(line=5, column=5, length=1)


def test_half_a_character_is_refused() -> None:
    assert refuse('a = "\ud800"').code == "JS019"


DEEP = 64


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a = " + "[" * (DEEP - 1) + "]" * (DEEP - 1), True),
        ("a = " + "[" * DEEP + "]" * DEEP, False),
        (".".join("a" * DEEP) + " = 1", True),
        (".".join("a" * (DEEP + 1)) + " = 1", False),
        ("[" + ".".join("a" * (DEEP - 1)) + "]", True),
        ("[" + ".".join("a" * DEEP) + "]", False),
        ("[[" + ".".join("a" * (DEEP - 2)) + "]]", True),
        ("[[" + ".".join("a" * (DEEP - 1)) + "]]", False),
        ("a = " + "{b = " * (DEEP - 1) + "1" + "}" * (DEEP - 1), True),
        ("a = " + "{b = " * DEEP + "1" + "}" * DEEP, False),
        ("a = '" + ".".join("a" * (DEEP + 1)) + "'", True),
        ("# " + ".".join("a" * (DEEP + 1)), True),
    ],
)
def test_depth_has_a_limit(text: str, *, good: bool) -> None:
    if good:
        parse_toml(text)
    else:
        problem = refuse(text)
        assert problem.code == "JS018"
        assert problem.span.line == 1


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "[" * 100_000 + "]" * 100_000,
        "a = " + "{b = " * 50_000,
        ".".join(["a"] * 20_000) + " = 1",
        ".".join(["a"] * 500_000) + " = 1",
        "[" + ".".join(["a"] * 500_000) + "]",
        "a = 1\n" + "['a' . " + '"b" . ' * 100_000 + "c]",
    ],
)
def test_hostile_nesting_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    assert refuse(text).code == "JS018"
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "text",
    [
        "a = '" + "." * 1_000_000 + "'",
        "a" * 500_000 + " = '" + "b" * 500_000 + "." * 100 + "'",
        "#" + '"a".' * 30 + "x" * 1_000_000 + "." * 100,
        "a = [" + "1," * 50_000 + "]",
        "a = '''" + "''x" * 300_000 + "'''",
        "a = '..." + " " * 1_000_000 + "." * 64 + "'",
    ],
)
def test_large_texts_take_linear_time(text: str) -> None:
    start = time.process_time()
    parse_toml(text)
    locate_toml(text)
    assert time.process_time() - start < 4


@pytest.mark.parametrize(
    ("text", "name", "second", "first"),
    [
        ("a = 1\nb = 2\na = 3\n", "a", (3, 1), (1, 1)),
        ("[a]\nb = 1\n[c]\n[a]\n", "a", (4, 1), (1, 2)),
        ("[a]\nb = 1\n'b' = 2\n", "a.b", (3, 1), (2, 1)),
        ("a = {b = 1, b = 2}\n", "a.b", (1, 13), (1, 6)),
        ("a.b = 1\n[a]\nc = 1\n", "a", (2, 1), (1, 1)),
        ("a = 1\na.b = 2\n", "a", (2, 1), (1, 1)),
        ("a = []\n[[a]]\n", "a", (2, 1), (1, 1)),
        ("[[a]]\nb = 1\n[[a]]\nb = 1\nb = 2\n", "a.1.b", (5, 1), (4, 1)),
        ("[a.b]\n[a]\nb = 1\n", "a.b", (3, 1), (1, 4)),
    ],
)
def test_duplicates_name_both_places(text: str, name: str, second: tuple[int, int], first: tuple[int, int]) -> None:
    problem = refuse(text)
    assert (problem.code, place(problem)) == ("JS012", second)
    assert problem.message == f"`{name}` is there twice"
    assert problem.related is not None
    assert (problem.related[1].line, problem.related[1].column) == first


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ("a = b\n", (1, 5), "double quotes"),
        ("a: 1\n", (1, 2), "key = value"),
        ("a = 1\né = 2\n", (2, 1), "quotes"),
        ("a = 1 2\n", (1, 7), "new line"),
        ('a = "x\n', (1, 7), ""),
        ('a = "C:\\temp\\q"\n', (1, 13), "\\\\"),
        ("a = [1, 2\n\n", (1, 10), "]"),
        ("a = 'x", (1, 7), "quote"),
        ("[a\nb = 1", (1, 3), "]"),
        ("a = 2026-02-30", (1, 5), "calendar"),
        ("a = 1\nb = \x00\n", (2, 5), ""),
        ("a = 1\n\nb", (3, 2), "key = value"),
        ("a = 2026-13-45\n", (1, 9), "quote"),
        ("a = null\n", (1, 5), "no null"),
    ],
)
def test_broken_syntax_is_explained_where_it_is(text: str, where: tuple[int, int], hint: str) -> None:
    problem = refuse(text)
    assert (problem.code, place(problem)) == ("JS011", where)
    assert hint in problem.hint


SPEC = """\
name = "é€😀" # x
r.retry.'max' = 3
"q k".b = \"\"\"
multi
line\"\"\"
inp = { region = "e\\"u", n = [ # comment, ]
  1, {z=2},
  # another
  ], e = [] }
[[jobs]]
"\\u006eame" = 'a'
[jobs.schedule]
cron=["x", 'y']
[[jobs]]
 name = "b"
  [[ jobs . "in" ]]
  at = 1979-05-27 07:32:00Z
  [[jobs.in]]
  at = 07:32:00
[x.y.z]
"a.b"=true
"""

# TOML 1.0 has no line breaks in inline tables, so the parser gets the same on one line.
PLAIN = SPEC.replace("# comment, ]\n  1", "1").replace("},\n  # another\n  ]", "},]")


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), 'name = "é€😀" # x', None),
        (("name",), '"é€😀"', "name"),
        (("r",), "r", "r"),
        (("r", "retry"), "retry", "retry"),
        (("r", "retry", "max"), "3", "'max'"),
        (("q k", "b"), '"""', "b"),
        (("inp",), '{ region = "e\\"u", n = [ 1, {z=2},], e = [] }', "inp"),
        (("inp", "region"), '"e\\"u"', "region"),
        (("inp", "n"), "[ 1, {z=2},]", "n"),
        (("inp", "n", 0), "1", None),
        (("inp", "n", 1), "{z=2}", None),
        (("inp", "n", 1, "z"), "2", "z"),
        (("inp", "e"), "[]", "e"),
        (("jobs",), "[[jobs]]", "jobs"),
        (("jobs", 0), "[[jobs]]", None),
        (("jobs", 0, "name"), "'a'", '"\\u006eame"'),
        (("jobs", 0, "schedule"), "[jobs.schedule]", "schedule"),
        (("jobs", 0, "schedule", "cron", 1), "'y'", None),
        (("jobs", 1, "name"), '"b"', "name"),
        (("jobs", 1, "in"), '[[ jobs . "in" ]]', '"in"'),
        (("jobs", 1, "in", 0, "at"), "1979-05-27 07:32:00Z", "at"),
        (("jobs", 1, "in", 1, "at"), "07:32:00", "at"),
        (("x", "y"), "y", "y"),
        (("x", "y", "z"), "[x.y.z]", "z"),
        (("x", "y", "z", "a.b"), "true", '"a.b"'),
        (("x", "y", "q"), None, None),
    ],
)
def test_positions_point_at_the_text(path: tuple[str | int, ...], value: str | None, key: str | None) -> None:
    parse_toml(PLAIN)
    positions = locate_toml(PLAIN)
    assert cut(PLAIN, positions.value(path)) == value
    assert cut(PLAIN, positions.key(path)) == key


def cut(text: str, span: Span | None) -> str | None:
    if span is None:
        return None
    line = text.split("\n")[span.line - 1]
    return line[span.column - 1 : span.column - 1 + span.length]


def test_positions_know_comments_and_line_breaks_in_values() -> None:
    positions = locate_toml(SPEC)
    assert cut(SPEC, positions.value(("inp", "n", 1, "z"))) == "2"
    assert cut(SPEC, positions.value(("inp", "e"))) == "[]"
    assert cut(SPEC, positions.value(("jobs", 0, "name"))) == "'a'"


@pytest.mark.parametrize(
    "text", ["", "a", "a =", "a = [", "a = [1,", "a = {", "[", "[[a]", "= 1", "[a", 'a = "', "a.", "]", "a = [,]"]
)
def test_broken_texts_have_positions_too(text: str) -> None:
    assert locate_toml(text).nearest(("a", "b")).line == 1


def test_a_valid_text_has_no_duplicates() -> None:
    text = "[a.b]\n[a]\nc = 1\n[f]\ng.h = 1\ng.i = 2\n[f.g.j]\n"
    text += "[[k]]\n[[k.l]]\n[k.m]\n" * 2 + "n = {o.p = 1, o.q = 2}\n"
    parse_toml(text)
    assert scan_toml(text).duplicate is None


def test_so_many_places_are_found_and_no_more() -> None:
    found = locate_toml("a = [" + "[]," * 200_000 + "]\nb = 1\n")
    assert MAX_PLACES <= len(found.values) + len(found.keys) <= MAX_PLACES + MAX_EXCERPT
    assert found.nearest(("b",)) == found.nearest(())


def test_what_a_diagnostic_can_show_is_located_to_its_end() -> None:
    keys = (MAX_PLACES - 6) // 2
    text = "".join(f"k{number} = 1\n" for number in range(keys)) + "a = {b = 1, c = 2, d = 3, e = 4}\nf = 5\n"
    found = locate_toml(text)
    assert found.value(("a", "e"))
    assert not found.value(("f",))
