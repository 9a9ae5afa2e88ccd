from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.api.enums.v1 import IndexedValueType

from jobspec.errors import InvalidDefinitionError
from jobspec.temporal.search_attributes import fit_search_attributes

TYPES = {
    "Text": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Odd": IndexedValueType.INDEXED_VALUE_TYPE_UNSPECIFIED,
}


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("Text", "some words", "some words"),
        ("Text", ("one",), "one"),
        ("Keyword", "eu", "eu"),
        ("Keyword", ("eu",), "eu"),
        ("Int", 5, 5),
        ("Double", 0.5, 0.5),
        ("Double", 5, 5.0),
        ("Bool", True, True),
        ("Datetime", "2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("Datetime", "2026-01-01T02:00:00+02:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("KeywordList", ("a", "b"), ["a", "b"]),
        ("KeywordList", ("a",), ["a"]),
    ],
)
def test_values_are_sent_as_the_registered_type(name: str, value: Any, sent: Any) -> None:
    (pair,) = fit_search_attributes({name: value}, TYPES, "shop")
    assert (pair.key.name, int(pair.key.indexed_value_type)) == (name, TYPES[name])
    assert (pair.value, type(pair.value)) == (sent, type(sent))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Text", 5, "must be text: in the namespace `shop` it is a Text"),
        ("Keyword", 5, "must be text: in the namespace `shop` it is a Keyword"),
        ("Keyword", ("a", "b"), "must be text"),
        ("Int", True, "must be a whole number"),
        ("Int", 5.0, "must be a whole number"),
        ("Int", "5", "must be a whole number"),
        ("Double", "0.5", "must be a number"),
        ("Double", False, "must be a number"),
        ("Bool", 1, "must be `true` or `false`"),
        ("Datetime", "2026-01-01", "must be a time with an offset"),
        ("Datetime", "2026-01-01T00:00:00", "must be a time with an offset"),
        ("Datetime", "soon", "must be a time with an offset"),
        ("Datetime", 5, "must be a time with an offset"),
        ("KeywordList", "a", "must be a list of texts"),
        ("Odd", "a", "has a type that this version of jobspec does not know"),
        ("Keywrd", "a", "has no search attribute `Keywrd`; did you mean `Keyword`? Otherwise register it with"),
        ("Price", 5, "has no search attribute `Price`; register it with `temporal operator search-attribute create"),
    ],
)
def test_what_the_server_would_refuse_is_said_in_a_specs_words(name: str, value: Any, words: str) -> None:
    with pytest.raises(InvalidDefinitionError) as caught:
        fit_search_attributes({"Fine": "x", name: value}, {**TYPES, "Fine": TYPES["Keyword"]}, "shop")
    assert words in str(caught.value)
    assert name in str(caught.value)


def test_every_type_that_can_be_registered_is_tried() -> None:
    assert set(TYPES.values()) == set(IndexedValueType.values())
