from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from jobspec.diagnostics import RULES
from jobspec.render.reference import fill_tables, render_rules, write_pages
from jobspec.render.schemas import render_schema
from jobspec.spec.merge import merge
from jobspec.spec.model import JobSpec
from jobspec.spec.project import Project

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "file-format.md").read_text(encoding="utf-8")
JOB = Draft202012Validator(json.loads(render_schema("job")))


def find_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_pages_are_not_stale() -> None:
    advice = "run `make docs`"
    assert fill_tables(PAGE) == PAGE, advice
    assert (DOCS / "diagnostics.md").read_text(encoding="utf-8") == render_rules(), advice


def test_writing_the_pages_leaves_prose_alone(tmp_path: Path) -> None:
    page = tmp_path / "file-format.md"
    page.write_text("# Title\n\n<!-- keys: Priority -->\nold\n<!-- end of keys -->\nprose\n", encoding="utf-8")
    write_pages(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Title\n\n<!-- keys: Priority -->\n\n| key |")
    assert text.endswith("<!-- end of keys -->\nprose\n")
    assert "old" not in text
    assert fill_tables(text) == text


def test_every_key_and_every_rule_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))

    def walk(schema: dict[str, Any]) -> set[str]:
        parts = [schema, *schema["$defs"].values()]
        return {key for part in parts for key in part.get("properties", ())}

    assert walk(JobSpec.model_json_schema()) | walk(Project.model_json_schema()) <= told
    assert all(f"### {code}: " in render_rules() for code in RULES)


def test_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {heading.strip("`").lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= anchors


@pytest.mark.parametrize("text", find_blocks("yaml"))
def test_examples_are_valid(text: str) -> None:
    document = json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))
    assert [error.message for error in JOB.iter_errors(document)] == []
    for job in document.get("jobs", [document]):
        for env in (None, *job.get("env", {})):
            merged = merge([document.get("defaults", {}), job], env)
            if merged is not None:
                JobSpec.model_validate(merged)


@pytest.mark.parametrize("text", find_blocks("toml"))
def test_the_example_of_a_project_is_valid(text: str) -> None:
    Project.model_validate(tomllib.loads(text))
