"""The site has every page, in its navigation too, and links between them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import site_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def list_navigation(entry: object) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, list):
        for each in entry:
            yield from list_navigation(each)
    elif isinstance(entry, dict):
        yield from list_navigation(list(entry.values()))


def test_the_navigation_has_every_page_once() -> None:
    settings = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    assert sorted(list_navigation(settings["project"]["nav"])) == sorted(site_pages.list_pages().values())


def test_links_lead_to_pages_of_the_site(tmp_path: Path) -> None:
    site_pages.write_pages(tmp_path / "pages")
    front = (tmp_path / "pages" / "index.md").read_text(encoding="utf-8")
    assert "](quickstart.md)" in front
    assert "](benchmarks.md)" in front
    for page in (tmp_path / "pages").iterdir():
        links = re.findall(r"\]\(([^)\s#:]+)(?:#[^)\s]*)?\)", page.read_text(encoding="utf-8"))
        assert [link for link in links if not (page.parent / link).is_file()] == [], page.name


def test_a_link_to_another_file_becomes_text(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[code](../x.py), [there](page.md#a), [out](https://example.com/a)", encoding="utf-8")
    text = site_pages.render_page(page, {page.resolve(): "new.md"})
    assert text == "code, [there](new.md#a), [out](https://example.com/a)"
