"""Laws of the YAML and TOML readers: what they read, where they say it stands, and that they never fail otherwise."""

from __future__ import annotations

import json
import math
import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from jobspec.diagnostics import RULES, Diagnostic
from jobspec.spec.document import Document, locate, parse_file
from jobspec.spec.positions import Positions, Span, SyntaxProblem
from jobspec.spec.spec_files import SourceFile
from jobspec.spec.toml_scan import scan_toml
from jobspec.spec.toml_text import locate_toml, parse_toml
from jobspec.spec.yaml_text import locate_yaml, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobspec.spec.positions import ValuePath

TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=12)
VISIBLE = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co", "Zl", "Zp"], exclude_characters="\ufeff"), max_size=12
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


def values(text: st.SearchStrategy[str], scalars: st.SearchStrategy[Any] = SCALARS) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars | text,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=12,
    )


def same(left: Any, right: Any) -> bool:
    """Equal in value and type: 1, 1.0 and true differ."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@given(values(TEXT), st.sampled_from([None, 0, 2]))
def test_json_is_read_as_json_reads_it(value: Any, indent: int | None) -> None:
    assert same(parse_yaml(json.dumps(value, indent=indent)), value)


@given(values(VISIBLE), st.sampled_from([None, 2]))
def test_json_with_all_characters_is_read_as_json_reads_it(value: Any, indent: int | None) -> None:
    assert same(parse_yaml(json.dumps(value, indent=indent, ensure_ascii=False)), value)


@given(values(TEXT), st.sampled_from(["flow", "block"]), st.sampled_from(["escaped", "as it is"]))
def test_quoted_yaml_is_read_as_it_was_written(value: Any, style: str, characters: str) -> None:
    text = yaml.safe_dump(
        value, default_style='"', default_flow_style=style == "flow", allow_unicode=characters == "as it is"
    )
    assert same(parse_yaml(text), value)


PATTERNS: list[tuple[str, Any]] = [  # as YAML 1.2.2 §10.3.2 has them, written a second time
    (r"null|Null|NULL|~|", lambda _: None),
    (r"true|True|TRUE", lambda _: True),
    (r"false|False|FALSE", lambda _: False),
    (r"[-+]?[0-9]+", int),
    (r"0o[0-7]+", lambda text: int(text, 8)),
    (r"0x[0-9a-fA-F]+", lambda text: int(text, 16)),
    (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", float),
    (r"[-+]?(\.inf|\.Inf|\.INF)", lambda _: math.inf),
    (r"\.nan|\.NaN|\.NAN", lambda _: math.inf),
]


def resolve(plain: str) -> Any:
    return next((make(plain) for pattern, make in PATTERNS if re.fullmatch(pattern, plain)), plain)


@settings(max_examples=300)
@given(st.text("0123456789abcdefxonulTRUEtruefasNLinI+-._eE~:", max_size=7) | st.from_regex(r"\A[-+0-9.eExo_]{1,8}\Z"))
def test_plain_scalars_follow_the_core_schema(plain: str) -> None:
    base = yaml.load(f"[{plain}]", yaml.CBaseLoader) if is_plain(plain) else None  # noqa: S506 - makes texts only
    if base != [plain]:
        return  # the text has a meaning in the grammar and is no plain scalar
    expected = resolve(plain)
    if isinstance(expected, float) and math.isinf(expected):
        with pytest.raises(SyntaxProblem, match="no finite number"):
            parse_yaml(f"[{plain}]")
    else:
        read = parse_yaml(f"[{plain}]")[0]
        assert (type(read), read) == (type(expected), expected)


def is_plain(plain: str) -> bool:
    try:
        return bool(list(yaml.parse(f"[{plain}]", yaml.CBaseLoader)))
    except yaml.YAMLError:
        return False


YAML_SEEDS = [
    "name: a\nschedule:\n  cron: '0 9 * * *'\n  skip: [2026-12-25, {month: 1}]\n",
    "x-a: &a {b: [1, 2]}\njobs:\n  - input: *a\n    name: b # c\n  - name: c\n    paused: |\n      why\n      not\n",
    "? a\n: - b\n  - - c\n    - d: >-\n        e\n'f': \"g\\n\"\n---\n",
]
TOML_SEEDS = [
    "name = 'a'\n[schedule]\ncron = \"0 9 * * *\"\nskip = [2026-12-25, {month = 1}]\n",
    "[[jobs]]\nname = 'b'\na.b.c = 1\n[jobs.input]\nx = [1,\n 2, # z\n]\n[[jobs]]\ns = '''\n'x'\n'''\nt = 07:32:00\n",
]


@st.composite
def mutations(draw: st.DrawFn, seeds: list[str]) -> str:
    """A real text with a few pieces removed, moved or put in."""
    text = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 6)))
        piece = draw(
            st.sampled_from(
                ["", " ", "\n", "\t", ":", "- ", "[", "]", "{", "}", "'", '"', "&a ", "*a", "!x ", "#", "|\n"]
            )
            | st.sampled_from(
                ["\r\n", "\x85", "\x00", "<<: ", "---\n", "%", "1", "=", ".", ",", "[[a]]\n", '"""', "é😀", "? "]
            )
            | st.just(text[start : start + 8])
        )
        text = text[:start] + piece + text[end:]
    return text


