"""How text looks on a terminal: what may be printed, how wide it is, and how it is cut to fit.

Spec files and live schedules hold any text. None of it may move the cursor, hide what stands beside it or change the
order in which a line reads, so whatever is no visible character is printed as an escape.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LEAST_CONTEXT = 8
_HIGHEST_OF_FOUR_DIGITS = 0xFFFF


def escape(text: str) -> str:
    """Replace what a terminal would obey or not show by an escape, as JSON writes it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(escape_character, text))


@lru_cache(maxsize=4096)
def escape_character(character: str) -> str:
    """Replace one character by an escape where it is no visible one."""
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    return _SHORT_ESCAPES.get(character) or _number(character)


def _number(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= _HIGHEST_OF_FOUR_DIGITS else f"\\U{code:08x}"


def to_ascii(text: str) -> str:
    """Write the signs that our own text uses in ASCII, and escape all else, for an output that cannot show more."""
    plain = text.replace("→", "->").replace("…", "...")
    return plain if plain.isascii() else "".join(_number(c) if ord(c) > 127 else c for c in plain)  # noqa: PLR2004


def measure(text: str) -> int:
    """Count the columns that escaped text takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(map(_measure_character, text))


@lru_cache(maxsize=4096)
def _measure_character(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def pad(text: str, columns: int) -> str:
    """Fill up with spaces on the right."""
    return text + " " * max(columns - measure(text), 0)


def cut(text: str, columns: int) -> str:
    """Cut text in the middle so that it takes no more than so many columns."""
    if measure(text) <= columns:
        return text
    if columns < 3:  # noqa: PLR2004  nothing but the sign fits
        return "…"
    tail = (columns - 1) // 3
    return f"{_take(text, columns - 1 - tail)}…{_take(text[::-1], tail)[::-1]}"


def _take(text: str, columns: int) -> str:
    if text.isascii():
        return text[:columns]
    taken = []
    for character in text:
        columns -= _measure_character(character)
        if columns < 0:
            break
        taken.append(character)
    return "".join(taken)


def cut_pair(before: str, after: str, columns: int) -> tuple[str, str]:
    """Cut two texts so that together they fit, and still show where they differ.

    What both have in common at the start and the end goes first; only then is what differs cut in the middle.
    """
    if measure(before) + measure(after) <= columns:
        return before, after
    start = _common_length(before, after)
    shortest = min(len(before), len(after)) - start
    end = min(_common_length(before[::-1], after[::-1]), shortest)
    differing = measure(before[start : len(before) - end]) + measure(after[start : len(after) - end])
    context = max((columns - differing) // 4 - 1, _LEAST_CONTEXT)
    before, after = [_focus(text, start - context, len(text) - end + context) for text in (before, after)]
    half = columns // 2
    spare_before, spare_after = max(half - measure(before), 0), max(half - measure(after), 0)
    return cut(before, half + spare_after), cut(after, half + spare_before)


def _common_length(one: str, other: str) -> int:
    """Find how long the texts are alike, by halves: comparing slices is quick where comparing characters is not."""
    alike, longest = 0, min(len(one), len(other))
    while alike < longest:
        middle = (alike + longest + 1) // 2
        if one[alike:middle] == other[alike:middle]:
            alike = middle
        else:
            longest = middle - 1
    return alike


def _focus(text: str, first: int, last: int) -> str:
    """Replace what stands before and after a part of the text by `…`."""
    head = "…" if first > 1 else text[: max(first, 0)]
    tail = "…" if len(text) - last > 1 else text[last:]
    return f"{head}{text[max(first, 0) : last]}{tail}"
