"""Comments in spec files that speak to jobspec.

Values are parsed without their comments. So a comment is looked for in the text, and told from a `#` inside a value by
where the values are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yaml import YAMLError
from yaml._yaml import CParser
from yaml.events import ScalarEvent, StreamEndEvent

from jobspec.spec.toml_scan import scan_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.spec.document import Document

_ADDRESS = re.compile(r"#[ \t]*jobspec:")
_LINE_BREAK = re.compile(r"\r\n|[\n\r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment that begins with `# jobspec:`.

    Attributes:
        line: Line number from 1.
        column: Column of the `#`, from 1.
        text: From the `#` to the end of the line.
        about: The line that it is about: its own one, or for a comment that stands alone the next one that is no
            comment; None where that is empty.
    """

    line: int
    column: int
    text: str
    about: int | None


def find_comments(document: Document) -> tuple[Comment, ...]:
    """Find the comments of a file that speak to jobspec."""
    candidates = [match.start() for match in _ADDRESS.finditer(document.text)]
    if not candidates:
        return ()
    find = _find_in_toml if document.format == "toml" else _find_in_yaml
    starts = [0, *(match.end() for match in _LINE_BREAK.finditer(document.text))]
    lines = _LINE_BREAK.split(document.text)
    following = _find_following(lines)
    return tuple(_make_comment(offset, starts, lines, following) for offset in find(document.text, candidates))


def _make_comment(offset: int, starts: list[int], lines: list[str], following: list[int | None]) -> Comment:
    index = bisect_right(starts, offset) - 1
    column = offset - starts[index]
    is_alone = not lines[index][:column].strip()
    about = following[index] if is_alone else index
    return Comment(
        line=index + 1,
        column=column + 1,
        text=lines[index][column:].rstrip(),
        about=None if about is None else about + 1,
    )


def _find_following(lines: list[str]) -> list[int | None]:
    """Find the line below each line, with comments between them; None where that is empty."""
    following: list[int | None] = [None] * len(lines)
    for number in range(len(lines) - 1, 0, -1):
        stripped = lines[number].strip()
        if stripped.startswith("#"):
            following[number - 1] = following[number]
        elif stripped:
            following[number - 1] = number
    return following


def _find_in_toml(text: str, candidates: list[int]) -> Iterator[int]:
    """Keep what lies in a comment, which ends with its line."""
    comments = scan_toml(text).comments
    for offset in candidates:
        index = bisect_right(comments, offset) - 1
        if index >= 0 and "\n" not in text[comments[index] : offset]:
            yield offset


def _find_in_yaml(text: str, candidates: list[int]) -> Iterator[int]:
    """Keep what begins a comment (a `#` after white space) and lies in no scalar."""
    scalars = list(_list_scalars(text))
    starts = [start for start, _ in scalars]
    for offset in candidates:
        index = bisect_right(starts, offset) - 1
        is_inside = index >= 0 and offset < scalars[index][1]
        if not is_inside and (offset == 0 or text[offset - 1].isspace()):
            yield offset


def _list_scalars(text: str) -> Iterator[tuple[int, int]]:
    """List where scalars stand in a text, as offsets; of a block scalar, what is below its first line."""
    parser = CParser(text)
    with suppress(YAMLError, UnicodeEncodeError):
        while type(event := parser.get_event()) is not StreamEndEvent:
            if type(event) is ScalarEvent and event.start_mark and event.end_mark:
                start, end = event.start_mark.index, event.end_mark.index
                if event.style in ("|", ">"):
                    header = _LINE_BREAK.search(text, start)
                    start = header.end() if header else end
                yield start, end
