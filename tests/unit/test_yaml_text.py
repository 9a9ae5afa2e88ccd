from __future__ import annotations

import math
import time
from typing import Any

import pytest

from jobspec.diagnostics import RULES
from jobspec.spec.positions import MAX_EXCERPT, MAX_PLACES, Span, SyntaxProblem
from jobspec.spec.yaml_text import MAX_ALIASED, locate_yaml, parse_yaml


def refuse(text: str) -> SyntaxProblem:
    with pytest.raises(SyntaxProblem) as caught:
        parse_yaml(text)
    problem = caught.value
    assert problem.code in RULES
    assert not problem.message[0].isupper() or problem.message.startswith("YAML")
    assert problem.message.isprintable()
    assert not problem.message.endswith(".")
    assert not problem.hint.endswith(".")
    return problem


def place(problem: SyntaxProblem) -> tuple[int, int]:
    return problem.span.line, problem.span.column


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        *((text, text) for text in ("no", "No", "NO", "on", "off", "yes", "y", "n", "tRUE", "nULL", "None", "=", "<<")),
        *((text, text) for text in ("12:30:00", "190:20:30", "2026-12-25", "2026-12-25T00:00:00Z", "1_000", "0b11")),
        *((text, text) for text in ("1.2.3", "0o8", "0xG", "-0x1F", "+0o7", "1e", "e1", ".", "+", "..", "0x", "0o")),
        *((text, text) for text in ("--1", "1-2", "1 2", "٣", "१", "1\u00a0", "inf", "nan", "+.nan", "1,000", "9-17")),
        ("017", 17),
        ("-017", -17),
        ("+12", 12),
        ("-0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("0xdeadBEEF", 0xDEADBEEF),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.5E-1", -0.05),
        ("1.", 1.0),
        ("00.10", 0.1),
        ("9" * 30, 10**30 - 1),
        ("9" * 128, 10**128 - 1),
        ("1e308", 1e308),
        ("1e-999", 0.0),
        *((text, None) for text in ("", "~", "null", "Null", "NULL")),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
    ],
)
def test_plain_scalars_mean_what_the_core_schema_says(plain: str, value: Any) -> None:
    parsed = parse_yaml(f"a: {plain}\n")["a"]
    assert (type(parsed), parsed) == (type(value), value)


@pytest.mark.parametrize("text", ["'1'", '"true"', "|-\n  null", ">-\n  ~", "'<<'"])
def test_quoted_and_block_scalars_are_text(text: str) -> None:
    assert isinstance(parse_yaml(f"a: {text}")["a"], str)


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.INF", ".nan", ".NaN", ".NAN", "1e999", "-1e999", "9" * 129])
def test_numbers_that_json_cannot_carry_are_refused(text: str) -> None:
    problem = refuse(f"ab:\n  - {text}\n")
    assert (problem.code, place(problem)) == ("JS021", (2, 5))


@pytest.mark.parametrize("digits", ["9" * 5000, "0x" + "f" * 200_000, "0o" + "7" * 5000, "-" + "1" * 1_000_000])
def test_endless_digits_cost_nothing(digits: str) -> None:
    assert refuse(f"a: {digits}").code == "JS021"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!str 123", "123"),
        ("!!str", ""),
        ("!!int '12'", 12),
        ("!!float 3", 3.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!map {b: 1}", {"b": 1}),
        ("!!seq [1]", [1]),
    ],
)
def test_the_tags_of_yaml_itself_are_honoured(text: str, value: Any) -> None:
    parsed = parse_yaml(f"a: {text}")["a"]
    assert (type(parsed), parsed) == (type(value), value)


@pytest.mark.parametrize(
    "text",
    [
        "!!int x",
        "!!int 1.5",
        "!!bool yes",
        "!!null x",
        "!!float true",
        "!!map []",
        "!!seq {}",
        "!!str []",
        "!foo bar",
        "! bar",
        "!<x> bar",
        "!e!x bar",
        "!!binary aGk=",
        "!!timestamp 2026-01-01",
        "!!set {a}",
        "!!python/object/apply:os.system [id]",
        "!!python/name:os.system ''",
    ],
)
def test_other_tags_are_refused(text: str) -> None:
    problem = refuse(f"a: {text}")
    assert (problem.code, place(problem)) == ("JS014", (1, 4))


