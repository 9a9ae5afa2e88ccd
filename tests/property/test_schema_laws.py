"""Laws of judging inputs: a schema may say anything at all, and costs a bounded time and only its own job."""

from __future__ import annotations

import json
import math
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings, strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from jobspec.diagnostics import RULES
from jobspec.render.diagnostic_text import render_diagnostics
from jobspec.spec import schema_judge
from jobspec.spec.loader import load_listings
from jobspec.spec.schema_judge import Limits, SchemaJudge
from jobspec.spec.spec_files import Listing, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.spec.loaded_jobs import Loaded

KEYS = st.sampled_from(["a", "b", "x1", ""])
LEAVES = st.none() | st.booleans() | st.integers(-3, 5) | st.sampled_from([0.5, 1.0, 2.0, "", "a", "ab", "b1"])
INPUTS = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3))
PATTERNS = st.sampled_from(["^a", "b$", "^(a|b)*1?$", "^[a-b]+$", "a{2,3}", "(?!a)b", ""])
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
COUNTS = st.integers(0, 4)
NUMBERS = st.integers(-2, 4) | st.just(1.5)


def extend(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make valid schemas out of others."""
    several = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "enum": st.lists(INPUTS, min_size=1, max_size=3),
            "const": INPUTS,
            "minimum": NUMBERS,
            "exclusiveMaximum": NUMBERS,
            "multipleOf": st.integers(1, 3) | st.just(0.5),
            "minLength": COUNTS,
            "maxLength": COUNTS,
            "pattern": PATTERNS,
            "prefixItems": several,
            "items": inner,
            "contains": inner,
            "minItems": COUNTS,
            "uniqueItems": st.booleans(),
            "properties": st.dictionaries(KEYS, inner, max_size=3),
            "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
            "additionalProperties": inner,
            "propertyNames": inner,
            "required": st.lists(KEYS, max_size=2, unique=True),
            "dependentRequired": st.dictionaries(KEYS, st.lists(KEYS, max_size=2, unique=True), max_size=2),
            "dependentSchemas": st.dictionaries(KEYS, inner, max_size=2),
            "maxProperties": COUNTS,
            "unevaluatedProperties": inner,
            "unevaluatedItems": inner,
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "$ref": st.sampled_from(["#/$defs/leaf", "#/$defs/other"]),
        },
    )


SCHEMAS: st.SearchStrategy[Any] = st.recursive(st.booleans() | st.just({}), extend, max_leaves=6)
DEFINITIONS = {"leaf": {"type": "integer"}, "other": {"properties": {"a": {"$ref": "#/$defs/leaf"}}}}

WORDS = st.sampled_from(
    [
        "$ref",
        "$schema",
        "$id",
        "$defs",
        "$dynamicRef",
        "$anchor",
        "$vocabulary",
        "type",
        "enum",
        "const",
        "pattern",
        "patternProperties",
        "properties",
        "items",
        "allOf",
        "anyOf",
        "not",
        "if",
        "then",
        "required",
        "multipleOf",
        "maximum",
        "minLength",
        "uniqueItems",
        "dependencies",
        "format",
        "contains",
    ]
)
REFERENCES = [
    "#",
    "#/",
    "#/a/b",
    "#/$defs/a",
    "#/allOf/0",
    "#a",
    "#/%2",
    "%zz",
    "urn:x",
    "other.json",
    "file:///etc/passwd",
    "http://127.0.0.1/",
]
DRAFTS = ["http://json-schema.org/draft-03/schema#", "http://json-schema.org/draft-07/schema#"]
HARD_PATTERNS = [
    "^(a+)+$",
    "(a|a)*b",
    "a{99999999999}",
    "(a{1000}){1000}",
    "(",
    "[",
    "\\",
    "(?=(a+)+)b",
    "(a)\\1",
    "(?<x>a)",
    "[[:alpha:]]",
]
ODD_TEXTS = ["\u2028", "\x00", "\ud800", "\U0001f600", "a" * 3000]
ODD_NUMBERS = [math.nan, math.inf, 1e308, -0.0, 10**120, -(10**30), 2**63, 1e-320]
HOSTILE = (
    LEAVES
    | WORDS
    | TYPES
    | st.sampled_from([*REFERENCES, *DRAFTS, *HARD_PATTERNS, *ODD_TEXTS])
    | st.sampled_from(ODD_NUMBERS)
)
NEARLY_SCHEMAS = st.recursive(
    HOSTILE | SCHEMAS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | KEYS, inner, max_size=4),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(WORDS, NEARLY_SCHEMAS, min_size=1, max_size=3)
SPOILED = st.builds(
    lambda schema, part: {"$defs": DEFINITIONS} | schema | part,
    extend(SCHEMAS),
    st.dictionaries(WORDS, HOSTILE, max_size=1),
)
NOT_EVEN_MAPPINGS = NEARLY_SCHEMAS.map(json.dumps) | st.text(max_size=30) | st.integers(1, 3000).map('{"not": '.__mul__)
TEXTS = st.one_of(MAPPINGS.map(json.dumps), SPOILED.map(json.dumps), NOT_EVEN_MAPPINGS)


@pytest.fixture(autouse=True, scope="module")
def judge() -> Iterator[SchemaJudge]:
    """A judge that never runs out of time, so that all that is drawn is tried."""
    common, schema_judge.JUDGE = schema_judge.JUDGE, SchemaJudge(Limits(one=0.2, all=1e9))
    yield schema_judge.JUDGE
    schema_judge.JUDGE.close()
    schema_judge.JUDGE = common


def load(schema: str, value: Any, *, suffix: str = "json") -> Loaded:
    """Load a job with a schema, and a good one beside it."""
    bad = f"name: bad\nqueue: q\nworkflow: a:B\ninput: {json.dumps(value)}\ninput_schema: s.{suffix}\n"
    good = "name: good\nqueue: q\nworkflow: a:B\ninput: 1\ninput_schema: good.json\n"
    files = tuple(
        SourceFile(path=f"specs/{name}.yaml", data=text.encode()) for name, text in (("bad", bad), ("good", good))
    )

    def read(shown: str) -> SourceFile:
        text = '{"type": "integer"}' if shown == "specs/good.json" else schema
        return SourceFile(path=shown, data=text.encode("utf-8", "surrogatepass"))

    return load_listings([Listing(root="specs", files=files)], read=read)


def is_writable(value: Any) -> bool:
    """Whether a spec file can hold a value."""
    return value != "\ud800" and not (isinstance(value, float) and not math.isfinite(value))


@given(SCHEMAS, INPUTS)
@settings(max_examples=150)
def test_an_input_is_right_where_another_validator_takes_it(schema: Any, value: Any) -> None:
    whole = {"$defs": DEFINITIONS, **schema} if isinstance(schema, dict) else {"allOf": [schema]}
    loaded = load(json.dumps(whole), value)
    assert {found.code for found in loaded.diagnostics} <= {"JS312"}
    assert ("bad" in loaded.jobs) == Draft202012Validator(whole).is_valid(value)


@given(SCHEMAS, st.data())
def test_a_mistake_is_told_at_its_place(schema: Any, data: st.DataObject) -> None:
    whole = {"items": {"items": schema}, "$defs": DEFINITIONS}
    value = [[data.draw(INPUTS)]]
    known = {tuple(error.absolute_path) for error in Draft202012Validator(whole).iter_errors(value)}
    answer = schema_judge.JUDGE.ask(json.dumps(whole), whole, value)
    assert isinstance(answer, dict)
    told = {tuple(error["path"]) for error in answer["errors"]}
    assert bool(told) == bool(known)
    assert all(any(place[: len(near)] == near or near[: len(place)] == place for near in known) for place in told)


@given(text=TEXTS, value=INPUTS | HOSTILE.filter(is_writable))
@settings(max_examples=150)
@example(text='{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}', value=1)
@example(text='{"$id": "http://127.0.0.1/", "$ref": "#a"}', value=1)
@example(text='{"$schema": "http://127.0.0.1/"}', value=1)
@example(text='{"$ref": "#", "$id": "%zz"}', value=1)
@example(text='{"additionalProperties": false}', value={"a\x00\u2028": 1})
@example(text='{"additionalProperties": {"type": "string"}}', value={"a\x00" * 900: 1})
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_whatever_a_schema_says_it_costs_its_job_and_a_moment(text: str, value: Any, suffix: str) -> None:
    begun = time.monotonic()
    loaded = load(text, value, suffix=suffix)
    assert time.monotonic() - begun < 10
    assert "good" in loaded.jobs
    assert ("bad" in loaded.jobs) == (not loaded.diagnostics)
    codes = {found.code for found in loaded.diagnostics}
    assert codes <= {code for code in RULES if not code.startswith("JS9")}
    assert all(found.message.isprintable() and len(found.message) < 1000 for found in loaded.diagnostics)
    shown = render_diagnostics(loaded.diagnostics, color=False) if loaded.diagnostics else ""
    assert "Traceback" not in shown
    assert not re.search("[\ud800-\udfff]", shown)


@given(NEARLY_SCHEMAS.filter(lambda schema: isinstance(schema, dict)))
@settings(max_examples=100)
def test_a_schema_that_its_metaschema_refuses_is_refused(schema: Any) -> None:
    text = json.dumps(schema)
    try:
        Draft202012Validator.check_schema(json.loads(text))
    except SchemaError:
        assert "bad" not in load(text, 1).jobs or "$schema" in schema
    except Exception:  # noqa: BLE001  what the other validator cannot bear, ours must all the same
        load(text, 1)
