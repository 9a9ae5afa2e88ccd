from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from jobspec.spec.input_schema import resolve
from jobspec.spec.listing import Listing, SourceFile, refuse
from jobspec.spec.loader import Cache, Loaded, load, load_listings

if TYPE_CHECKING:
    from pathlib import Path

    from jobspec.diagnostics import Diagnostic

SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "enum": ["eu", "us"]},
        "sizes": {"type": "array", "items": {"type": ["integer", "null"], "minimum": 1}},
    },
    "patternProperties": {"^extra_": {}},
    "additionalProperties": False,
    "required": ["region"],
}


def read(text: str, schema: object, *, path: str = "s.json", cache: Cache | None = None) -> Loaded:
    """Load one job that has its schema beside it."""
    data = schema.encode() if isinstance(schema, str) else json.dumps(schema).encode()
    file = SourceFile(path="specs/a.yaml", data=f"name: a\nqueue: q\nworkflow: a:B\n{text}".encode())

    def read_schema(shown: str) -> SourceFile:
        if shown == f"specs/{path}":
            return SourceFile(path=shown, data=data)
        return SourceFile(path=shown, problem=refuse("JS001", shown, "there is no such file", ""))

    return load_listings([Listing(root="specs", files=(file,))], read=read_schema, cache=cache)


def judge(value: str, schema: object = SCHEMA) -> list[tuple[str, str, str]]:
    loaded = read(f"input: {value}\ninput_schema: s.json\n", schema)
    assert {found.code for found in loaded.diagnostics} <= {"JS312"}
    assert loaded.incomplete == bool(loaded.diagnostics)
    return [
        (str(found.location).removeprefix("specs/a.yaml:"), found.message, found.hint) for found in loaded.diagnostics
    ]


def only(loaded: Loaded) -> Diagnostic:
    [diagnostic] = loaded.diagnostics
    assert loaded.frozen == {"a"}
    return diagnostic


def test_an_input_that_matches_is_right() -> None:
    assert judge("{region: eu, sizes: [1, null], extra_note: x}") == []


def test_all_that_is_wrong_with_an_input_is_said_at_its_place() -> None:
    assert judge("{regoin: eu, sizes: [0, x]}") == [
        ("4:8", "`input` lacks `region`", ""),
        ("4:9", "the schema knows no key `regoin` in `input`", "did you mean `region`?"),
        ("4:29", "`input.sizes[0]` must be 1 or more", ""),
        ("4:32", "`input.sizes[1]` must be a whole number or null, not text", ""),
    ]


def test_a_word_that_is_none_of_the_allowed_ones_names_the_nearest() -> None:
    message = '`input.region` must be `"eu"` or `"us"`'
    assert judge("{region: EU}") == [("4:17", message, "did you mean `eu`?")]
    assert judge("null") == [("4:8", "`input` must be a mapping, not null", "")]


def test_a_job_without_an_input_is_not_judged() -> None:
    assert read("input_schema: s.json\n", SCHEMA).diagnostics == ()


def test_several_arguments_cannot_have_a_schema() -> None:
    found = only(read("args: [1]\ninput_schema: s.json\n", SCHEMA))
    assert (found.code, str(found.location)) == ("JS120", "specs/a.yaml:5:1")


def test_references_and_data_types_inside_a_schema_work() -> None:
    schema = {"$defs": {"size": {"type": "integer"}}, "type": "array", "items": {"$ref": "#/$defs/size"}}
    assert judge("[1, a]", schema) == [("4:12", "`input[1]` must be a whole number, not text", "")]


def test_a_schema_may_be_yaml_and_name_its_draft() -> None:
    text = "$schema: http://json-schema.org/draft-07/schema#\ntype: integer\n"
    loaded = read("input: x\ninput_schema: s.yaml\n", text, path="s.yaml")
    assert [found.code for found in loaded.diagnostics] == ["JS312"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("missing.json", "there is no such file"),
        ("/etc/passwd", "it is no relative path with forward slashes"),
        ("https://example.com/s.json", "it is no relative path with forward slashes"),
        ("..\\s.json", "it is no relative path with forward slashes"),
        ('""', "it is no relative path with forward slashes"),
    ],
)
def test_a_schema_that_cannot_be_read_is_a_mistake_of_the_job(path: str, reason: str) -> None:
    found = only(read(f"input: 1\ninput_schema: {path}\n", SCHEMA))
    assert (found.code, str(found.location)) == ("JS310", "specs/a.yaml:5:15")
    assert found.message == f"the schema file cannot be read: {reason}"


