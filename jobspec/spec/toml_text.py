"""TOML text → plain values, as YAML would give them: dates are text, numbers are finite."""

from __future__ import annotations

import math
import re
import tomllib
from typing import TYPE_CHECKING, Any

from jobspec.spec.positions import MAX_DEPTH, MAX_DIGITS, MAX_PLACES, Positions, Span, SyntaxProblem, quote
from jobspec.spec.toml_scan import Scan, scan_toml

if TYPE_CHECKING:
    from datetime import date, time

_SURROGATE = re.compile("[\ud800-\udfff]")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

# tomllib copies every prefix of a dotted key, so its time grows with the square of the number of parts.
_LONG_KEY = re.compile(r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){64}""")
_LONG_NUMBER = re.compile(rf"[0-9a-fA-F_]{{{MAX_DIGITS + 1}}}")

_TOO_LARGE = 10**MAX_DIGITS
_LIMITS: dict[type, float] = {int: _TOO_LARGE, float: math.inf}
_PLAIN = frozenset((str, bool))
_CONTROL = ("Illegal character", "Found invalid character")
_DUPLICATES = ("Cannot overwrite a value", "Cannot declare", "Duplicate inline table key", "Cannot mutate")
_HINTS = {
    "Invalid value": "put a text in double quotes; TOML has no null, so leave out what has no value",
    "Expected '=' after a key in a key/value pair": "write `key = value`; TOML has no `key: value`",
    "Invalid statement": "write `key = value` or a `[table]` header; a key with other characters than letters, digits, "
    "`-` and `_` needs quotes",
    "Expected newline or end of document after a statement": "begin a new line, or quote the whole text",
    "Unescaped '\\' in a string": "write `\\\\` for a backslash, or put the text in single quotes",
    "Unterminated string": "add the closing quote",
    'Expected "\'"': "add the closing quote",
    "Expected \"'''\"": "add the closing quotes",
    "Expected ']' at the end of a table declaration": "add the closing `]`",
    "Expected ']]' at the end of an array declaration": "add the closing `]]`",
    "Invalid date or datetime": "write a date that the calendar has, or put the text in quotes",
    "Unclosed array": "add the closing `]`, or a comma before the item",
    "Unclosed inline table": "add the closing `}`, or a comma before the key; an inline table is one line in TOML",
}


def parse_toml(text: str) -> Any:
    """Read one TOML document.

    Args:
        text: The document; a byte order mark at its start is no part of it.

    Returns:
        Mappings, lists, text, numbers and truth values; dates and times as RFC 3339 text.

    Raises:
        SyntaxProblem: The text is no TOML, or has something that job files may not have.
    """
    text = text.removeprefix("\ufeff")
    if not text.isascii() and (match := _SURROGATE.search(text)):
        raise SyntaxProblem("JS019", "the text holds half of a character", _find_place(text, match.start()))
    if text.count(".") >= MAX_DEPTH and _LONG_KEY.search(text):
        scan = scan_toml(text)
        if scan.too_deep is not None:
            raise _make_depth_problem(scan)
    try:
        value = tomllib.loads(text)
    except RecursionError:
        raise _make_depth_problem(scan_toml(text)) from None
    except tomllib.TOMLDecodeError as error:
        raise _explain(error, text) from None
    except ValueError:  # the only other one is Python's own limit on the digits of a number
        raise _make_number_problem(text) from None
    if not _make_plain(value):
        raise _find_unfit(value, text)
    return value


def locate_toml(text: str) -> Positions:
    """Find where the keys and values of a document stand, up to the first mistake.

    Args:
        text: A document, as a rule one that :func:`parse_toml` has read.
    """
    scan = scan_toml(text.removeprefix("\ufeff"), most=MAX_PLACES)
    return Positions(values=scan.values, keys=scan.keys)


def _make_plain(top: dict[str, Any]) -> bool:
    """Turn the dates below a table into text, in place; False if something is too deep or not finite."""
    level: list[Any] = [top]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for container in level:
            for key, value in container.items() if type(container) is dict else enumerate(container):
                kind = type(value)
                if kind is dict or kind is list:
                    inner.append(value)
                elif kind in _LIMITS:
                    if not -_LIMITS[kind] < value < _LIMITS[kind]:
                        return False
                elif kind not in _PLAIN:
                    container[key] = _say_time(value)
        if not inner:
            return True
        level = inner
    return False


def _say_time(value: date | time) -> str:
    """Write a date or time as RFC 3339 has it, with the offset that was given."""
    text = value.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _find_unfit(top: dict[str, Any], text: str) -> SyntaxProblem:
    """Find the first value that is nested too deep or is a number that cannot be kept."""
    scan = scan_toml(text)
    for path, span in scan.values.items():
        value: Any = top
        for part in path:
            value = value[part]
        if isinstance(value, float) and not math.isfinite(value):
            message = "the number is not finite, and JSON cannot carry it"
            return SyntaxProblem("JS021", message, span, hint="quote it if text is meant")
        if isinstance(value, int) and abs(value) >= _TOO_LARGE:
            return _make_number_problem(text, span)
    return _make_depth_problem(scan)


def _make_depth_problem(scan: Scan) -> SyntaxProblem:
    span = scan.too_deep or Span(line=1, column=1)
    return SyntaxProblem("JS018", f"values are nested deeper than {MAX_DEPTH} levels", span, hint="nest them less")


def _make_number_problem(text: str, span: Span | None = None) -> SyntaxProblem:
    if span is None:
        match = _LONG_NUMBER.search(text)
        span = _find_place(text, match.start() if match else 0)
    return SyntaxProblem("JS021", f"the number has more than {MAX_DIGITS} digits", span, hint="quote it as text")


def _find_place(text: str, index: int) -> Span:
    before = text[:index].split("\n")
    return Span(line=len(before), column=len(before[-1]) + 1)


def _explain(error: tomllib.TOMLDecodeError, text: str) -> SyntaxProblem:
    """Say what tomllib found wrong, and where: it gives up behind the mistake."""
    words = str(error)
    message = _PLACE.sub("", words)
    if message.startswith(_DUPLICATES) and (found := scan_toml(text).duplicate):
        path, first, second = found
        name = quote(".".join(str(part) for part in path))
        return SyntaxProblem(
            "JS012",
            f"{name} is there twice",
            second,
            hint="remove one of them, or use `[[…]]` for the items of a list",
            related=(f"{name} is first given here", first),
        )
    place = _PLACE.search(words)
    if place and place[1]:
        behind = 2 if message.startswith("Unescaped") else 0  # the only mistake that tomllib reads past
        span = Span(line=int(place[1]), column=int(place[2]) - behind)
    else:
        span = _find_place(text, len(text.rstrip()))
    if message.startswith(_CONTROL):
        return _refuse_control(text, span)
    return SyntaxProblem("JS011", f"this is no TOML: {_say(message)}", span, hint=_HINTS.get(message, ""))


def _say(message: str) -> str:
    """Put a message of tomllib's into the middle of a sentence, its quotes as ours."""
    return re.sub(r"'([^']+)'", r"`\1`", message[:1].lower() + message[1:])


def _refuse_control(text: str, span: Span) -> SyntaxProblem:
    """Say which character tomllib calls illegal: mostly the end of a line on which a text should have been closed."""
    line = text.split("\n")[span.line - 1]
    if span.column > len(line.rstrip("\r")):
        hint = "add the closing quote on the same line, or use three quotes for a text of several lines"
        return SyntaxProblem("JS011", "the quoted text is not closed on its line", span, hint=hint)
    code = f"{ord(line[span.column - 1]):04X}"
    hint = f"remove it, or write it as `\\u{code}` in double quotes"
    return SyntaxProblem("JS019", f"the character U+{code} cannot stand in TOML as it is", span, hint=hint)
