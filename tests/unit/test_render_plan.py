from __future__ import annotations

import json
import re

import pytest

from jobspec.diagnostics import Diagnostic, Location
from jobspec.planning.apply import Outcome, Status
from jobspec.planning.diff import ABSENT, FieldChange
from jobspec.planning.plan import Action, Change, Plan, Reason, Source
from jobspec.planning.shown import Privacy
from jobspec.render.outcomes import apply_document, outcome_document, render_outcome, summarize_outcomes
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


def outcome(name: str, action: Action, status: Status, message: str = "") -> Outcome:
    return Outcome(change=change(name, action), status=status, message=message)


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


@pytest.mark.parametrize("width", [1, 40, 80, 120])
def test_lines_fit_whatever_the_values(width: int) -> None:
    field = FieldChange(field="input." + "key." * 50, before="a" * 1000, after=["日本" * 500])
    text = render_plan(plan_document(plan(change("job", Action.UPDATE, field))), width=width)
    assert max(len(line) for line in text.splitlines()[1:]) <= max(width, 40)


def test_names_of_deleted_jobs_are_never_cut() -> None:
    name = "x" * 200
    assert f" {name} " in render_plan(plan_document(plan(change(name, Action.DELETE))), width=40)


def test_text_cannot_move_the_cursor() -> None:
    field = FieldChange(field="input.\x1b[2J", before="\x1b[2J", after={"\u202e": "\r"})
    text = render_plan(plan_document(plan(change("job\x1b[2J", Action.UPDATE, field))))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_ascii_only_output_is_ascii() -> None:
    field = FieldChange(field="input.ü", before="日" * 200, after="☃")
    text = render_plan(plan_document(plan(change("job", Action.UPDATE, field))), ascii=True)
    assert text.isascii()
    assert " -> " in text


def test_colour_adds_nothing_but_colour() -> None:
    document = plan_document(plan(*(change(action.value, action) for action in Action)))
    colored = render_plan(document, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render_plan(document)


def test_what_can_do_harm_comes_first() -> None:
    text = render_plan(plan_document(plan(*(change(action.value, action) for action in Action))))
    places = [text.index(f" {action:8} {action}") for action in ("delete", "retire", "create", "restore", "update")]
    assert places == sorted(places)


def test_diagnostics_are_in_the_document() -> None:
    found = Diagnostic(code="JS012", message="twice", location=Location(path="a.yaml", line=1, column=2))
    document = json.loads(plan_document(plan(), diagnostics=[found]).to_json())
    assert document["diagnostics"][0]["place"] == {"file": "a.yaml", "line": 1, "column": 2}


OUTCOMES = [
    outcome("b", Action.CREATE, Status.DONE),
    outcome("a", Action.CREATE, Status.DONE),
    outcome("c", Action.UPDATE, Status.UNCHANGED, "it is so already"),
    outcome("d", Action.UPDATE, Status.FAILED, "no\x1bpermission"),
    outcome("e", Action.UPDATE, Status.CONFLICT, "somebody else changed it"),
    outcome("f", Action.DELETE, Status.SKIPPED, "`d` could not be created"),
    outcome("g", Action.RETIRE, Status.DONE),
]


def test_outcomes_are_told_one_by_one_and_counted() -> None:
    documents = [outcome_document(outcome) for outcome in OUTCOMES]
    assert (
        "\n".join(map(render_outcome, documents))
        == """\
created    b
created    a
unchanged  c: it is so already
failed     d  (update): no\\u001bpermission
conflict   e  (update): somebody else changed it
skipped    f  (delete): `d` could not be created
retired    g"""
    )
    expected = "2 created, 1 retired, 1 unchanged, 1 failed, 1 conflict, 1 skipped"
    assert summarize_outcomes(documents) == expected


def test_an_outcome_can_be_ascii() -> None:
    assert render_outcome(outcome_document(outcome("a", Action.UPDATE, Status.FAILED, "ü…")), ascii=True).isascii()


def test_the_apply_document_is_in_name_order() -> None:
    document = json.loads(apply_document(plan_document(plan()), OUTCOMES).to_json())
    assert [entry["name"] for entry in document["outcomes"]] == list("abcdefg")
    assert document["outcomes"][0] == {"name": "a", "action": "create", "status": "done", "message": ""}
    assert document["plan"]["kind"] == "plan"


def test_a_plan_of_specs_with_mistakes_says_that_apply_writes_nothing() -> None:
    mistake = Diagnostic(code="JS101", message="there is no key `x`", location=Location(path="a.yaml", line=1))
    said = "`jobspec apply` will write nothing of this without `--keep-going`"

    assert said in render_plan(plan_document(plan(change("job")), diagnostics=[mistake]))
    assert said not in render_plan(plan_document(plan(change("job"))))
