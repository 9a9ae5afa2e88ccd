"""What became of a plan, as text and as a document."""

from __future__ import annotations

import json

from jobspec.planning.apply import Outcome, WriteStatus
from jobspec.planning.plan import Action, Change, Plan, Reason
from jobspec.render.outcomes import apply_document, outcome_document, render_outcome, summarize_outcomes
from jobspec.render.plan_documents import plan_document


def change(name: str, action: Action) -> Change:
    return Change(name=name, action=action, reason=Reason.CHANGED)


def plan(*changes: Change) -> Plan:
    return Plan(project="shop", namespace="default", changes=changes)


def outcome(name: str, action: Action, status: WriteStatus, message: str = "") -> Outcome:
    return Outcome(change=change(name, action), status=status, message=message)


OUTCOMES = [
    outcome("b", Action.CREATE, WriteStatus.DONE),
    outcome("a", Action.CREATE, WriteStatus.DONE),
    outcome("c", Action.UPDATE, WriteStatus.UNCHANGED, "it is so already"),
    outcome("d", Action.UPDATE, WriteStatus.FAILED, "no\x1bpermission"),
    outcome("e", Action.UPDATE, WriteStatus.CONFLICT, "somebody else changed it"),
    outcome("f", Action.DELETE, WriteStatus.SKIPPED, "`d` could not be created"),
    outcome("g", Action.RETIRE, WriteStatus.DONE),
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
    assert render_outcome(outcome_document(outcome("a", Action.UPDATE, WriteStatus.FAILED, "ü…")), ascii=True).isascii()


def test_the_apply_document_is_in_name_order() -> None:
    document = json.loads(apply_document(plan_document(plan()), OUTCOMES).to_json())
    assert [entry["name"] for entry in document["outcomes"]] == list("abcdefg")
    assert document["outcomes"][0] == {"name": "a", "action": "create", "status": "done", "message": ""}
    assert document["plan"]["kind"] == "plan"
