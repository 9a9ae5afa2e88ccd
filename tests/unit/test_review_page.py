"""The page on reviews shows what the commands write."""

from __future__ import annotations

import re
from pathlib import Path

import review_example

PAGE = (Path(__file__).parents[2] / "docs" / "review.md").read_text(encoding="utf-8")


def test_the_examples_are_not_stale() -> None:
    assert review_example.write_page(PAGE) == PAGE, "run `make docs`"


def test_every_example_is_shown() -> None:
    assert re.findall(r"^<!-- example: (\w+) -->$", PAGE, re.MULTILINE) == list(review_example.EXAMPLES)


def test_an_example_replaces_the_block_behind_its_comment_and_nothing_else() -> None:
    page = "<!-- example: next -->\n```x\n```\n\ntext\n\n```y\nkept\n```\n"
    shown = review_example.write_page(page)
    assert shown.startswith("<!-- example: next -->\n```console\n$ jobspec next orders-sync")
    assert shown.endswith("\n```\n\ntext\n\n```y\nkept\n```\n")
