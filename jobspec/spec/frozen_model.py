"""What all parts of a spec are made of: a frozen model, and mistakes in a person's words.

Validators say what is wrong by raising a pydantic error whose type is a code of
:data:`jobspec.diagnostics.RULES`, so that a mistake in a file and the same
mistake in code read alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from jobspec.errors import InvalidDefinitionError


class SpecPart(BaseModel):
    """What all parts of a spec have in common: frozen, strict, and no unknown key.

    Raises:
        InvalidDefinitionError: A value is wrong; says all that are. `model_validate` raises pydantic's own error, from
            which the mistakes in files are told.
    """

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True
    )

    if not TYPE_CHECKING:  # type checkers go by the fields

        def __init__(self, **values: Any) -> None:
            for name, field in type(self).model_fields.items():
                if field.alias and name in values:  # `class`, the key of a spec, is no name in Python
                    values[field.alias] = values.pop(name)
            try:
                super().__init__(**values)
            except ValidationError as error:
                from jobspec.spec.validation import explain_part  # it needs all parts

                raise InvalidDefinitionError(explain_part(type(self).__name__, error, values)) from error

        # As pydantic's `RootModel` does: models that hold this one go on to validate it without calling `__init__`.
        __init__.__pydantic_base_init__ = True


def mistake(code: str, message: str, hint: str = "", **context: Any) -> PydanticCustomError:
    """Make the error that a validator raises.

    Args:
        code: A key of `jobspec.diagnostics.RULES`.
        message: One sentence on what is wrong.
        hint: What to do.
        context: `path` names the offending part where it is deeper than the validated value, `span` is a (start, end)
            offset inside the offending text, and `other` is the key beside the offending one that it does not fit.
    """
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint, **context})


def kind_of(value: Any) -> str:  # noqa: PLR0911  one line a kind
    """Name a value's type as a person who writes YAML would."""
    match value:
        case None:
            return "null"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number `{value}`"
        case str():
            return "text"
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case _ if type(value).__module__.partition(".")[0] == "temporalio":
            return f"Temporal's own `{type(value).__name__}`"
        case _:
            return type(value).__name__


def suggest_quotes(value: Any) -> str:
    """Say how a number is written where text is wanted."""
    return f'write "{value}" in quotes' if isinstance(value, int | float) and not isinstance(value, bool) else ""
