"""Plans as documents."""

from __future__ import annotations

import json

import pytest

from jobspec.diagnostics import Diagnostic, Location
from jobspec.planning.diff import ABSENT, FieldChange
from jobspec.planning.disclosure import Privacy
from jobspec.planning.plan import Action, Change, Plan, Reason, Source
from jobspec.render.plan_documents import plan_document
from jobspec.render.plan_text import render_plan

SHOWN = {"hidden": False, "redacted": False, "drift": False}


HIDDEN = {**SHOWN, "hidden": True}


def change(name: str, action: Action = Action.UPDATE, *fields: FieldChange) -> Change:
    return Change(
        name=name,
        action=action,
        reason=Reason.CHANGED,
        source=Source(file="a.yaml", line=3),
        fields=fields,
    )


def plan(*changes: Change) -> Plan:
    return Plan(project="shop", namespace="default", changes=changes)


WORD = "hush"


PRIVATE = [
    FieldChange(field="input.secret_key", before=WORD, after=ABSENT),
    FieldChange(field="input.other", before=1, after=2),
    FieldChange(field="run.memo.secret_key", before=ABSENT, after=WORD),
    FieldChange(field="run.static_summary", before=WORD, after=WORD + "!"),
]


def test_hidden_values_leak_neither_values_nor_keys() -> None:
    document = plan_document(plan(change("job", Action.UPDATE, *PRIVATE)), privacy=Privacy(hides_input=True))
    for text in (document.to_json(), render_plan(document)):
        assert WORD not in text
        assert "secret_key" not in text
    assert json.loads(document.to_json())["changes"][0]["fields"] == [
        {"field": "input", **HIDDEN},
        {"field": "run.memo", **HIDDEN},
        {"field": "run.static_summary", **HIDDEN},
    ]


def test_a_null_is_told_from_nothing() -> None:
    fields = [
        FieldChange(field="input.a", before=None, after=1),
        FieldChange(field="input.b", before=ABSENT, after=None),
    ]
    document = plan_document(plan(change("job", Action.UPDATE, *fields)))
    assert json.loads(document.to_json())["changes"][0]["fields"] == [
        {"field": "input.a", "before": None, "after": 1, **SHOWN},
        {"field": "input.b", "after": None, **SHOWN},
    ]
    assert "input.a: null → 1\n    input.b: none → null\n" in render_plan(document)


def test_numbers_that_json_lacks_are_text() -> None:
    field = FieldChange(field="input.a", before=float("nan"), after=[float("inf")])
    document = plan_document(plan(change("job", Action.UPDATE, field)))
    (shown,) = json.loads(document.to_json(), parse_constant=pytest.fail)["changes"][0]["fields"]
    assert (shown["before"], shown["after"]) == ("nan", ["inf"])


def test_diagnostics_are_in_the_document() -> None:
    found = Diagnostic(code="JS012", message="twice", location=Location(path="a.yaml", line=1, column=2))
    document = json.loads(plan_document(plan(), diagnostics=[found]).to_json())
    assert document["diagnostics"][0]["place"] == {"file": "a.yaml", "line": 1, "column": 2}
