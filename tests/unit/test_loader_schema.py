from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from jobspec.spec.cache import Cache
from jobspec.spec.input_schema import resolve
from jobspec.spec.loader import load, load_listings
from jobspec.spec.project import Project
from jobspec.spec.schema_judge import Limits, SchemaJudge, _Budget, _Worker
from jobspec.spec.spec_files import Listing, SourceFile, refuse
from jobspec.spec.workspace import make_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jobspec.diagnostics import Diagnostic
    from jobspec.spec.loaded_jobs import Loaded

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
        ("{", ":1:2", "is not JSON"),
        ("[1]", ":1", "must be a mapping"),
        ('{"type": "text"}', ":1:10", "not a valid JSON Schema: `type` cannot be `text`"),
        ('{"$schema": "https://example.com/mine"}', ":1:13", "no JSON Schema draft `https://example.com/mine`"),
        ('{"items": {"$ref": "other.json"}}', ":1:20", "`other.json` leads out of the schema file"),
        ('{"$ref": "https://json-schema.org/draft/2020-12/schema"}', ":1:10", "nothing is fetched"),
        ('{"pattern": "("}', ":1:13", "`(` is not a regular expression"),
        ('{"patternProperties": {"(": {}}}', ":1:24", "`(` is not a regular expression"),
        ("[" * 100_000, ":1:1", "nested deeper than 64 levels"),
        ('{"a": ' + "[" * 63 + "{}" + "]" * 63 + "}", ":1:70", "nested deeper than 64 levels"),
        ('{"$ref": "#/a/b"}', ":1:10", "pointer '/a/b' does not exist"),
        ('{"allOf": [{"$ref": "#/$defs/missing"}]}', ":1:21", "pointer '/$defs/missing' does not exist"),
        ('{"$ref": 5}', ":1:10", "`$ref` cannot be the number `5`"),
        ('{"$schema": 5}', ":1:13", "no JSON Schema draft `5`"),
        ('{"$schema": "http://json-schema.org/draft-03/schema#"}', ":1:13", "no JSON Schema draft `http"),
        ('{"type": [{"type": "integer"}]}', ":1:10", "`type` cannot be a list"),
        (f'{{"maximum": {"9" * 5_000}}}', ":1:13", "the number has 5,000 digits, more than 128"),
        ('{"pattern": "a{99999999999}"}', ":1:13", "`a{99999999999}` is not a regular expression"),
        ('{"pattern": "(a{1000}){1000}{1000}"}', ":1:13", "is not a regular expression that can be used"),
        ('{"multipleOf": NaN}', ":1:16", "`NaN` is not a finite number"),
        ('{"multipleOf": -Infinity}', ":1:16", "`-Infinity` is not a finite number"),
        ('{"maximum": 1e999}', ":1:13", "`1e999` is not a finite number"),
        ('{"multipleOf": 0}', ":1:16", "`multipleOf` cannot be the number `0`"),
        ('{"const": "\\ud800"}', ":1:1", "the text holds half of a surrogate pair"),
        ('{"properties": {"\\udfff": {}}}', ":1:1", "the text holds half of a surrogate pair"),
        ('{"$id": "file:///etc/", "$ref": "hostname"}', ":1:33", "nothing is fetched"),
        (
            '{"dependencies": {"const": {"$ref": "http://127.0.0.1/x"}}}',
            ":1:1",
            "`http://127.0.0.1/x` leads out of the schema file",
        ),
        ('{"patternProperties": {"a": 5}}', ":1:29", "`patternProperties.a` cannot be the number `5`"),
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
    loaded = load(make_workspace(tmp_path, Project()))
    assert list(loaded.jobs) == ["a", "c"]
    assert [str(found.location) for found in loaded.diagnostics] == ["specs/deep/b.yaml:2:8"]


def test_a_schema_outside_of_the_project_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"type": "string"}')
    specs = tmp_path / "project" / "specs"
    specs.mkdir(parents=True)
    (specs / "link.json").symlink_to("../../secret.json")
    for written, why in (
        ("../../secret.json", "it lies outside the project"),
        ("link.json", "the symlink leads to `../../secret.json`, outside the project"),
    ):
        (specs / "a.yaml").write_text(f"name: a\nqueue: q\nworkflow: a:B\ninput: 1\ninput_schema: {written}\n")
        found = only(load(make_workspace(tmp_path / "project", Project())))
        assert found.message == f"the schema file cannot be read: {why}"


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


DOUBLING = {
    "$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)} | {"d40": {}},
    "$ref": "#/$defs/d0",
}
"""Asks the same question two to the power of forty times."""


@pytest.mark.parametrize(
    ("schema", "value", "says"),
    [
        ({"pattern": "^(a+)+$"}, f"{'a' * 5000}!", "must match the pattern"),
        ({"pattern": "^(?=(a+)+$)a"}, f"{'a' * 5000}!", "must match the pattern"),
        ({"pattern": "^(a|a)*\\1$"}, f"{'a' * 5000}!", "must match the pattern"),
        ({"not": {"pattern": "^(a|a)*\\1$"}}, f"{'a' * 5000}!", "must match the pattern"),
        ({"uniqueItems": True}, json.dumps([{"a": [n]} for n in range(9000)] + [{"a": [5]}]), "an entry twice"),
    ],
)
def test_what_takes_other_validators_for_ever_is_judged(schema: object, value: str, says: str) -> None:
    found = only(read(f"input: {value}\ninput_schema: s.json\n", schema))
    assert found.code == "JS312"
    assert says in found.message


