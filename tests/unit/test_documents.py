"""How the document of a value is made: its fields, and what the schema says of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from jobspec.render.documents import make_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of a chain.

    More on it, which is for readers of the library.

    Attributes:
        name: Its name. What follows
            is for readers of the library.
        length: How long it took; None where it goes on.
        next: The one behind it.
    """

    name: str
    length: timedelta | None = None
    next: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chain.

    Attributes:
        links: From the first one on.
        values: What it carries.
    """

    links: tuple[Link, ...]
    values: tuple[Any, ...] = ()
    made_at: datetime
    count: int = 0


LinkDocument = make_document("LinkDocument", Link)
ChainDocument = make_document(
    "ChainDocument", Chain, kind="chain", parts={Link: LinkDocument}, first={"job": (str, "Whose.")}
)
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_value_becomes_a_document_with_its_parts() -> None:
    link = Link(name="a", length=timedelta(minutes=90), next=Link(name="b"))
    document = ChainDocument.of(Chain(links=(link,), values=(float("nan"), b"1"), made_at=NOW), job="orders")
    assert document.model_dump() == {
        "kind": "chain",
        "version": 1,
        "job": "orders",
        "links": ({"name": "a", "length": "1h30m", "next": {"name": "b", "length": None, "next": None}},),
        "values": ("nan", {"encoding": "binary/plain", "data": "MQ=="}),
        "made_at": "2026-07-01T12:00:00Z",
        "count": 0,
    }


def test_the_schema_says_the_first_sentence_on_each_field() -> None:
    schema = ChainDocument.model_json_schema()
    link = schema["$defs"]["LinkDocument"]
    assert (schema["description"], link["description"]) == ("A chain.", "One link of a chain.")
    assert link["properties"]["name"]["description"] == "Its name."
    assert link["properties"]["length"]["description"] == "How long it took; null where it goes on."
    assert schema["properties"]["job"]["description"] == "Whose."
    assert schema["properties"]["made_at"]["format"] == "date-time"
    assert schema["properties"]["count"]["minimum"] == 0
    assert "description" not in schema["properties"]["count"]


def test_what_a_value_lacks_must_be_given() -> None:
    with pytest.raises(ValidationError, match="job"):
        ChainDocument.of(Chain(links=(), made_at=NOW))
