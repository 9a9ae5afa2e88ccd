"""Prepares the pages of the site, which `make site` builds with zensical: `python docs/site_pages.py build/pages`.

The site consists of the pages in `docs/` and the Markdown files beside the code. In the repository they link to each
other by path; on the site they share one directory, so this rewrites the links. A link to any other file of the
repository becomes plain text, because the site does not contain that file.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
OUTSIDE: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Pages outside of `docs/`, and what they are called on the site."""

_LINK: Final = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")


def list_pages() -> dict[Path, str]:
    """Map every page in the repository to its name on the site."""
    pages = {path: path.name for path in sorted((ROOT / "docs").glob("*.md"))}
    return pages | {ROOT / path: name for path, name in OUTSIDE.items()}


def render_page(page: Path, pages: dict[Path, str]) -> str:
    """Read a page, with its links as they are on the site."""

    def relink(link: re.Match[str]) -> str:
        name = pages.get((page.parent / link["path"]).resolve())
        return f"[{link['text']}]({name}{link['anchor'] or ''})" if name else link["text"]

    return _LINK.sub(relink, page.read_text(encoding="utf-8"))


def write_pages(directory: Path) -> None:
    """Replace what is in the directory by the pages of the site."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    pages = list_pages()
    for page, name in pages.items():
        (directory / name).write_text(render_page(page, pages), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
