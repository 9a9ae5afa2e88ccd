"""The reference pages, from the models and the rules.

`docs/file-format.md` is written by hand except for its tables of keys, each between a comment that names what it lists
and one that ends it; they are made anew in place. `docs/diagnostics.md` is made as a whole. Run as a module, this
writes both: `python -m jobspec.render.reference docs`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from jobspec.diagnostics import RULES
from jobspec.render.file_schema import DATE, DURATION, IMPORT_PATH, Schema, make_job_schema, make_project_schema
from jobspec.spec.model import JobSpec
from jobspec.spec.scalars import DURATION_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLE = re.compile(r"(<!-- keys: (?P<name>[A-Za-z]+) -->\n).*?(<!-- end of keys -->\n)", re.DOTALL)
_SECTIONS = {
    "JS0": "Files and their syntax",
    "JS1": "The shape of a job",
    "JS2": "Values",
    "JS3": "Import paths and inputs",
    "JS4": "The project file",
    "JS5": "Lint: what is allowed and rarely meant",
    "JS9": "Our own mistakes",
}
_PATTERNS = {
    DURATION["pattern"]: "[duration](#durations)",
    IMPORT_PATH["pattern"]: "import path",
    DATE["pattern"]: "date",
}
_LINKS = {
    "WorkflowRef": "workflow",
    "ScheduleSpec": "schedule",
    "IntervalSpec": "interval",
    "CalendarSpec": "calendar",
    "RunOptions": "run",
    "RetryPolicy": "retry_policy",
    "Priority": "priority",
    "Environments": "env",
    "LintSettings": "lint",
    "PlanSettings": "plan",
}
_TYPES = {"string": "text", "boolean": "`true` or `false`", "integer": "whole number", "number": "number"}


def fill_tables(page: str) -> str:
    """Make the tables of keys in a page anew.

    Args:
        page: Markdown with a comment such as `<!-- keys: Job -->` before and `<!-- end of keys -->` after each table.
    """
    return _TABLE.sub(lambda match: f"{match[1]}\n{_make_table(match['name'])}\n{match[3]}", page)


def _make_table(name: str) -> str:
    parts = _list_parts()
    complete = JobSpec.model_json_schema()
    required = (complete if name == "Job" else complete["$defs"].get(name, {})).get("required", ())
    rows = [_make_row(key, schema, parts, key in required) for key, schema in parts[name]["properties"].items()]
    return "\n".join(["| key | value | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])


def _list_parts() -> dict[str, Schema]:
    project = make_project_schema()
    return {**make_job_schema()["$defs"], **project["$defs"], "Project": project}


def _make_row(key: str, schema: Schema, parts: dict[str, Schema], is_required: bool) -> str:  # noqa: FBT001
    described = schema if "description" in schema else parts[schema["$ref"].rpartition("/")[2]]
    default = "required" if is_required else _show_default(schema)
    meaning = described["description"].replace("\n", " ")
    shown = [_show(example) for example in _list_examples(schema)]
    if shown:
        meaning += f" Example{'s' if len(shown) > 1 else ''}: {', '.join(shown)}"
    return f"| `{key}` | {_escape(say_type(schema, parts))} | {_escape(default)} | {_escape(meaning)} |"


def _list_examples(schema: Schema) -> list[Any]:
    """List the examples of this key; those of durations as such are given once, in their own section."""
    examples: list[Any] = schema.get("examples", [])
    return [] if examples == (DURATION_SCHEMA.json_schema or {}).get("examples") else examples


def _show_default(schema: Schema) -> str:
    return _show(schema["default"]) if "default" in schema else ""


def _show(value: Any) -> str:
    """Write a value as it would stand in a YAML file, on one line."""
    if isinstance(value, str) and value[0].isalnum():
        return f"`{value}`"
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000)
    shown = text.strip().removesuffix("...").strip()
    return f"`{shown}`"


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|")


def say_type(schema: Schema, parts: dict[str, Schema]) -> str:
    """Say in a person's words what a schema allows, without the `null` that every key of a job takes."""
    kinds = list(dict.fromkeys(_walk_types(schema, parts)))
    single, last = " or ".join(kinds[:-1]), kinds[-1]
    return f"{single} or a list of these" if single and last == f"list of {single}" else " or ".join(kinds)


def _walk_types(schema: Schema, parts: dict[str, Schema]) -> Iterator[str]:
    if "anyOf" in schema:
        for alternative in schema["anyOf"]:
            yield from _walk_types(alternative, parts)
    elif "$ref" in schema:
        yield _refer(schema["$ref"].rpartition("/")[2], parts)
    elif "const" in schema:
        yield f"`{str(schema['const']).lower()}`"
    elif "type" not in schema:
        yield "anything"
    else:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        yield from (_say_kind(kind, schema, parts) for kind in kinds if kind != "null")


def _refer(name: str, parts: dict[str, Schema]) -> str:
    if "enum" in parts[name]:
        return ", ".join(f"`{value}`" for value in parts[name]["enum"])
    return f"[mapping](#{_LINKS.get(name, name.lower())})"


def _say_kind(kind: str, schema: Schema, parts: dict[str, Schema]) -> str:
    if kind == "array":
        inner = say_type(schema.get("items", {}), parts)
        return "list" if inner == "anything" else f"list of {inner}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"mapping of {say_type(values, parts)}" if isinstance(values, dict) else "mapping"
    if kind == "integer" and "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    if schema.get("format") == "date-time":
        return "date and time with offset"
    return _PATTERNS.get(schema.get("pattern", ""), _TYPES[kind])


def render_rules() -> str:
    """Write the page of all diagnostics."""
    lines = ["# Diagnostics", "", _RULES_INTRODUCTION, ""]
    section = ""
    for code, rule in sorted(RULES.items()):
        if code[:3] != section:
            section = code[:3]
            lines += [f"## {_SECTIONS[section]}", ""]
        lines += [f"### {code}: {rule.summary}", "", f"*{rule.severity.value}*. {rule.explanation}", ""]
    return "\n".join(lines).rstrip() + "\n"


_RULES_INTRODUCTION = """\
This page lists all errors and warnings that `jobspec validate` and other commands report about specs. Codes are never
reused. An error freezes the job or file that it is in: live schedules are left as they are until you fix it. A warning
does not. `jobspec rule CODE` prints the explanation of one code.

To ignore a warning, add a comment with its code and a reason, such as `# jobspec: ignore[JS506] the shop closes at
odd hours`. Put it on the line that the warning names, on a line of its own above it, or on the line of the job's
name, where it applies to the whole job. `[lint] levels` in `jobspec.toml` turns a warning off for the whole project,
or makes it an error for `jobspec validate`, which then exits with 1 but freezes no job."""


def write_pages(directory: Path) -> None:
    """Bring both pages up to date.

    Args:
        directory: The folder `docs`.
    """
    page = directory / "file-format.md"
    page.write_text(fill_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
    (directory / "diagnostics.md").write_text(render_rules(), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