ANY_TEXT = st.text(max_size=40) | st.text(" \n\t:-[]{}'\"&*!#|>%@`?,ab1=.\\~<é", max_size=40)


@settings(max_examples=300)
@given(mutations(YAML_SEEDS) | ANY_TEXT)
def test_any_yaml_is_read_or_refused_with_a_place(text: str) -> None:
    lines = re.split(r"\r\n|\n|\r", text)
    positions = locate_yaml(text)
    try:
        value = parse_yaml(text)
    except SyntaxProblem as problem:
        check_problem(problem, lines)
        return
    if value is not None:
        check_positions(value, positions, lines)
    check_against_base_loader(text, value)


@settings(max_examples=300)
@given(mutations(TOML_SEEDS) | ANY_TEXT)
def test_any_toml_is_read_or_refused_with_a_place(text: str) -> None:
    lines = re.split(r"\n", text)
    positions = locate_toml(text)
    try:
        value = parse_toml(text)
    except SyntaxProblem as problem:
        check_problem(problem, lines)
        return
    check_positions(value, positions, lines)
    assert scan_toml(text).duplicate is None
    assert set(tomllib.loads(text.removeprefix("\ufeff"))) == set(value)


def check_problem(problem: SyntaxProblem, lines: list[str]) -> None:
    assert problem.code in RULES
    assert problem.message.isprintable()
    for span in [problem.span, *([problem.related[1]] if problem.related else [])]:
        assert 1 <= span.line <= len(lines)
        assert 1 <= span.column <= len(lines[span.line - 1]) + 1
        assert span.length >= 1


def check_positions(value: Any, positions: Positions, lines: list[str]) -> None:
    """Every value has a place in the text, and every key of a mapping too."""
    for path in walk(value):
        span = positions.value(path)
        assert span is not None, path
        assert cut(lines, span) is not None
        if path and isinstance(path[-1], str):
            assert positions.key(path) is not None, path


def walk(value: Any, path: ValuePath = ()) -> Iterator[ValuePath]:
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, (*path, index))


def cut(lines: list[str], span: Span) -> str | None:
    if span.line > len(lines) or span.column > len(lines[span.line - 1]) + 1:
        return None
    return lines[span.line - 1][span.column - 1 : span.column - 1 + span.length]


def check_against_base_loader(text: str, value: Any) -> None:
    """What we read has the shape that PyYAML reads, with the same texts."""
    base = yaml.load(text.removeprefix("\ufeff"), yaml.CBaseLoader)  # noqa: S506 - makes texts only

    def agrees(ours: Any, theirs: Any) -> bool:
        if isinstance(ours, dict):
            return list(ours) == list(theirs) and all(agrees(ours[key], theirs[key]) for key in ours)
        if isinstance(ours, list):
            return len(ours) == len(theirs) and all(agrees(*pair) for pair in zip(ours, theirs, strict=True))
        return bool(ours == theirs if isinstance(ours, str) else ours == resolve(theirs or ""))

    assert agrees(value, base)


@given(st.dictionaries(VISIBLE, values(VISIBLE), min_size=1, max_size=5), st.sampled_from([None, 1, 2]))
def test_yaml_positions_point_at_what_was_written(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    check_written(value, locate_yaml(text), text, write_json)


def write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def check_written(value: Any, positions: Positions, text: str, write: Callable[[Any], str]) -> None:
    lines = text.split("\n")
    for path in walk(value):
        item = value
        for part in path:
            item = item[part]
        span, key = positions.value(path), positions.key(path)
        assert span is not None
        if not isinstance(item, dict | list):
            assert cut(lines, span) == write(item)
        if path and isinstance(path[-1], str):
            assert key is not None
            assert cut(lines, key) == write_json(path[-1])


TOML_SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


def write_toml(value: Any) -> str:
    """Write a value as TOML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {write_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@given(st.dictionaries(VISIBLE, values(VISIBLE, TOML_SCALARS), max_size=5), st.sampled_from(["inline", "header"]))
def test_toml_positions_point_at_what_was_written(value: dict[str, Any], tables: str) -> None:
    headed = {key: item for key, item in value.items() if tables == "header" and isinstance(item, dict)}
    lines = [write_toml({key: item})[1:-1] for key, item in value.items() if key not in headed]
    for key, item in headed.items():
        lines.append(f"[{write_json(key)}]")
        lines += [write_toml({inner: part})[1:-1] for inner, part in item.items()]
    text = "\n".join(lines)
    assert same(parse_toml(text), value)
    check_written(value, locate_toml(text), text, write_toml)


@given(st.binary(max_size=60), st.sampled_from(["a.yaml", "a.toml"]))
def test_any_bytes_are_a_document_or_a_diagnostic(data: bytes, path: str) -> None:
    result = parse_file(SourceFile(path=path, data=data))
    if isinstance(result, Document):
        assert locate(result, ("nothing", 1, "there")).line >= 1
    else:
        assert isinstance(result, Diagnostic)
        assert result.location.excerpt.replace("\t", " ").isprintable()
