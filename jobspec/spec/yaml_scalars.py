"""What a YAML scalar means: the core schema of YAML 1.2.2, §10.3.2.

https://yaml.org/spec/1.2.2/#1032-tag-resolution. `no`, `on`, `12:30:00`, `1_000` and dates are text, and `017` is 17.
"""

from __future__ import annotations

import math
import re
from typing import Any

from jobspec.spec.positions import MAX_DIGITS, SyntaxProblem, quote
from jobspec.spec.yaml_mistakes import make_problem

WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""The plain scalars that stand for nothing or a truth value."""

NUMBER_STARTS = frozenset("0123456789+-.")
"""How a plain scalar begins that may be a number."""

NUMBER_ENDS = frozenset("0123456789.abcdefABCDEFnN")
"""How it ends: with a digit, also a hexadecimal one, a point, or as `.inf` and `.nan` do. Most durations do not."""

CORE = "tag:yaml.org,2002:"
"""How the tags of YAML itself begin, which are written `!!`."""


_NUMBER = re.compile(
    r"""
      (?P<whole> [-+]? [0-9]+ )
    | (?P<octal> 0o [0-7]+ )
    | (?P<hex> 0x [0-9a-fA-F]+ )
    | (?P<broken> [-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ([eE] [-+]? [0-9]+)? )
    | (?P<infinite> [-+]? \.(inf|Inf|INF) | \.(nan|NaN|NAN) )
    """,
    re.VERBOSE,
)
_BASES = {"whole": 10, "octal": 8, "hex": 16}
_SCALAR_TAGS: dict[str, type] = {"null": type(None), "bool": bool, "int": int, "float": float}


def read_number(text: str, event: Any) -> Any:
    """Read a plain scalar that may be a number; what is none remains text."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    kind = match.lastgroup or ""
    if kind in _BASES:
        if len(text) > MAX_DIGITS:
            raise make_problem("JS021", f"the number has more than {MAX_DIGITS} digits", event, hint="quote it as text")
        return int(text, _BASES[kind])
    number = float(text) if kind == "broken" else math.inf
    if math.isinf(number):
        raise make_problem(
            "JS021",
            f"{quote(text)} is no finite number, and JSON cannot carry it",
            event,
            hint="quote it if text is meant",
        )
    return number


def read_tagged(event: Any) -> Any:
    """Read a scalar with a tag: the type that the tag names, or nothing."""
    name = event.tag.removeprefix(CORE)
    if event.tag == CORE + "str":
        return event.value
    if event.tag != CORE + name or name not in _SCALAR_TAGS:
        raise refuse_tag(event)
    value = event.value
    value = WORDS[value] if value in WORDS else read_number(value, event)
    if name == "float" and type(value) is int:
        return float(value)
    if type(value) is not _SCALAR_TAGS[name]:
        raise make_problem(
            "JS014", f"the value is no `!!{name}`", event, hint="remove the tag: the value says what it is"
        )
    return value


def refuse_tag(event: Any) -> SyntaxProblem:
    """Say that a tag has no meaning here."""
    tag = quote(event.tag.replace(CORE, "!!"))
    return make_problem("JS014", f"the tag {tag} has no meaning in a job file", event, hint="remove the tag")