@pytest.mark.parametrize(
    ("schema", "place", "message"),
    [
        ("{", ":1:2", "is no JSON"),
        ("[1]", ":1", "must be a mapping"),
        ('{"type": "text"}', ":1:10", "no valid JSON Schema: `type` cannot be `text`"),
        ('{"$schema": "https://example.com/mine"}', ":1:13", "no JSON Schema draft `https://example.com/mine`"),
        ('{"items": {"$ref": "other.json"}}', ":1:20", "`other.json` leads out of the schema file"),
        ('{"$ref": "https://json-schema.org/draft/2020-12/schema"}', ":1:10", "nothing is fetched"),
        ('{"pattern": "("}', ":1:13", "`(` is no regular expression"),
        ('{"patternProperties": {"(": {}}}', ":1:23", "`(` is no regular expression"),
        ("[" * 100_000, "", "nested too deep"),
    ],
)
def test_a_schema_that_is_wrong_is_told_at_its_own_place(schema: str, place: str, message: str) -> None:
    found = only(read("input: 1\ninput_schema: s.json\n", schema))
    assert (found.code, str(found.location)) == ("JS311", f"specs/s.json{place}")
    assert message in found.message
    assert [(related.message, str(related.location)) for related in found.related] == [
        ("used by `a`", "specs/a.yaml:5:15")
    ]


def test_words_in_a_schema_that_are_data_are_no_references() -> None:
    schema = {"properties": {"$ref": {"const": {"$ref": "x"}}, "pattern": {"default": {"pattern": "("}}}}
    assert judge("{}", schema) == []


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"$ref": "#/$defs/missing"}])
def test_a_schema_that_cannot_be_applied_is_a_mistake_and_no_crash(schema: Any) -> None:
    found = only(read("input: 1\ninput_schema: s.json\n", schema))
    assert (found.code, str(found.location)) == ("JS311", "specs/a.yaml:5:15")


def test_a_schema_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    files = {
        "specs/defaults.yaml": "input_schema: schemas/int.json\nqueue: q\nworkflow: a:B\n",
        "specs/schemas/int.json": '{"type": "integer"}',
        "specs/deep/a.yaml": "name: a\ninput: 1\n",
        "specs/deep/b.yaml": "name: b\ninput: x\n",
        "specs/deep/c.yaml": "name: c\ninput: x\ninput_schema: ../../project.json\n",
        "project.json": '{"type": "string"}',
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    loaded = load([tmp_path / "specs"], relative_to=tmp_path)
    assert list(loaded.jobs) == ["a", "c"]
    assert [str(found.location) for found in loaded.diagnostics] == ["specs/deep/b.yaml:2:8"]


def test_a_schema_outside_of_the_project_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"type": "string"}')
    specs = tmp_path / "project" / "specs"
    specs.mkdir(parents=True)
    (specs / "link.json").symlink_to(tmp_path / "secret.json")
    for written in ("../../secret.json", "link.json"):
        (specs / "a.yaml").write_text(f"name: a\nqueue: q\nworkflow: a:B\ninput: 1\ninput_schema: {written}\n")
        found = only(load([specs], relative_to=tmp_path / "project"))
        assert found.message == "the schema file cannot be read: it lies outside of the project"


def test_a_schema_is_built_once_and_again_when_it_changes() -> None:
    cache = Cache()
    text = "input: 1\ninput_schema: s.json\n"
    assert read(text, {"type": "integer"}, cache=cache).diagnostics == ()
    [first] = cache.schemas.values()
    assert read(text, {"type": "integer"}, cache=cache).diagnostics == ()
    assert list(cache.schemas.values()) == [first]
    assert [found.code for found in read(text, {"type": "string"}, cache=cache).diagnostics] == ["JS312"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("s.json", "specs/a/s.json"),
        ("../s.json", "specs/s.json"),
        ("./b/../s.json", "specs/a/s.json"),
        ("/s.json", None),
    ],
)
def test_schema_paths_are_resolved_beside_the_spec(written: str, found: str | None) -> None:
    assert resolve("specs/a/x.yaml", written) == found
