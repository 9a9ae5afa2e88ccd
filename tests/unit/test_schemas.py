from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from strategies import jobs

from jobspec.diagnostics import Diagnostic, Location
from jobspec.planning.plan import Action, Change, Held, HeldReason, Plan, Reason, Source
from jobspec.planning.saved import Intent, Intents
from jobspec.render.diagnostic_documents import diagnostics_document
from jobspec.render.outcomes import apply_document
from jobspec.render.plan_documents import plan_document
from jobspec.render.saved_plans import saved_plan_document
from jobspec.render.schemas import KINDS, Kind, render_schema
from jobspec.spec.model import JobSpec
from jobspec.spec.project import Project

ROOT = Path(__file__).parents[2]


def make_validator(kind: Kind) -> Draft202012Validator:
    return Draft202012Validator(json.loads(render_schema(kind)))


JOB = make_validator("job")
PROJECT = make_validator("project")
PLAN = make_validator("plan")


def refuse(validator: Draft202012Validator, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_are_not_stale(kind: Kind) -> None:
    path = ROOT / "schemas" / f"{kind}.schema.json"
    assert path.read_text(encoding="utf-8") == render_schema(kind), "run `make schemas`"


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_are_schemas(kind: Kind) -> None:
    schema = json.loads(render_schema(kind))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["$id"]


def walk(value: Any) -> Any:
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from walk(inner)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_have_no_errors_that_nobody_can_read(kind: Kind) -> None:
    schema = json.loads(render_schema(kind))
    parts = [part for part in walk(schema) if isinstance(part, dict)]
    assert not [part for part in parts if "oneOf" in part]
    references = {part["$ref"] for part in parts if isinstance(part.get("$ref"), str)}
    assert {reference.removeprefix("#/$defs/") for reference in references} == schema["$defs"].keys()


@pytest.mark.parametrize("kind", ["job", "project"])
def test_every_key_is_described(kind: Kind) -> None:
    schema = json.loads(render_schema(kind))
    for part in walk(schema):
        if isinstance(part, dict) and isinstance(part.get("properties"), dict):
            for key, value in part["properties"].items():
                referred = schema["$defs"].get(value.get("$ref", "").removeprefix("#/$defs/"), {})
                assert value.get("description") or referred.get("description") or key in {"jobs", "defaults"}


SPECS = [path for path in sorted((ROOT / "specs").rglob("*")) if path.suffix in {".yaml", ".yml", ".toml"}]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_the_specs_of_this_repository_fit(path: Path) -> None:
    if path.suffix == ".toml":
        document = json.loads(json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), default=str))
    else:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    assert refuse(JOB, json.loads(json.dumps(document, default=str))) == []


