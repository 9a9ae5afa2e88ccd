"""What runs the code of pages notices code that fails or prints something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import run_page

if TYPE_CHECKING:
    from pathlib import Path


def write(directory: Path, *blocks: str) -> Path:
    page = directory / "page.md"
    page.write_text("\n\n".join(["# A page", *blocks]), encoding="utf-8")
    return page


def code(text: str, language: str = "python") -> str:
    return f"```{language}\n{text}\n```"


def test_code_runs_in_order_with_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = [
        code("# data/numbers.toml\none = 1"),
        code("import asyncio\nfrom pathlib import Path\nnumber = await asyncio.sleep(0, 41)"),
        code("fails()", "go"),
        code("print(number + 1, Path('data/numbers.toml').read_text(encoding='utf-8'))"),
        code("42 # data…\none = …\n", "text"),
    ]
    run_page.run_page(write(tmp_path, *blocks))


@pytest.mark.parametrize("shown", ["1", "1\n3", "…"])
def test_another_output_is_refused(tmp_path: Path, shown: str) -> None:
    page = write(tmp_path, code("print(1)\nprint(2)"), code(shown, "text"))
    with pytest.raises(AssertionError, match=r"page\.md:4 prints\n1\n2\n"):
        run_page.run_page(page)


def test_code_is_repeated_only_where_the_page_says_so(tmp_path: Path) -> None:
    counting = code("times += 1\nprint(times)")
    run_page.run_page(write(tmp_path, code("times = 0"), "<!-- eventually -->", counting, code("3", "text")))
    with pytest.raises(AssertionError):
        run_page.run_page(write(tmp_path, code("times = 0"), counting, code("3", "text")))