def test_a_duplicate_key_names_both_places() -> None:
    problem = refuse("x: {b: 1}\na:\n  - b: 1\n    c: 2\n    'b': 3\n")
    assert (problem.code, place(problem)) == ("JS012", (5, 5))
    assert problem.related == ("`b` is first given here", Span(line=3, column=5, length=1))


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("1", 'put it in quotes: `"1"`'),
        ("1.5", 'put it in quotes: `"1.5"`'),
        ("true", 'put it in quotes: `"true"`'),
        ("null", 'put it in quotes: `"null"`'),
        ("~", 'put it in quotes: `"~"`'),
        ("&x 1", 'put it in quotes: `"1"`'),
        ("[a]", "write the key out"),
        ("{a: b}", "write the key out"),
    ],
)
def test_keys_must_be_text(key: str, hint: str) -> None:
    problem = refuse(f"{key}: v\n")
    assert (problem.code, problem.hint, place(problem)) == ("JS013", hint, (1, 1))


def test_a_missing_key_is_said_to_be_missing() -> None:
    problem = refuse("? \n: v\n")
    assert (problem.code, problem.message, place(problem)) == ("JS013", "the key is missing", (1, 2))


def test_an_alias_is_no_key() -> None:
    problem = refuse("x: &a '<<'\n*a : 1\n")
    assert (problem.code, place(problem)) == ("JS013", (2, 1))


def test_words_of_yaml_1_1_are_keys_like_others() -> None:
    assert parse_yaml("on: 1\nyes: 2\n'1': 3\n? no\n: 4\n") == {"on": 1, "yes": 2, "1": 3, "no": 4}


def test_merge_keys_are_refused() -> None:
    problem = refuse("x: &a {b: 1}\ny:\n  <<: *a\n")
    assert (problem.code, place(problem)) == ("JS015", (3, 3))
    assert parse_yaml('"<<": 1') == {"<<": 1}


@pytest.mark.parametrize("text", ["a: 1\n---\nb: 1\n", "a: 1\n...\n---\n", "---\na: 1\n--- \n"])
def test_a_second_document_is_refused(text: str) -> None:
    assert refuse(text).code == "JS016"


@pytest.mark.parametrize("text", ["---\na: 1\n", "a: 1\n...\n", "%YAML 1.2\n---\na: 1\n", "\ufeffa: 1"])
def test_the_marks_of_one_document_are_allowed(text: str) -> None:
    assert parse_yaml(text) == {"a": 1}


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "null", "\ufeff"])
def test_a_text_without_a_value_is_none(text: str) -> None:
    assert parse_yaml(text) is None


@pytest.mark.parametrize(
    "directive", ["%YAML 1.1", "%YAML 2.0", "%FOO bar", "%TAG ! tag:yaml.org,2002:", "%YAML 1.2\n%YAML 1.2"]
)
def test_directives_are_refused(directive: str) -> None:
    assert refuse(f"{directive}\n---\na: 1\n").code == "JS020"


def test_aliases_stand_for_their_values() -> None:
    assert parse_yaml("x-a: &a [1, &b t]\nc: *a\nd: {e: *b, f: *a}\n") == {
        "x-a": [1, "t"],
        "c": [1, "t"],
        "d": {"e": "t", "f": [1, "t"]},
    }


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: *b\n", (1, 4)),
        ("a: &a [*a]\n", (1, 8)),
        ("&a b:\n  - {c: *x}\n", (2, 9)),
        ("&r\na: {b: [*r]}\n", (2, 9)),
        ("a: &a 1\nb: &a 2\n", (2, 4)),
        ("a: *b\nb: &b 1\n", (1, 4)),
    ],
)
def test_aliases_without_a_finished_value_and_double_anchors_are_refused(text: str, where: tuple[int, int]) -> None:
    problem = refuse(text)
    assert (problem.code, place(problem)) == ("JS017", where)


def test_a_billion_laughs_are_refused_at_once() -> None:
    lines = ["l0: &l0 [" + ", ".join(["lol"] * 9) + "]"]
    lines += [f"l{n}: &l{n} [" + ", ".join([f"*l{n - 1}"] * 9) + "]" for n in range(1, 9)]
    start = time.process_time()
    assert refuse("\n".join(lines)).code == "JS017"
    assert time.process_time() - start < 1


