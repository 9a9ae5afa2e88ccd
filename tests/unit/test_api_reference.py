from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import api_reference
import pytest

import jobspec
from jobspec import Definition, Registry

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL), re.MULTILINE)


def list_public(names: Iterable[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def test_the_page_is_not_stale() -> None:
    assert api_reference.render_page() == PAGE, "run `make docs`"


def test_every_public_name_and_method_is_told() -> None:
    assert set(jobspec._HOME_OF) <= set(HEADINGS)
    for kind in (Definition, Registry):
        section = PAGE.partition(f"\n### {kind.__name__}\n")[2].partition("\n### ")[0]
        told = set(re.findall(r"^\| `(\w+)`|^#### \w+\.(\w+)", section, re.MULTILINE))
        assert list_public(vars(kind)) - {"origin"} == {name or method for name, method in told}


def test_everything_told_has_an_explanation() -> None:
    assert not re.findall(r"^(####? .*)\n\n(?:```python\n[^`]*```\n\n)?(?=#|$)", PAGE, re.MULTILINE)
    assert not re.search(r"\bUNSET\b|:\w+:`|::\n", PAGE)


def test_links_lead_somewhere() -> None:
    anchors = {heading.lower().replace(" ", "-").replace(".", "") for heading in HEADINGS}
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= anchors


def test_a_name_without_a_section_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobspec, "_HOMES", {**jobspec._HOMES, "jobspec.imports": ("resolve",)})
    with pytest.raises(api_reference.UnplacedError, match=r"jobspec\.imports\.resolve"):
        api_reference.render_page()
