"""Runs the code of a Markdown page as one program: `python tests/run_page.py docs/library.md`.

Its blocks are taken in order, in one namespace and one event loop, from an empty working directory:

- A block whose first line is a comment with a path, such as `# orders.py` or `# specs/orders.yaml`, is that file.
- Any other Python block is run; it may use `await` outside of a function, as `python -m asyncio` allows.
- A text block right after it is what it prints; `…` stands for anything within a line.
- After the comment `<!-- eventually -->` a block that only reads is run again until it prints that, or for ten seconds.
- Blocks in other languages are for people.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import re
import sys
import time
import traceback
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = re.compile(
    r"(?P<again><!-- eventually -->\n+)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_PATH = re.compile(r"# ([\w./-]+\.(?:py|yaml|toml))\n")
_PATIENCE = 10
"""Seconds."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some code of a page.

    Attributes:
        line: Line of the page on which it begins, from 1.
        language: As the page names it.
        text: The code.
        shown: What the page says it prints; None where it says nothing.
        again: Whether it is run until it prints that.
    """

    line: int
    language: str
    text: str
    shown: str | None
    again: bool


def read_blocks(page: str) -> Iterator[Block]:
    """Find the code of a page."""
    matches = list(_BLOCK.finditer(page))
    for match, following in zip(matches, [*matches[1:], None], strict=True):
        is_shown = following and following["language"] == "text" and not page[match.end() : following.start()].strip()
        yield Block(
            line=page.count("\n", 0, match.start("text")) + 1,
            language=match["language"],
            text=match["text"],
            shown=following["text"] if following and is_shown else None,
            again=bool(match["again"]),
        )


def run_page(path: Path) -> None:
    """Write the files of a page and run all other Python code of it.

    Raises:
        AssertionError: A block prints something else than the page shows.
    """
    blocks = list(read_blocks(path.read_text(encoding="utf-8")))
    for block in blocks:
        if file := _PATH.match(block.text):
            Path(file[1]).parent.mkdir(parents=True, exist_ok=True)
            Path(file[1]).write_text(block.text, encoding="utf-8")
    asyncio.run(
        _run_blocks([each for each in blocks if each.language == "python" and not _PATH.match(each.text)], path)
    )


async def _run_blocks(blocks: list[Block], path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "page"}
    for block in blocks:
        await _run_block(block, namespace, path)


async def _run_block(block: Block, namespace: dict[str, Any], path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        printed = await _print(block, namespace, path)
        if block.shown is None or _fits(printed, block.shown):
            return
        if not block.again or time.monotonic() > deadline:
            raise AssertionError(f"{path}:{block.line} prints\n{printed}\nand not\n{block.shown}")
        await asyncio.sleep(0.05)


async def _print(block: Block, namespace: dict[str, Any], path: Path) -> str:
    padded = "\n" * (block.line - 1) + block.text  # so that tracebacks name the page's lines
    code = compile(padded, path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with redirect_stdout(StringIO()) as printed:
        result = eval(code, namespace)  # noqa: S307  our own pages
        if inspect.isawaitable(result):
            await result
    return printed.getvalue()


def _fits(printed: str, shown: str) -> bool:
    return re.fullmatch(re.escape(shown).replace("…", ".*"), printed) is not None


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    try:
        run_page(Path(sys.argv[1]))
    except BaseException:  # noqa: BLE001  also an exit within a page
        traceback.print_exc()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)  # the SDK's core can crash the interpreter's shutdown
