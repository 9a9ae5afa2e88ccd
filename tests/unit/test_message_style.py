"""All diagnostics speak alike: a sentence that begins small and has no full stop, and no word of a library's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from linting import lint

from jobspec.diagnostics import RULES, Diagnostic, Location
from jobspec.spec.loader import load_listings
from jobspec.spec.project import read_project
from jobspec.spec.spec_files import Listing, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = "name: a\nqueue: q\nworkflow: a:A\n"
YAML = [
    "name: a\n\tqueue: q\n",
    "name: a: b",
    "name: 'a",
    "tags: [a",
    "tags: {a",
    "- a\nb: c",
    "a: *b",
    "a: &a [*a]",
    "a: &a 1\nb: &a 2",
    "a: @b",
    "a: `b`",
    "a: %b",
    "a: !b c",
    "a: !!int x",
    "a: {<<: {}}",
    "1: a",
    "? [a]\n: b",
    ": a",
    "a: 1\na: 2",
    "a: .inf",
    "a: " + "9" * 200,
    "[" * 70,
    'a: "\\q"',
    "%YAML 1.1\n---\na: b",
    "a: b\n---\nc: d",
    "- a",
    "a",
    "",
    "jobs: {}",
    "jobs: [1, null]\nname: x\nfoo: 1",
    "defaults: 1\njobs: []",
    "defaults: {name: a, env: 5, foo: 1}\njobs: [{env: {a: 1, b: {name: c, env: {}, x: 1}}}]",
    "defaults: {}",
    "jobs: [{name: a}, {name: a}]",
    JOB + "input: 1\nargs: [1]\ntags: x\nowner: 5\nactivities: [a.b, 'a:', 5]\ninput_model: a\ninput_schema: 5",
    "name: 5\nqueue: ' q'\nworkflow: a.b",
    "name: -\nqueue: /_sys/x\nworkflow: {type: ''}",
    JOB + "run: {execution_timeout: 5, run_timeout: 5x, task_timeout: 0s, workflow_id: '-', memo: [], priority: 1}",
    JOB + "run: {execution_timeout: 1h, run_timeout: 2h, task_timeout: 3h, search_attributes: {a: {}, b: [], c: [1]}}",
    JOB
    + "run: {retry_policy: {initial_interval: 2m, maximum_interval: 1m, backoff_coefficient: 0, maximum_attempts: -1}}",
    JOB + "run: {priority: {priority_key: 0, fairness_weight: 0, fairness_key: " + "x" * 65 + "}}",
    JOB + "schedule: {interval: [1.5s, {every: 1h, offset: 2h}, {offset: 1m}, 0s], cron: ['x', '* * *', '@every 5m']}",
    JOB + "schedule: {cron: ['61 * * * *', '* * * * MON#2', 'CRON_TZ=UTC * * * * *', '', '@dayly', '* * L * ?']}",
    JOB + "schedule: {calendar: [{hour: 25}, {hour: [null]}, {month: x}, {year: []}, {hour: ''}, {hour: {}}, 5]}",
    JOB
    + "schedule: {timezone: Mars, skip: [x, 2026-02-30, 5, {hour: 25}], start_at: x, end_at: 2026-01-01, jitter: 1us}",
    JOB + "schedule: {overlap: x, catchup_window: 0s, pause_on_failure: yes, paused: false}",
    JOB + "schedule: 1h",
    JOB + "schedule: {}",
    JOB + "input_schema: nowhere.json",
    JOB + "input: {a: 1, b: [], c: x, e: 1}\ninput_schema: schema.json",
    JOB + "input_schema: broken.json",
    JOB + "input_schema: odd.json",
]
TOML = [
    "a = b",
    "a: b",
    'a = "b',
    "a = 'b",
    "a = [1",
    "a = {b = 1",
    "[a",
    "[[a]",
    "[a]\n[a]",
    "a = 1\na = 2",
    "a = 1 b = 2",
    "a = inf",
    "a = 2026-02-30",
    'a = "\\q"',
    "a = '\x01'",
    "\x00",
    "a = " + "[" * 70,
    "a = " + "9" * 200,
]
PROJECTS = [
    "project = 5\nspecs = []\nfoo = 1\nname = 'x'",
    "project = 'A'\nspecs = ['/x', '../x', '', 5]\nalso_owns = [5]\n[guards]\nmax_deletes = -1\n[prune]\ngrace = 5",
    "project = 'a'\nalso_owns = ['a']",
    "[env.x-a]\n[env.b]\nprofile = ''\nfoo = 1",
    "env = 5\ndata_converter = 'a.b'",
    "[lint]\nrequire_owner = 5\nlevels = {JS999 = 'off', JS101 = 'off', JS506 = 'warn', JS508 = 5}",
]
LINT = [
    JOB + "schedule: {interval: 7h, timezone: Europe/Berlin, jitter: 9h, catchup_window: 5s, overlap: allow_all}",
    JOB + 'schedule: {cron: ["0 0 1 * MON", "30 2 * * *", "30 1 * * *"], timezone: Europe/Berlin, skip: [{hour: 5}]}',
    JOB + "schedule: {interval: 30m}\nrun: {execution_timeout: 3h}\ninput: {password: hunter2}",
    JOB + f"run: {{memo: {{a: {'x' * 3000}}}}}\ninput: {'x' * 600_000}",
    JOB + f"input: [&a {'x' * 800_000}, *a, *a]",
    JOB + "# jobspec: ignore[JS506, JS999, JS101, JS591] so\n# jobspec: ignore[] a\n# jobspec: ignore[JS506]\ntags: []",
    JOB + "# jobspec: ignore JS506\ntags: []\n# jobspec: ignore[JS506] above nothing",
    "defaults: {queue: q, workflow: a:A, schedule: {cron: 0 9 * * *}}\njobs: [{name: a, schedule: {}}, {name: b}]",
]
SCHEMAS = {
    "specs/schema.json": '{"properties": {"a": {"type": "string"}, "b": {"minItems": 1}, "c": {"enum": ["y"]}}, '
    '"required": ["d"], "additionalProperties": false}',
    "specs/broken.json": "{",
    "specs/odd.json": '{"type": 5}',
}


def diagnose(name: str, text: str) -> tuple[Diagnostic, ...]:
    file = SourceFile(path=f"specs/{name}", data=text.encode())
    known = {path: SourceFile(path=path, data=schema.encode()) for path, schema in SCHEMAS.items()}
    missing = Diagnostic(code="JS310", message="there is no such file", location=Location(path="specs"))
    loaded = load_listings(
        [Listing(root="specs", files=(file,))],
        read=lambda path: known.get(path) or SourceFile(path=path, problem=missing),
    )
    return loaded.diagnostics


def list_faults(found: Diagnostic) -> Iterator[str]:
    for text in (found.message, found.hint, *(related.message for related in found.related)):
        if re.match(r"[A-Z][a-z]", text) and not text.startswith(("Temporal", "Python")):
            yield f"begins large: {text}"
        if text.endswith((".", "!")) or text != text.strip() or "\n" in text:
            yield f"ends oddly: {text!r}"
        if re.search(r"pydantic|[Ii]nput should|\b(None|True|False)\b|<class|given schemas", text):
            yield f"is a library's: {text}"
    if found.code not in RULES:
        yield f"has no rule: {found.code}"


@pytest.mark.parametrize(("name", "text"), [("a.yaml", text) for text in YAML] + [("a.toml", text) for text in TOML])
def test_mistakes_in_specs_are_told_in_one_style(name: str, text: str) -> None:
    diagnostics = diagnose(name, text)
    assert diagnostics, "the text is fine"
    assert [fault for found in diagnostics for fault in list_faults(found)] == []
    places = [(found.code, found.message, found.location) for found in diagnostics]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("text", PROJECTS)
def test_mistakes_in_the_project_file_are_told_in_one_style(text: str) -> None:
    diagnostics = read_project(SourceFile(path="jobspec.toml", data=text.encode()))
    assert isinstance(diagnostics, tuple)
    assert diagnostics
    assert [fault for found in diagnostics for fault in list_faults(found)] == []


@pytest.mark.parametrize("text", LINT)
def test_warnings_are_told_in_one_style(text: str) -> None:
    diagnostics = lint(text, require_owner=True, max_jobs_per_minute=1)
    assert len(diagnostics) > 1
    assert [fault for found in diagnostics for fault in list_faults(found)] == []


def test_rules_have_headings_and_sentences() -> None:
    for code, rule in RULES.items():
        assert re.match(r"[A-Z`]", rule.summary), code
        assert not rule.summary.endswith("."), code
        assert rule.explanation.endswith("."), code