def test_the_alias_budget_counts_expanded_values() -> None:
    values = ", ".join(["1"] * 999)
    text = f"a: &a [{values}]\nb: ["
    assert len(parse_yaml(text + ", ".join(["*a"] * (MAX_ALIASED // 1000)) + "]")["b"]) == 10
    assert refuse(text + ", ".join(["*a"] * (MAX_ALIASED // 1000 + 1)) + "]").code == "JS017"


def test_aliases_count_for_the_depth() -> None:
    deep = "[" * 40 + "]" * 40
    assert parse_yaml(f"a: &a {deep}\nb: " + "[" * 23 + "*a" + "]" * 23)
    assert refuse(f"a: &a {deep}\nb: " + "[" * 24 + "*a" + "]" * 24).code == "JS018"


@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")])
def test_depth_has_a_limit(open_: str, close: str) -> None:
    if open_ != "? ":
        assert parse_yaml(open_ * 64 + close * 64) is not None
    assert refuse(open_ * 65 + close * 65).code in {"JS018", "JS013"}


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 1_000_000, "{" * 100_000, "? " * 100_000, "{a: " * 100_000])
def test_hostile_nesting_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    refuse(text)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "x " * 500_000,
        "a: '" + "''" * 500_000 + "'",
        "a: [" + "1," * 20_000 + "b: c, " * 10_000 + "]",
        "".join(f"k{n}: v\n" for n in range(50_000)),
        "x: &a b\ny: [" + "*a, " * 9_000 + "]",
        "#" * 1_000_000,
        "\n" * 1_000_000,
        "a: |\n" + " x\n" * 200_000,
    ],
)
def test_large_texts_take_linear_time(text: str) -> None:
    start = time.process_time()
    parse_yaml(text)
    locate_yaml(text)
    assert time.process_time() - start < 4


@pytest.mark.parametrize("code", [0x00, 0x01, 0x07, 0x08, 0x0B, 0x0C, 0x1B, 0x7F, 0x85, 0x9B, 0x2028, 0x2029, 0xFEFF])
def test_characters_that_cannot_be_seen_are_refused(code: int) -> None:
    problem = refuse(f"a: 1\nbé: x{chr(code)}y\n")
    assert (problem.code, place(problem)) == ("JS019", (2, 6))
    assert f"U+{code:04X}" in problem.message


@pytest.mark.parametrize("text", ["a:\n\tb: 1", "\ta: 1", "a: x\n\tb", "a: |\n\tx", "-\ta: 1\n \tb: 2"])
def test_tabs_in_the_indentation_are_refused(text: str) -> None:
    problem = refuse(text)
    assert (problem.code, problem.hint) == ("JS010", "indent with spaces")


def test_tabs_elsewhere_are_white_space() -> None:
    assert parse_yaml("a:\t1\t# one\nb: [c,\td]\n") == {"a": 1, "b": ["c", "d"]}


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ("cron: */5 * * * *\n", (1, 7), "*/5"),
        ("cron: * * * * *\n", (1, 7), "*/5"),
        ("cron: @daily\n", (1, 7), "quote"),
        ("a: `x`\n", (1, 4), "quote"),
        ("a: &\n", (1, 4), "quote"),
        ("a: %x\n", (1, 4), "quote"),
        ("a: b: c\n", (1, 5), "quote"),
        ("a: 1\n b: 2\n", (2, 3), "indentation"),
        ("a:\n  - 1\n b: 2\n", (3, 2), "indentation"),
        ("- a\nb: 1\n", (2, 1), "- "),
        ("a: 1\nbcd\n", (2, 1), "colon"),
        ("a: 'x\nb: 1\n", (1, 4), "closing quote"),
        ("a: [1\n\n\n", (1, 5), "close"),
        ("a: [1\nb: 2\n", (2, 2), "close"),
        ("a: {b: 1\n", (1, 8), "close"),
        ("a: [1, 2}\n", (1, 9), "close"),
        ('a: "C:\\temp\\q"\n', (1, 12), "\\\\"),
        ('a: "\\ud83d\\ude00"\n', (1, 7), "character itself"),
        ("a: 1\n... b\n", (2, 5), "remove"),
        ("a: 'b' c\n", (1, 8), "quote"),
        ("a: >9x\n", (1, 6), ""),
    ],
)
def test_broken_syntax_is_explained_where_it_is(text: str, where: tuple[int, int], hint: str) -> None:
    problem = refuse(text)
    assert problem.code == "JS010"
    assert place(problem) == where
    assert hint in problem.hint


def test_equal_keys_are_one_object() -> None:
    first, second = parse_yaml("[{na-me: 1}, {na-me: 2}]")
    assert next(iter(first)) is next(iter(second))


def test_json_is_yaml() -> None:
    text = '{"a":{"b":[1,-2.5e-3,true,false,null,"\\u00e9\\n\\/"],"c":{}},"d":[]}'
    assert parse_yaml(text) == {"a": {"b": [1, -0.0025, True, False, None, "é\n/"], "c": {}}, "d": []}


def test_no_value_is_infinite() -> None:
    assert math.isfinite(parse_yaml("[1.7976931348623157e+308]")[0])


SPEC = """\
x-a: &a {b: [1, two], c: &q "x"}
name: &n orders   # c
é😀: !!str 5
list:
  - *a
  - deep:
      no: on
    text: |
      line
      line
  -
    - 1
flow: [{k: v},
  w]
empty:
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), 'x-a: &a {b: [1, two], c: &q "x"}', None),
        (("x-a",), '{b: [1, two], c: &q "x"}', "x-a"),
        (("x-a", "b"), "[1, two]", "b"),
        (("x-a", "b", 1), "two", None),
        (("x-a", "c"), '"x"', "c"),
        (("name",), "orders", "name"),
        (("é😀",), "5", "é😀"),
        (("list",), "- *a", "list"),
        (("list", 0), "*a", None),
        (("list", 0, "b", 1), "two", None),
        (("list", 0, "c"), '"x"', "c"),
        (("list", 1), "deep:", None),
        (("list", 1, "deep"), "no: on", "deep"),
        (("list", 1, "deep", "no"), "on", "no"),
        (("list", 1, "text"), "|", "text"),
        (("list", 2), "- 1", None),
        (("list", 2, 0), "1", None),
        (("flow",), "[{k: v},", "flow"),
        (("flow", 0), "{k: v}", None),
        (("flow", 0, "k"), "v", "k"),
        (("flow", 1), "w", None),
        (("list", 3), None, None),
        (("list", 0, "z"), None, None),
        (("nothing", "there"), None, None),
    ],
)
def test_positions_point_at_the_text(path: tuple[str | int, ...], value: str | None, key: str | None) -> None:
    positions = locate_yaml(SPEC)
    assert cut(SPEC, positions.value(path)) == value
    assert cut(SPEC, positions.key(path)) == key


def cut(text: str, span: Span | None) -> str | None:
    if span is None:
        return None
    line = text.split("\n")[span.line - 1]
    return line[span.column - 1 : span.column - 1 + span.length]


def test_the_nearest_value_is_the_innermost_that_exists() -> None:
    positions = locate_yaml(SPEC)
    assert positions.nearest(("list", 1, "deep", "x", 3)) == positions.value(("list", 1, "deep"))
    assert positions.nearest(("list", 0, "b", 9)) == positions.value(("x-a", "b"))
    assert positions.nearest(("z",)) == positions.value(())
    assert locate_yaml("").nearest(("z",)) == Span(line=1, column=1)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_positions_know_all_line_ends(end: str) -> None:
    positions = locate_yaml(f"a: 1{end}b:{end}  c: x{end}")
    assert positions.value(("b", "c")) == Span(line=3, column=6, length=1)


def test_positions_of_broken_texts_go_as_far_as_the_mistake() -> None:
    positions = locate_yaml("a: 1\nb: [\n")
    assert positions.value(("a",)) == Span(line=1, column=4, length=1)
    assert locate_yaml("a: &a [*a, *b]").value(("a", 0, 0, 0, 1)) is not None
    assert locate_yaml("a: *b").value(("a", "c")) is None
    assert locate_yaml("[" * 1000).value((0,) * 1000) is None
    assert locate_yaml("a: \x85\x00 b\ud800").values == {}


def test_anchors_on_one_line_are_located_in_linear_time() -> None:
    text = "a: [" + "".join(f"&a{number}," for number in range(10_000)) + "]"
    start = time.process_time()
    parse_yaml(text)
    parsed = time.process_time()
    locate_yaml(text)
    assert time.process_time() - parsed < 50 * (parsed - start)


def test_properties_are_no_part_of_a_value() -> None:
    found = locate_yaml("a: &a !!str x\nb: [&b,&c 1, !<tag:yaml.org,2002:str> 2]\n")
    spans = [found.nearest(path) for path in (("a",), ("b", 0), ("b", 1), ("b", 2))]
    assert [(span.line, span.column) for span in spans] == [(1, 13), (2, 5), (2, 11), (2, 39)]


def test_so_many_places_are_found_and_no_more() -> None:
    found = locate_yaml("- [" + "[]," * 200_000 + "]\n- x\n")
    assert MAX_PLACES <= len(found.values) <= MAX_PLACES + MAX_EXCERPT
    assert found.nearest((1,)) == found.nearest(())


def test_what_a_diagnostic_can_show_is_located_to_its_end() -> None:
    keys = (MAX_PLACES - 6) // 2
    text = "".join(f"k{number}: 1\n" for number in range(keys)) + "a: {b: 1, c: 2, d: 3, e: 4}\nf: 5\n"
    found = locate_yaml(text)
    assert found.value(("a", "e"))
    assert not found.value(("f",))
