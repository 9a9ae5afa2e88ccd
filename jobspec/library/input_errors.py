"""The errors of an input: pydantic's, in the words of a spec file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from jobspec.spec.frozen_model import kind_of
from jobspec.spec.validation import Problem, find_path, find_value, say_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from jobspec.spec.positions import ValuePath

UNKNOWN_KEY = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_MISSING_KEY = frozenset(
    {"missing", "missing_argument", "missing_keyword_only_argument", "missing_positional_only_argument"}
)
_WANTED = {
    "none_required": "null",
    "string": "text",
    "int": "a whole number",
    "int_from_float": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "`true` or `false`",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen_set": "a list",
    "dict": "a mapping",
    "mapping": "a mapping",
    "model": "a mapping",
    "model_attributes": "a mapping",
    "dataclass": "a mapping",
    "arguments": "a mapping or list",
    "date": "a date such as `2026-12-25`",
    "date_from_datetime": "a date such as `2026-12-25`",
    "date_from_datetime_inexact": "a date such as `2026-12-25`",
    "datetime": "a date and time such as `2026-12-25T09:00:00Z`",
    "datetime_from_date": "a date and time such as `2026-12-25T09:00:00Z`",
    "time": "a time such as `09:00:00`",
    "time_delta": "an ISO 8601 duration such as `PT1H`",
    "uuid": "a UUID",
    "url": "a URL",
}
"""What pydantic's type errors expect, by their names without `_type` and `_parsing`."""

_TYPE = re.compile(r"_(type|parsing)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An input that was checked against a type.

    Attributes:
        value: The input, as plain JSON.
        path: Where it stands in the job.
        code: The code of what does not fit.
        label: How to name the type.
        names: The names of the fields at its top.
        unknown: The ways to keys that the type does not have; one may be a missing one mistyped.
    """

    value: Any
    path: ValuePath
    code: str
    label: str
    names: Sequence[str]
    unknown: Sequence[ValuePath]

    def refuse(self, place: ValuePath, message: str, hint: str = "", *, on_key: bool = False) -> Problem:
        """Make a problem of one place in the input."""
        return Problem(path=self.path + place, code=self.code, message=message, hint=hint, on_key=on_key)


def say_mismatches(errors: Sequence[ErrorDetails], judged: Judged) -> Iterator[Problem]:
    """List what does not fit; one problem for a value that could have had several types."""
    wanted: dict[ValuePath, list[str]] = {}
    for error in errors:
        place = find_path(error["loc"], judged.value)
        last = str(error["loc"][-1]) if error["loc"] else ""
        if error["type"] in _MISSING_KEY:
            yield _say_missing(last, place, judged)
        elif error["type"] in UNKNOWN_KEY:
            hint = did_you_mean(last, judged.names if len(error["loc"]) == 1 else ())
            yield judged.refuse(place, f"{judged.label} has no `{last}`", hint, on_key=True)
        elif kind := _WANTED.get(_TYPE.sub("", error["type"])):
            wanted.setdefault(place, []).append(kind)
        else:
            yield judged.refuse(place, _say_other(error, judged.path + place, judged.label))
    for place, kinds in wanted.items():
        alternatives = " or ".join(dict.fromkeys(kinds))
        given = kind_of(find_value(judged.value, place))
        name = say_path(judged.path + place)
        yield judged.refuse(place, f"`{name}` must be {alternatives}, not {given}, to fit {judged.label}")


def _say_missing(key: str, place: ValuePath, judged: Judged) -> Problem:
    """Report a missing key; at a similar key that was written in its place, if there is one."""
    beside = [str(way[-1]) for way in judged.unknown if way[:-1] == place]
    nearest = get_close_matches(key, beside, n=1)
    message = f"`{key}` is missing, which {judged.label} requires"
    if not nearest:
        return judged.refuse(place, message)
    hint = f"write `{key}` instead of `{nearest[0]}`"
    return judged.refuse((*place, nearest[0]), message, hint, on_key=True)


def _say_other(error: ErrorDetails, path: ValuePath, label: str) -> str:
    """Turn a message of pydantic's into our own wording; what a user's validator says is kept."""
    context: Mapping[str, Any] = error.get("ctx") or {}
    if error["type"] in {"value_error", "assertion_error"}:
        said = " ".join(str(context.get("error", error["msg"])).split()).removesuffix(".")
        return f"`{say_path(path)}` does not fit {label}: {said}"
    if error["type"] in {"literal_error", "enum"}:
        return f"`{say_path(path)}` must be {_quote(str(context.get('expected', '')))} to fit {label}"
    message = error["msg"].removesuffix(".")
    rule, count = re.subn(r"^[A-Z][A-Za-z]*( input)? should (be|have|match|end|start)\b", r"must \2", message)
    if count:
        return f"`{say_path(path)}` {_quote(rule)} to fit {label}"
    return f"`{say_path(path)}` does not fit {label}: {message[:1].lower()}{message[1:]}"


def _quote(text: str) -> str:
    return re.sub(r"'([^']*)'", r"`\1`", text)


def did_you_mean(key: str | int, names: Sequence[str]) -> str:
    """Suggest the most similar of some names; empty if none is similar."""
    nearest = get_close_matches(str(key), names, n=1)
    return f"did you mean `{nearest[0]}`?" if nearest else ""