def nulled(job: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Set some values to null, at the top and one level below."""
    keys = st.sets(st.sampled_from(sorted(job)))
    return keys.map(lambda chosen: {key: None if key in chosen else value for key, value in job.items()})


@given(jobs(), st.data())
def test_what_the_model_accepts_fits_in_every_place(job: dict[str, Any], data: st.DataObject) -> None:
    JobSpec.model_validate(job)
    part = {key: value for key, value in data.draw(nulled(job)).items() if key != "name"}
    documents = [
        job,
        part,
        {"jobs": [job, {"name": "x"}], "defaults": part, "x-note": 1},
        {**job, "env": {"staging": part, "dev": None, "prod": False, "x-note": []}},
        {"env": {"staging": part}, "queue": None},
    ]
    for document in documents:
        assert refuse(JOB, document) == []


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"name": "a"},
        {"jobs": []},
        {"jobs": [], "defaults": None},
        {"env": None},
        {"workflow": "a.b:C"},
        {"workflow": {"type": "c"}},
        {"workflow": {"class": "a.b:C"}},
        {"input": None},
        {"input": {"x-data": {"anything": [1, None]}}},
        {"args": [None, {}]},
        {"tags": ["a"]},
        {"x-anything": {"at": ["all"]}},
        {"schedule": None},
        {"schedule": {}},
        {"schedule": {"x-note": 1, "timezone": None}},
        {"schedule": {"interval": "1h"}},
        {"schedule": {"interval": ["1h", {"every": "1d", "offset": "0"}]}},
        {"schedule": {"interval": {"offset": "5m"}}},
        {"schedule": {"interval": " 1h30m "}},
        {"schedule": {"cron": ["@daily", "0 9 * * MON-FRI # note"]}},
        {"schedule": {"calendar": {"hour": "9-17", "day_of_week": ["MON", 3], "comment": "c", "month": None}}},
        {"schedule": {"calendar": [{"hour": 9}, {"x-why": 1}]}},
        {"schedule": {"skip": ["2026-12-25", {"month": 1}]}},
        {"schedule": {"paused": True}},
        {"schedule": {"paused": "why"}},
        {"schedule": {"start_at": "2027-01-01T00:00:00Z", "jitter": "500ms", "overlap": "allow_all"}},
        {"run": {"memo": {"x-data": 1, "b": None}, "search_attributes": {"A": 1, "B": ["x"], "C": None, "x-y": {}}}},
        {"run": {"retry_policy": {"backoff_coefficient": 2, "maximum_interval": None}, "priority": None}},
    ],
)
def test_what_may_stand_in_a_file_fits(document: dict[str, Any]) -> None:
    assert refuse(JOB, document) == []


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "$"),
        (None, "$"),
        ({"nmae": "a"}, "$"),
        ({"name": 1}, "$.name"),
        ({"name": "-a"}, "$.name"),
        ({"queue": ""}, "$.queue"),
        ({"queue": ["a"]}, "$.queue"),
        ({"tags": "a"}, "$.tags"),
        ({"workflow": "a.b"}, "$.workflow"),
        ({"workflow": {"typ": "a"}}, "$.workflow"),
        ({"defaults": {}}, "$"),
        ({"jobs": {}}, "$.jobs"),
        ({"jobs": [], "queue": "a"}, "$"),
        ({"jobs": [], "defaults": {"name": "a"}}, "$.defaults"),
        ({"jobs": [{"jobs": []}]}, "$.jobs[0]"),
        ({"env": {"a": True}}, "$.env.a"),
        ({"env": {"a": {"name": "b"}}}, "$.env.a"),
        ({"env": {"a": {"env": {}}}}, "$.env.a"),
        ({"schedule": "@daily"}, "$.schedule"),
        ({"schedule": {"timeZone": "UTC"}}, "$.schedule"),
        ({"schedule": {"interval": 60}}, "$.schedule.interval"),
        ({"schedule": {"interval": "1 hour"}}, "$.schedule.interval"),
        ({"schedule": {"interval": {"evry": "1h"}}}, "$.schedule.interval"),
        ({"schedule": {"cron": 5}}, "$.schedule.cron"),
        ({"schedule": {"calendar": {"hour": 24}}}, "$.schedule.calendar"),
        ({"schedule": {"overlap": "forbid"}}, "$.schedule.overlap"),
        ({"schedule": {"paused": False}}, "$.schedule.paused"),
        ({"schedule": {"pause_on_failure": "yes"}}, "$.schedule.pause_on_failure"),
        ({"schedule": {"catchup_window": "PT1H"}}, "$.schedule.catchup_window"),
        ({"schedule": {"skip": ["25.12.2026"]}}, "$.schedule.skip[0]"),
        ({"run": {"retry_policy": {"maximum_attempts": "3"}}}, "$.run.retry_policy"),
        ({"run": {"search_attributes": {"A": {}}}}, "$.run.search_attributes.A"),
    ],
)
def test_mistakes_do_not_fit(document: Any, place: str) -> None:
    places = [error.json_path for error in JOB.iter_errors(document)]
    assert any(found.startswith(place) or place.startswith(found) for found in places)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"project": "shop"},
        {
            "project": "shop",
            "also_owns": ["store"],
            "specs": ["specs", "more"],
            "data_converter": "shop.codec:converter",
            "guards": {"max_deletes": 0},
            "prune": {"grace": "0s"},
            "env": {"staging": {"profile": "staging", "namespace": "shop-staging"}, "prod": {}},
        },
    ],
)
def test_what_the_project_model_accepts_fits(document: dict[str, Any]) -> None:
    Project.model_validate(document)
    assert refuse(PROJECT, document) == []


@pytest.mark.parametrize(
    "document",
    [
        {"projct": "shop"},
        {"project": "Shop"},
        {"specs": "specs"},
        {"specs": []},
        {"guards": {"max_deletes": -1}},
        {"prune": {"grace": 60}},
        {"env": {"staging": {"name": "x"}}},
    ],
)
def test_mistakes_in_the_project_do_not_fit(document: dict[str, Any]) -> None:
    assert refuse(PROJECT, document) != []
    with pytest.raises(ValueError, match="validation error"):
        Project.model_validate(document)


FOUND = Diagnostic(code="JS012", message="twice", location=Location(path="a.yaml", line=1, column=2))


def make_plan() -> Any:
    plan = Plan(
        project="shop",
        namespace="default",
        changes=tuple(
            Change(name=action, action=action, reason=Reason.CHANGED, source=Source(file="a.yaml", line=1))
            for action in Action
        ),
        held=(Held(name="held", reason=HeldReason.FROZEN, message="m"),),
    )
    return plan_document(plan, diagnostics=[FOUND])


def make_saved_plan() -> Any:
    intents = Intents(changes=(Intent(name="a", action=Action.CREATE, fields=(), spec="0", live=None),), retired=("b",))
    plan = Plan(project="shop", namespace="default")
    made_at = datetime(2026, 3, 1, tzinfo=UTC)
    return saved_plan_document(
        plan, intents, namespace_digest="0", key=[b"k"], checksum="sha256:0", made_at=made_at, version="1"
    )


def test_what_is_printed_fits() -> None:
    documents = (make_plan(), apply_document(make_plan(), []), diagnostics_document([FOUND]), make_saved_plan())
    for document in documents:
        printed = json.loads(document.to_json())
        assert refuse(PLAN, printed) == []
        assert refuse(PLAN, {**printed, "key_of_a_later_release": 1}) == []
        for key in printed:
            assert refuse(PLAN, {kept: value for kept, value in printed.items() if kept != key}) != []


@pytest.mark.parametrize("path", sorted((ROOT / "tests/golden").glob("*/plan.json")), ids=lambda path: path.parent.name)
def test_golden_plans_fit(path: Path) -> None:
    assert refuse(PLAN, json.loads(path.read_text(encoding="utf-8"))) == []
