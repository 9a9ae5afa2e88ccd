from __future__ import annotations

import re

import pytest

from jobspec.diagnostics import Severity
from jobspec.planning.plan import Action, Change, Held, HeldReason, Plan, Reason, Source
from jobspec.render.annotations import annotate_diagnostics, annotate_plan, defuse
from jobspec.render.diagnostic_documents import DiagnosticDocument, Place
from jobspec.render.plan_documents import plan_document

COMMAND = re.compile(r"::(?P<level>error|warning|notice) (?P<properties>[^:\n]*)::(?P<message>[^\n]*)")


def found(number: int = 1, severity: Severity = Severity.ERROR, message: str = "it is wrong") -> DiagnosticDocument:
    return DiagnosticDocument(
        code="JS101",
        severity=severity,
        message=message,
        hint="mend it",
        place=Place(file="specs/a.yaml", line=number, column=3),
        length=4,
        excerpt="",
        job=None,
        related=(),
    )


def undo(text: str) -> str:
    """Read a value as the runner does."""
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_a_mistake_names_its_place_from_the_top_of_the_repository() -> None:
    text = annotate_diagnostics([found(7)], prefix="shop/", summary="1 error in 1 file")
    assert text == (
        "::error file=shop/specs/a.yaml,line=7,col=3,endColumn=7,title=JS101::it is wrong%0Ahint: mend it\n"
        "1 error in 1 file\n"
    )


def test_a_whole_file_has_no_line() -> None:
    whole = found().model_copy(update={"place": Place(file="a.yaml", line=0)})
    assert annotate_diagnostics([whole], summary="").startswith("::error file=a.yaml,title=JS101::")


def test_ten_of_each_level_are_shown_and_the_rest_is_counted() -> None:
    mistakes = [found(line, Severity.WARNING) for line in range(1, 12)] + [found(line) for line in range(1, 14)]
    *commands, summary = annotate_diagnostics(mistakes, summary="13 errors, 11 warnings in 1 file").splitlines()
    assert [command.split(" ")[0] for command in commands] == ["::error"] * 10 + ["::warning"] * 10
    assert "line=1," in commands[0]
    assert summary == ("13 errors, 11 warnings in 1 file; not annotated: 3 more of 13 errors, 1 more of 11 warnings.")


def test_what_goes_and_what_is_held_comes_before_warnings() -> None:
    changes = (Change(name="gone", action=Action.RETIRE, reason=Reason.REMOVED),)
    held = (Held(name="kept", reason=HeldReason.FROZEN, message="it waits"),)
    document = plan_document(Plan(project="shop", namespace=None, changes=changes, held=held))
    warned = document.model_copy(update={"diagnostics": (found(1, Severity.WARNING), found(2))})
    titles = re.findall(r"title=([^:]*)::", annotate_plan(warned))
    assert [undo(title) for title in titles] == ["JS101", "retire: gone", "held: kept", "JS101"]


def test_the_plan_of_a_hostile_name_is_one_command_a_line() -> None:
    hostile = "a%0A::error::b\n::set-output name=x::y,z=1:2##[debug]"
    plan = Plan(
        project="shop",
        namespace="default",
        changes=(
            Change(name=hostile, action=Action.DELETE, reason=Reason.REMOVED),
            Change(name="b", action=Action.CREATE, reason=Reason.NEW, source=Source(file=hostile, line=2)),
        ),
        held=(Held(name=hostile, reason=HeldReason.FAILED, message=hostile, hint=hostile),),
    )
    *lines, summary = annotate_plan(plan_document(plan)).splitlines()
    commands = [COMMAND.fullmatch(line) for line in lines]
    assert all(commands)
    assert [command["level"] for command in commands if command] == ["warning", "warning", "notice"]
    shown = hostile.replace("\n", "\\n")
    assert commands[0] is not None
    assert undo(commands[0]["properties"]) == f"title=delete: {shown}"
    assert commands[1] is not None
    assert undo(commands[1]["message"]) == f"{hostile}\nhint: {hostile}"
    assert summary == "jobspec plan: 1 to delete, 1 to create; 1 held."


def test_a_very_long_message_is_cut() -> None:
    text = annotate_diagnostics([found(message="x" * 100_000)], summary="")
    assert len(text) < 5_000


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("a\n::error::b", "a\n. ::error::b"),
        ("  ::error::b", ".   ::error::b"),
        ("a ##[error]b", "a ## [error]b"),
        ("a::b", "a::b"),
    ],
)
def test_text_for_people_holds_no_command(text: str, harmless: str) -> None:
    assert defuse(text) == harmless
