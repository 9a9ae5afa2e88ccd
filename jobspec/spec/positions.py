"""Where in a text the parts of its value stand, and what a parser says when it gives up.

Parsing keeps no positions: almost every file is right, and a position nobody
asks for costs as much as the value. The text is scanned a second time when
there is something to report.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from jobspec.secrets import mask

if TYPE_CHECKING:
    from collections.abc import Mapping

ValuePath: TypeAlias = tuple[str | int, ...]
"""The way from the top of a document to a value: keys of mappings and indexes of lists."""

MAX_DEPTH = 64
"""How many mappings and lists may be nested in each other, aliases expanded."""

MAX_PLACES = 50_000
"""How many keys and values of one document are located. Anything after them is reported at what contains it."""

MAX_EXCERPT = 160
"""How many characters of a line a diagnostic shows."""

MAX_DIGITS = 128
"""How many characters a whole number may have; Python itself fails at 4,300 digits."""


_MAX_QUOTED = 60


def escape(text: str) -> str:
    """Write what would break a line of output, or could not be seen in it, as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def quote(text: str) -> str:
    """Put a piece of the user's text into a message: in backticks, on one line, not too long, secrets masked."""
    text = mask(text)  # what is cut looks like no token any more
    shown = text if len(text) <= _MAX_QUOTED else text[:_MAX_QUOTED] + "…"
    return f"`{escape(shown)}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of one line.

    Attributes:
        line: Line number from 1.
        column: Column from 1, in characters.
        length: How many characters it covers on that line, at least 1.
        lines: How many lines what begins here covers, where it is a text.
    """

    line: int
    column: int
    length: int = 1
    lines: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """The spans of all values and keys of one document.

    Attributes:
        values: The span of each value by its path; the first line where it covers several.
        keys: The span of the key that introduces a value, by the path of that value.
        aliases: For each value that is an alias (`*name`) the path of the value it stands for.
    """

    values: Mapping[ValuePath, Span]
    keys: Mapping[ValuePath, Span]
    aliases: Mapping[ValuePath, ValuePath] = field(default_factory=dict)

    def value(self, path: ValuePath) -> Span | None:
        """Find the value at a path; None where the document has none."""
        return self.values.get(self._written(path))

    def key(self, path: ValuePath) -> Span | None:
        """Find the key that introduces the value at a path; None for items of lists and the top."""
        return self.keys.get(self._written(path))

    def nearest(self, path: ValuePath, *, key: bool = False) -> Span:
        """Find the value at a path, or else at its nearest ancestor that exists; the first character at worst.

        Args:
            path: The way to the value.
            key: Whether the key is preferred that introduces the value.
        """
        for length in range(len(path), -1, -1):
            around = path[:length]
            if span := (self.key(around) if key else None) or self.value(around):
                return span
        return Span(line=1, column=1)

    def _written(self, path: ValuePath) -> ValuePath:
        """Lead a path that runs through aliases to the place where the value is written."""
        start = 1
        while start < len(path):
            target = self.aliases.get(path[:start])
            if target is None:
                start += 1
            else:
                path, start = (*target, *path[start:]), len(target)
        return path


class SyntaxProblem(Exception):  # noqa: N818 - it becomes a diagnostic and is never seen as an error
    """A text that cannot be read, told by the first thing that is wrong with it.

    Internal to the package: whoever reads files turns it into a diagnostic.

    Args:
        code: A key of :data:`jobspec.diagnostics.RULES`.
        message: One sentence on what is wrong and why.
        span: Where it is wrong.
        hint: What to do about it.
        related: A second place that explains the first, with its message.
    """

    def __init__(
        self, code: str, message: str, span: Span, *, hint: str = "", related: tuple[str, Span] | None = None
    ) -> None:
        super().__init__(f"{message} (line {span.line}, column {span.column})")
        self.code = code
        self.message = message
        self.span = span
        self.hint = hint
        self.related = related