@pytest.fixture
def own_judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[SchemaJudge]:
    """A judge that has spent nothing yet."""
    own = SchemaJudge(Limits(one=0.1))
    monkeypatch.setattr("jobspec.spec.schema_judge.JUDGE", own)
    yield own
    own.close()


def set_limits(judge: SchemaJudge, limits: Limits) -> None:
    judge.limits = judge._budget.limits = limits


def load_several(
    texts: Mapping[str, str], schemas: Mapping[str, object], *, cache: Cache | None = None
) -> tuple[Loaded, list[str]]:
    """Load jobs with schemas beside them; give also what is wrong, shortly."""
    files = tuple(
        SourceFile(path=f"specs/{name}.yaml", data=f"name: {name}\nqueue: q\nworkflow: a:B\n{text}".encode())
        for name, text in texts.items()
    )

    def read_schema(shown: str) -> SourceFile:
        schema = schemas[shown.removeprefix("specs/")]
        return SourceFile(path=shown, data=schema if isinstance(schema, bytes) else json.dumps(schema).encode())

    loaded = load_listings([Listing(root="specs", files=files)], read=read_schema, cache=cache)
    return loaded, [f"{found.location} {found.code} {found.message}" for found in loaded.diagnostics]


def test_a_schema_that_hangs_freezes_its_job_and_no_other(own_judge: SchemaJudge) -> None:
    texts = {
        "a": "input: 1\ninput_schema: slow.json\n",
        "b": "input: 1\ninput_schema: good.json\n",
        "c": "input: 2\ninput_schema: slow.json\n",
        "d": "",
    }
    slow = {"if": {"const": 1}, "then": {"$ref": "#/$defs/d0"}, "$defs": DOUBLING["$defs"]}
    schemas = {"slow.json": slow, "good.json": {"type": "integer"}}
    cache = Cache()
    loaded, said = load_several(texts, schemas, cache=cache)
    start = "JS313 the input cannot be judged by the schema `specs/slow.json`:"
    assert said == [
        f"specs/a.yaml:4:8 {start} it takes more than 0.1 s",
        f"specs/c.yaml:4:8 {start} it failed on that of `a`, and is tried again the next time",
    ]
    assert (list(loaded.jobs), loaded.incomplete) == (["b", "d"], True)
    loaded, said = load_several(texts, schemas, cache=cache)
    assert (list(loaded.jobs), len(said)) == (["b", "c", "d"], 1)


def test_what_hung_is_not_tried_again_as_long_as_it_is_the_same(own_judge: SchemaJudge) -> None:
    texts, cache = {"a": "input: 1\ninput_schema: s.json\n"}, Cache()
    _, first = load_several(texts, {"s.json": DOUBLING}, cache=cache)
    assert own_judge._worker is None  # it was killed
    _, second = load_several(texts, {"s.json": DOUBLING}, cache=cache)
    assert first == second != []
    assert own_judge._worker is None  # no other was needed


def test_what_hung_is_known_to_another_reading_as_well(own_judge: SchemaJudge) -> None:
    texts = {"a": "input: 1\ninput_schema: s.json\n"}
    _, first = load_several(texts, {"s.json": DOUBLING})
    _, second = load_several(texts, {"s.json": DOUBLING})
    assert first == second != []
    assert own_judge._worker is not None
    assert own_judge._worker.answered == 1  # that the schema itself is right


def test_a_schema_that_takes_all_memory_is_a_mistake_and_no_crash(own_judge: SchemaJudge) -> None:
    set_limits(own_judge, Limits(one=10, all=20, memory=80 << 20))
    greedy = {"properties": {str(n): {"pattern": f"(a{{500}}){{1,5}}{n}"} for n in range(500)}}
    texts = {"a": "input: 1\ninput_schema: s.json\n", "b": "input: 1\ninput_schema: good.json\n"}
    loaded, said = load_several(texts, {"s.json": greedy, "good.json": {"type": "integer"}})
    assert said == [
        "specs/s.json:1 JS313 the schema cannot be checked: it needs too much memory, or crashes the validator"
    ]
    assert list(loaded.jobs) == ["b"]


def test_a_thousand_schemas_that_hang_take_no_longer_than_a_few(own_judge: SchemaJudge) -> None:
    set_limits(own_judge, Limits(one=0.1, all=1))
    texts = {f"a{n}": f"input: {n}\ninput_schema: s{n}.json\n" for n in range(1000)}
    begun = time.monotonic()
    loaded, said = load_several(texts, {f"s{n}.json": {**DOUBLING, "title": str(n)} for n in range(1000)})
    assert time.monotonic() - begun < 10
    assert (len(said), len(loaded.frozen)) == (1000, 1000)
    assert said[-1].endswith("the schemas have taken more than 1 s")


