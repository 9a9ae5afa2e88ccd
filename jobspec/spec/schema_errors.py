"""What a JSON Schema has against an input, in our own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobspec.secrets import mask
from jobspec.spec.frozen_model import kind_of
from jobspec.spec.positions import escape
from jobspec.spec.validation import Problem, say_path
from jobspec.spec.vocabulary import join_words, suggest_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jobspec.spec.positions import ValuePath

_LONGEST_MESSAGE = 200

_LONGEST_READ = 10_000
"""How much of a text is looked at: more than is shown, so that a secret is known for one before it is cut."""

_LONGEST_TYPED = 40
"""The nearest word is looked for only for words that somebody may have typed."""

_MOST_GUESSES = 5

_RULES = {
    "const": "must be `{}`",
    "minimum": "must be {} or more",
    "maximum": "must be {} or less",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must have {} or more characters",
    "maxLength": "must have {} or fewer characters",
    "pattern": "must match the pattern `{}`",
    "minItems": "must have {} or more entries",
    "maxItems": "must have {} or fewer entries",
    "uniqueItems": "must not have an entry twice",
    "minProperties": "must have {} or more keys",
    "maxProperties": "must have {} or fewer keys",
    "anyOf": "fits none of the alternatives of the schema",
    "oneOf": "must fit exactly one of the alternatives of the schema",
    "not": "is what the schema rules out",
    "falseSchema": "is not allowed by the schema",
}
"""What the rules of JSON Schema ask for, in words."""

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def make_problems(error: Mapping[str, Any], value: Any) -> Iterator[Problem]:
    """Say what is wrong.

    Args:
        error: One of the `errors` of :mod:`jobspec.spec.schema_process`.
        value: The part of the input that it concerns.
    """
    path: ValuePath = ("input", *error["path"])
    name, rule, words = f"`{shorten(say_path(path))}`", error["rule"], error["words"]
    if rule == "type":
        kinds = " or ".join(kind for name, kind in _TYPES.items() if name in words)
        yield _problem(path, f"{name} must be {kinds}, not {kind_of(value)}")
    elif rule == "required":
        yield _problem(path, f"{name} lacks {join_words(words)}")
    elif "Properties" in rule and "known" in error:
        for index, key in enumerate(words):
            message = f"the schema knows no key `{shorten(key)}` in {name}"
            hint = _suggest(key, error["known"]) if index < _MOST_GUESSES else ""
            yield _problem((*path, key), message, hint, on_key=True)
    elif rule == "enum":
        shown = shorten(" or ".join(f"`{word}`" for word in words))
        yield _problem(path, f"{name} must be {shown}", _suggest(value, error["known"]))
    elif say := _RULES.get(rule):
        yield _problem(path, f"{name} {say.format(shorten(words[0]))}")
    else:
        yield _problem(path, f"{name} does not match `{rule}` of the schema")


def _suggest(word: Any, known: list[str]) -> str:
    return suggest_word(word, known) if isinstance(word, str) and len(word) <= _LONGEST_TYPED else ""


def _problem(path: ValuePath, message: str, hint: str = "", *, on_key: bool = False) -> Problem:
    return Problem(path=path, code="JS312", message=message, hint=hint, on_key=on_key)


def shorten(text: str) -> str:
    """Bring a piece of the user's text onto one line of bearable length."""
    # Masked while more is there than is shown, since half a token looks like none.
    text = escape(mask(" ".join(text[:_LONGEST_READ].split()), is_prose=True))
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"
