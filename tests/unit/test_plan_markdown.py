from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from jobspec.diagnostics import Severity
from jobspec.planning.diff import FieldChange
from jobspec.planning.plan import Action, Change, Held, HeldReason, Plan, Reason
from jobspec.render.diagnostic_documents import DiagnosticDocument, Place
from jobspec.render.plan_documents import plan_document
from jobspec.render.plan_markdown import MOST_BYTES, code, fence, render_markdown


def change(name: str, action: Action, value: str = "x") -> Change:
    fields = () if action in (Action.DELETE, Action.RETIRE) else (FieldChange(field="input.a", before=1, after=value),)
    return Change(name=name, action=action, reason=Reason.CHANGED, fields=fields)


def render(*changes: Change, held: int = 0, project: str = "shop", environment: str | None = None) -> str:
    kept = tuple(Held(name=f"held-{number}", reason=HeldReason.FOREIGN, message="m" * 200) for number in range(held))
    plan = Plan(project=project, namespace="default", environment=environment, changes=changes, held=kept)
    return render_markdown(plan_document(plan))


def many(action: Action, number: int, value: str = "x", name: str = "job") -> list[Change]:
    return [change(f"{name}-{action}-{index:05d}", action, value) for index in range(number)]


def count_left_out(page: str) -> dict[str, int]:
    found = re.findall(r"^\*\*([\d,]+) more not shown\*\* \((.*)\)$", page, re.MULTILINE)
    return {what: int(number.replace(",", "")) for number, what in found}


def test_a_plan_without_changes_says_so_in_bold() -> None:
    assert render() == (
        "<!-- jobspec-plan: shop -->\n### Plan for project `shop`, namespace `default`\n\n**No changes.**\n"
    )


def test_a_comment_is_known_again_by_project_and_environment() -> None:
    assert render(environment="prod").startswith("<!-- jobspec-plan: shop/prod -->\n")
    assert render(project="a--b").startswith("<!-- jobspec-plan: a--b -->\n")


def test_what_does_not_fit_is_left_out_by_whole_items_and_counted() -> None:
    page = render(*many(Action.UPDATE, 2_000), *many(Action.CREATE, 3))
    assert len(page.encode()) <= MOST_BYTES
    shown = len(re.findall(r"^\*\*update\*\* `job-update-\d+` \(changed\)$", page, re.MULTILINE))
    assert shown > 300
    assert page.count("```diff") * 2 == page.count("```")
    assert count_left_out(page) == {"to update": 2_000 - shown}
    assert len(re.findall(r"^\*\*create", page, re.MULTILINE)) == 3
    assert "What is left out here is in the output of `jobspec plan`." in page
    assert page.count("<details>") == page.count("</details>") == 2


def test_of_jobs_that_go_all_names_are_told_before_anything_else() -> None:
    leaving = many(Action.RETIRE, 500) + many(Action.DELETE, 500)
    page = render(*leaving, *many(Action.UPDATE, 1_000), held=500)
    assert len(page.encode()) <= MOST_BYTES
    assert all(f"`{each.name}`" in page for each in leaving)
    assert "leaving" not in count_left_out(page)
    assert count_left_out(page)["held"] > 0
    assert count_left_out(page)["to update"] > 0


def test_more_jobs_go_than_a_comment_can_name() -> None:
    leaving = many(Action.DELETE, 5_000, name="n" * 180)
    page = render(*leaving, change("a", Action.UPDATE))
    assert len(page.encode()) <= MOST_BYTES
    named = sum(f"`{each.name}`" in page for each in leaving)
    assert named > 200
    assert count_left_out(page)["leaving"] == 5_000 - named


@pytest.mark.parametrize(("number", "is_open"), [(10, True), (11, False)])
def test_some_warnings_stand_open_and_many_are_folded_below(number: int, is_open: bool) -> None:  # noqa: FBT001  a case
    place = Place(file="specs/a.yaml", line=1)
    warning = DiagnosticDocument(
        code="JS502",
        severity=Severity.WARNING,
        message="there is no run",
        hint="",
        place=place,
        length=1,
        excerpt="",
        job="a",
        related=(),
    )
    document = plan_document(Plan(project="shop", namespace=None, changes=(change("a", Action.UPDATE),)))
    page = render_markdown(document.model_copy(update={"diagnostics": (warning,) * number}))
    assert ("#### Warnings" in page) is is_open
    assert (f"<summary>{number} warnings</summary>" in page) is not is_open
    assert page.count("warning[JS502]: there is no run") == number
    assert "have mistakes" not in page


def test_long_values_are_cut_where_they_are_alike() -> None:
    page = render(change("a", Action.UPDATE, "é" * 1_000_000), change("b", Action.CREATE, "x" * 1_000_000))
    assert len(page.encode()) < 6_000
    assert count_left_out(page) == {}


@pytest.mark.parametrize("number", [0, 1, 30, 31, 32, 200])
def test_no_comment_is_too_long(number: int) -> None:
    value = "日本" * 300
    changes = [each for action in Action for each in many(action, number, value)]
    assert len(render(*changes, held=number).encode()) <= MOST_BYTES


@pytest.mark.parametrize("line", ["```", "  `````", "a", ""])
def test_no_line_ends_its_block(line: str) -> None:
    [block] = MarkdownIt("commonmark").parse(fence([line, "b"], "text"))
    assert (block.type, block.content) == ("fence", f"{line}\nb\n")


@pytest.mark.parametrize("text", ["a", "`", "``", "`a`", " a ", "a`b``c", "<b>", "\\", "&amp;"])
def test_a_code_span_holds_the_very_text(text: str) -> None:
    children = MarkdownIt("commonmark").parse(f"- {code(text)}")[3].children
    assert children is not None
    assert [(child.type, child.content) for child in children] == [("code_inline", text)]