def test_what_was_not_judged_for_want_of_time_is_judged_the_next_time(own_judge: SchemaJudge) -> None:
    texts, cache = {"a": "input: 1\ninput_schema: s.json\n"}, Cache()
    own_judge._budget.lose(own_judge.limits.all + 1)
    _, said = load_several(texts, {"s.json": {"type": "integer"}}, cache=cache)
    assert said == ["specs/s.json:1 JS313 the schema cannot be checked: the schemas have taken more than 4 s"]
    own_judge._budget.lose(-own_judge.limits.all)
    _, said = load_several(texts, {"s.json": {"type": "integer"}}, cache=cache)
    assert said == []


def test_a_process_that_does_not_start_is_told_and_tried_again(
    own_judge: SchemaJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, cache = {"a": "input: 1\ninput_schema: s.json\n", "b": ""}, Cache()
    with monkeypatch.context() as context:
        context.setattr("sys.path", [])
        loaded, [said] = load_several(texts, {"s.json": {"type": "integer"}}, cache=cache)
    assert "the process that judges it does not start (ModuleNotFoundError: No module named" in said
    assert list(loaded.jobs) == ["b"]
    own_judge._budget.lose(-own_judge.limits.all)
    assert load_several(texts, {"s.json": {"type": "integer"}}, cache=cache)[1] == []


def test_a_judge_that_somebody_else_stopped_says_nothing_of_the_schema(
    own_judge: SchemaJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, cache = {"a": "input: 1\ninput_schema: s.json\n"}, Cache()
    assert load_several(texts, {"s.json": {"type": "integer"}})[1] == []
    assert own_judge._worker is not None
    os.kill(own_judge._worker._process.pid, signal.SIGKILL)
    assert load_several(texts, {"s.json": {"type": "integer"}}, cache=cache)[1] == []  # another was started
    own_judge._worker._wall = 0.2
    os.kill(own_judge._worker._process.pid, signal.SIGSTOP)
    [said] = load_several({"a": "input: 2\ninput_schema: s.json\n"}, {"s.json": {}}, cache=cache)[1]
    assert said.endswith("the process that judges it was stopped")
    assert load_several({"a": "input: 2\ninput_schema: s.json\n"}, {"s.json": {}}, cache=cache)[1] == []


def test_what_other_schemas_have_used_is_not_charged_to_this_one(own_judge: SchemaJudge) -> None:
    set_limits(own_judge, Limits(one=10, all=20, memory=80 << 20))
    schemas = {
        f"s{n}.json": {"properties": {f"{n}-{m}": {"pattern": f"(a{{500}}){{1,5}}{m}"} for m in range(50)}}
        for n in range(8)
    }
    texts = {f"a{n}": f"input: {{}}\ninput_schema: s{n}.json\n" for n in range(8)}
    assert load_several(texts, schemas)[1] == []
    assert own_judge._worker is not None
    assert own_judge._worker.answered < 16  # it had to be started again


def test_the_process_can_open_nothing_and_ends_with_whoever_asks_it() -> None:
    own_judge = SchemaJudge()
    own_judge.ask("a", {"type": "integer"})
    assert own_judge._worker is not None
    process = own_judge._worker._process
    if sys.platform == "linux":
        limits = Path(f"/proc/{process.pid}/limits").read_text(encoding="utf-8")
        assert re.search(r"^Max open files +0 +0 ", limits, re.MULTILINE)
        assert re.search(r"^Max address space +268435456 +268435456 ", limits, re.MULTILINE)
    own_judge._worker._socket.close()
    assert process.wait(10) == 0
    own_judge.close()


def test_a_process_that_was_forked_asks_one_of_its_own(own_judge: SchemaJudge) -> None:
    own_judge.ask("a", {"type": "integer"})
    worker = own_judge._worker
    own_judge.forget()
    assert own_judge._worker is None
    assert own_judge.ask("a", {"type": "integer"}, "x") != {"errors": []}
    assert worker is not None
    assert own_judge._worker is not worker


def test_what_judges_costs_nothing_where_there_is_no_schema() -> None:
    code = "import jobspec.spec.loader, sys; sys.exit('jobspec.spec.schema_judge' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_answers_that_come_quickly_use_nothing_up_however_many_there_are() -> None:
    budget = _Budget(Limits())
    for number in range(100_000):
        budget.use(0.01 if number % 50 == 0 else 0)  # a clock that ticks each hundredth of a second
    assert budget.left() > Limits().all - 0.02
    for _ in range(50):
        budget.use(0.1)
    assert budget.left() < 0
    budget._at -= 60  # as if that had been a minute ago
    assert budget.left() == Limits().all


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next(
    own_judge: SchemaJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = {"type": "integer"}
    own_judge.ask("a", schema)
    with monkeypatch.context() as context:
        context.setattr(_Worker, "_receive", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            own_judge.ask("a", schema, "x")
    answer = own_judge.ask("a", schema, 1)
    assert isinstance(answer, dict)
    assert answer["errors"] == []
