"""Markdown with a limit: what is in it means nothing but itself, and what does not fit is left out by whole items."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jobspec.render.terminal import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

_RUNS = re.compile("`+")
_LEFT_OUT = "What is left out here is in the output of `jobspec plan`."
_SENTENCE_BYTES = 80
"""Room for one sentence that says how many items are left out."""
_MOST_SENTENCES = 8


def code(text: str) -> str:
    """Write text as a code span, whatever it holds."""
    shown = escape(text) or " "
    mark = "`" * (_longest_run(shown) + 1)
    # A space on each side is taken away again (GFM 6.3), so one more keeps spaces and backticks of the text's own.
    needs_space = shown[0] in "` " or shown[-1] in "` "
    return f"{mark} {shown} {mark}" if needs_space and shown.strip() else f"{mark}{shown}{mark}"


def fence(lines: Sequence[str], language: str) -> str:
    """Write lines as a code block; none of them may hold a newline."""
    mark = "`" * max(3, *(_longest_run(line) + 1 for line in lines), 3)
    return "\n".join([f"{mark}{language}", *lines, mark])


def _longest_run(text: str) -> int:
    return max(map(len, _RUNS.findall(text)), default=0)


class Page:
    """Gathers blocks until they are as long as they may be.

    Args:
        most_bytes: How long the text may be, in UTF-8.
        tail: The last block, for which room is kept.
    """

    def __init__(self, most_bytes: int, *, tail: str) -> None:
        self._blocks: list[str] = []
        self._tail = tail
        self._is_cut = False
        kept = _size(tail) + _size(_LEFT_OUT) + _MOST_SENTENCES * _SENTENCE_BYTES
        self._room = most_bytes - kept

    def add(self, block: str) -> None:
        """Add a block that has to be there."""
        self._blocks.append(block)
        self._room -= _size(block)

    def add_open(self, heading: str, items: Sequence[str], *, short: Sequence[str]) -> None:
        """Add items that everybody sees.

        Args:
            heading: What they are.
            items: The items.
            short: The same ones in few words, for the case that they do not all fit; else as many as fit are taken.
        """
        if not items:
            return
        head = f"#### {heading}"
        fitting = self._count(items, _size(head))
        if fitting == len(items) or not short:
            self._add(head, items[:fitting], len(items), heading.lower())
            return
        listed = self._count(["\n".join(short)], _size(head))
        names = short if listed else short[: self._count(short, _size(head))]
        self._add(head, ["\n".join(names)] if names else [], len(items), heading.lower(), shown=len(names))

    def add_folded(self, title: str, what: str, items: Sequence[str]) -> None:
        """Add items that a reader has to unfold.

        Args:
            title: What they are, as HTML.
            what: What they are, for the case that not all of them fit.
            items: The items.
        """
        if not items:
            return
        start, end = f"<details>\n<summary>{title}</summary>", "</details>"
        fitting = self._count(items, _size(start) + _size(end))
        if fitting:
            for block in (start, *items[:fitting], end):
                self.add(block)
        self._say_left_out(len(items) - fitting, what)

    def finish(self) -> str:
        """Give the text."""
        blocks = [*self._blocks, *([_LEFT_OUT] if self._is_cut else []), *([self._tail] if self._tail else [])]
        return "\n\n".join(blocks) + "\n"

    def _add(self, head: str, items: Sequence[str], total: int, what: str, shown: int | None = None) -> None:
        self.add(head)
        for item in items:
            self.add(item)
        self._say_left_out(total - (len(items) if shown is None else shown), what)

    def _say_left_out(self, number: int, what: str) -> None:
        if number:
            self._is_cut = True
            self._blocks.append(f"**{number:,} more not shown** ({what})")  # room is kept for it

    def _count(self, items: Sequence[str], extra: int) -> int:
        """Count how many of the items fit, from the first one on."""
        room = self._room - extra
        for number, item in enumerate(items):
            room -= _size(item)
            if room < 0:
                return number
        return len(items)


def _size(block: str) -> int:
    """Tell how long a block is, with the empty line behind it."""
    return len(block.encode()) + 2 if block else 0
