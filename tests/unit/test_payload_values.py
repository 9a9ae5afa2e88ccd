"""Values of payloads, as JSON and as text."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel

from jobspec.render.payload_values import tell_value, tell_values, to_json, write_json
from jobspec.results import Raw

SECRET = Raw(encoding="binary/encrypted", data=b"\x00" * 120)


class Order(BaseModel):
    number: int
    at: datetime


@dataclass
class Box:
    order: Order
    blob: bytes


class Odd:
    def __str__(self) -> str:
        return "odd"


@pytest.mark.parametrize(
    ("value", "json_value"),
    [
        ({"a": [1, 2.5, None, True, "x"]}, {"a": [1, 2.5, None, True, "x"]}),
        (Raw(encoding="binary/encrypted", data=b"\x01"), {"encoding": "binary/encrypted", "data": "AQ=="}),
        ([b"ab", (1,)], [{"encoding": "binary/plain", "data": "YWI="}, [1]]),
        ([math.nan, math.inf], ["nan", "inf"]),
        ({1: "x"}, {"1": "x"}),
        (Order(number=1, at=datetime(2026, 1, 1, tzinfo=UTC)), {"number": 1, "at": "2026-01-01T00:00:00Z"}),
        (
            Box(order=Order(number=1, at=datetime(2026, 1, 1, tzinfo=UTC)), blob=b"ab"),
            {"order": {"number": 1, "at": "2026-01-01T00:00:00Z"}, "blob": "YWI="},
        ),
        (Odd(), "odd"),
    ],
)
def test_every_value_becomes_json(value: Any, json_value: Any) -> None:
    assert to_json(value) == json_value
    assert json.loads(write_json(value)) == json_value


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_what_is_written_reads_back_and_shows_on_any_terminal(
    value: Any,
    indent: int | None,
    ascii: bool,  # noqa: A002, FBT001
) -> None:
    text = write_json(value, indent=indent, ascii=ascii)
    assert json.loads(text) == value
    assert all(character.isprintable() or character == "\n" for character in text)
    assert text.isascii() or not ascii


def test_escapes_are_those_of_json() -> None:
    assert write_json("a\x1b\x7f\x9b\u202e\U000e0041☃") == '"a\\u001b\\u007f\\u009b\\u202e\\udb40\\udc41☃"'


def test_what_is_nested_too_deeply_becomes_text() -> None:
    value: Any = 1
    for _ in range(300):
        value = [value]
    assert write_json(value) == "[" * 100 + f'"{"[" * 200}1{"]" * 200}"' + "]" * 100


def test_what_cannot_be_decoded_is_told_by_its_size() -> None:
    assert tell_value(SECRET) == "<binary/encrypted, 120 bytes>"
    assert tell_values([Raw(encoding="", data=b"x"), {"a": 1}]) == '<no encoding, 1 byte>, {"a": 1}'
