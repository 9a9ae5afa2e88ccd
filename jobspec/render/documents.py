"""What jobspec says, as versioned JSON documents: what all of them have in common.

Within a version keys are only added; `jobspec schema` describes them. Those that tell what the library tells have the
fields of its values (`jobspec.results`), and nothing is declared twice.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import fields as list_fields
from datetime import datetime, timedelta
from functools import partial
from inspect import cleandoc
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from jobspec.render.payload_values import to_json, write_token
from jobspec.secrets import mask
from jobspec.timing.duration import format_duration
from jobspec.timing.moments import write_utc

Count = Annotated[int, Field(ge=0)]
Version = Annotated[Literal[1], Field(description="The version of its form; keys may be added within one.")]
KIND = Field(description="What this document is.")


def _write_time(value: Any) -> Any:
    return write_utc(value) if isinstance(value, datetime) else value


def _write_length(value: Any) -> Any:
    return format_duration(value) if isinstance(value, timedelta) else value


Time = Annotated[str, BeforeValidator(_write_time), Field(json_schema_extra={"format": "date-time"})]
Length = Annotated[str, BeforeValidator(_write_length)]
Token = Annotated[str, BeforeValidator(write_token)]
Said = Annotated[str, BeforeValidator(partial(mask, is_prose=True))]
"""What somebody wrote for people, such as a note; secrets are masked."""
Payload = Annotated[Any, BeforeValidator(to_json)]
"""A value that went through the data converter."""


class JsonDocument(BaseModel):
    """What all documents and their parts have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def of(cls, *values: object, **fields: Any) -> Self:
        """Make a document of values that have attributes of the same names; nested values likewise.

        Args:
            values: Whose attributes are taken; of several that have one, the first.
            fields: What they do not have, or have under another name.
        """
        found = {
            name: getattr(value, name)
            for value in reversed(values)
            for name in cls.model_fields
            if hasattr(value, name)
        }
        return cls.model_validate(found | fields, from_attributes=True)

    def to_json(self) -> str:
        """Write the document: keys in the order of the model, ASCII only, one newline at the end."""
        return json.dumps(self.model_dump(by_alias=True), indent=2, allow_nan=False) + "\n"


Fields = dict[str, tuple[Any, str]]
"""Fields of a document by name: the type, and what is said of it."""

_TYPES = {"datetime": Time, "timedelta": Length, "bytes": Token, "int": Count, "Any": Payload, "Mapping": dict}
"""What the types of a value are in its document, by the names that its annotations have."""


def make_document(
    name: str,
    *values: type,
    kind: str = "",
    parts: Mapping[type, type[JsonDocument]] = MappingProxyType({}),
    first: Fields | None = None,
    last: Fields | None = None,
    without: frozenset[str] = frozenset(),
) -> type[JsonDocument]:
    """Make the document of a value of the library: the same fields in the same order, and what is said of them.

    Args:
        name: Of the document, in the schema.
        values: Dataclasses with an `Attributes` section, whose first sentences go into the schema; the first names
            the document.
        kind: What it is; empty for a document that is only a part of others.
        parts: The documents of nested values.
        first: Fields before those of the values.
        last: Fields after them.
        without: Fields of the values that are left out.
    """
    found: Fields = {}
    for value in values:
        types = {**_TYPES, **{part.__name__: document for part, document in parts.items()}, value.__name__: Self}
        hints = get_type_hints(value, localns=types, include_extras=True)
        said = _read_attributes(value)
        names = [field.name for field in list_fields(value) if field.name not in without]
        found |= {field: (hints[field], said.get(field, "")) for field in names}
    definitions: dict[str, Any] = {}
    if kind:
        definitions = {"kind": (Annotated[Literal[kind], KIND], kind), "version": (Version, 1)}
    for field, (hint, text) in {**(first or {}), **found, **(last or {})}.items():
        definitions[field] = (hint, Field(description=text or None))
    summary = cleandoc(values[0].__doc__ or "").split("\n")[0]
    return create_model(name, __base__=JsonDocument, __doc__=summary, __module__=__name__, **definitions)


def _read_attributes(value: type) -> dict[str, str]:
    """Read the first sentence on each attribute from a docstring; JSON's word for None is null."""
    section = cleandoc(value.__doc__ or "").partition("\nAttributes:\n")[2]
    entries = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE)
    return {name: _take_sentence(" ".join(text.split())) for name, text in entries}


def _take_sentence(text: str) -> str:
    return re.sub(r"\bNone\b", "null", re.split(r"(?<=\.) (?=[A-Z`])", text)[0])
