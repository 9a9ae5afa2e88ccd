"""Diagnostics as text for people: place, rule, message, the line itself with a caret, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobspec.diagnostics import Severity
from jobspec.render.terminal import cut, escape, escape_character, measure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jobspec.diagnostics import Diagnostic, Location, Related

_RESET = "\x1b[0m"
_STYLES = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "place": "\x1b[1m",
    "gutter": "\x1b[34m",
    "hint": "\x1b[36m",
}
_TAB = "    "
_LONGEST_EXCERPT = 160
_CONTEXT = 60
"""Columns that a long line keeps in front of the caret."""


def render_diagnostics(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Write diagnostics one below the other, a blank line between two; empty where there are none.

    Args:
        diagnostics: In the order in which they shall be read.
        color: Whether to use ANSI colours; nothing is said by colour alone.
    """
    blocks = [_render(diagnostic, _Paint(color)) for diagnostic in diagnostics]
    return "\n".join(f"{block}\n" for block in blocks)


def summarize_diagnostics(diagnostics: Sequence[Diagnostic]) -> str:
    """Count them in a line such as `2 errors, 1 warning in 3 files`; empty where there are none."""
    if not diagnostics:
        return ""
    counted = {severity: sum(found.severity is severity for found in diagnostics) for severity in Severity}
    parts = [_count(number, severity.value) for severity, number in counted.items() if number]
    files = len({found.location.path for found in diagnostics})
    return f"{', '.join(parts)} in {_count(files, 'file')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


class _Paint:
    """Wraps text in ANSI styles, or does not."""

    __slots__ = ("_color",)

    def __init__(self, color: bool) -> None:  # noqa: FBT001  private, and its only argument
        self._color = color

    def __call__(self, style: str, text: str) -> str:
        return f"{_STYLES[style]}{text}{_RESET}" if self._color and text else text


def _render(diagnostic: Diagnostic, paint: _Paint) -> str:
    severity = diagnostic.severity.value
    place = paint("place", escape(str(diagnostic.location)))
    rule = paint(severity, f"{severity}[{diagnostic.code}]")
    places = [diagnostic.location, *(related.location for related in diagnostic.related)]
    gutter = max((len(str(place.line)) for place in places if place.excerpt), default=1)
    lines = [f"{place}: {rule}: {escape(diagnostic.message)}"]
    lines += _render_excerpt(diagnostic.location, gutter, severity, paint)
    if diagnostic.hint:
        lines.append(_remark("hint", escape(diagnostic.hint), gutter, paint))
    for related in diagnostic.related:
        lines += _render_related(related, gutter, paint)
    return "\n".join(lines)


def _render_related(related: Related, gutter: int, paint: _Paint) -> list[str]:
    place = escape(str(related.location))
    line = _remark("note", f"{escape(related.message)}: {paint('place', place)}", gutter, paint)
    return [line, *_render_excerpt(related.location, gutter, "gutter", paint, mark="-")]


def _remark(kind: str, text: str, gutter: int, paint: _Paint) -> str:
    return f"{' ' * gutter} {paint('gutter', '=')} {paint('hint', f'{kind}:')} {text}"


def _render_excerpt(location: Location, gutter: int, style: str, paint: _Paint, mark: str = "^") -> list[str]:
    if not (location.line and location.excerpt.strip()):
        return []
    text, before, marked = _lay_out(location)
    bar = paint("gutter", "|")
    number = paint("gutter", f"{location.line:>{gutter}}")
    lines = [f"{' ' * gutter} {bar}", f"{number} {bar} {text}"]
    if location.column:
        lines.append(f"{' ' * gutter} {bar} {' ' * before}{paint(style, mark * marked)}")
    return lines


def _lay_out(location: Location) -> tuple[str, int, int]:
    """Escape the excerpt and find where the caret stands below it.

    Returns:
        The text to print, the columns before the caret, and the columns that it marks.
    """
    start = max(location.column - 1, 0)
    head = _show(location.excerpt[:start])
    marked = _show(location.excerpt[start : start + max(location.length, 1)])
    tail = _show(location.excerpt[start + max(location.length, 1) :])
    if measure(head) + measure(marked) + measure(tail) > _LONGEST_EXCERPT:
        head, marked, tail = _shorten(head, marked, tail)
    return f"{head}{marked}{tail}".rstrip(), measure(head), max(measure(marked), 1)


def _show(text: str) -> str:
    return "".join(_TAB if character == "\t" else escape_character(character) for character in text)


def _shorten(head: str, marked: str, tail: str) -> tuple[str, str, str]:
    """Cut a long line around what is marked."""
    if measure(head) > _CONTEXT:
        head = f"…{head[-_CONTEXT:]}"
    marked = cut(marked, _LONGEST_EXCERPT - measure(head))
    room = _LONGEST_EXCERPT - measure(head) - measure(marked)
    return head, marked, tail if measure(tail) <= room else f"{tail[:room]}…"
