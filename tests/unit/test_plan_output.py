"""Plans and outcomes on their way out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobspec.cli.options import PLAN_OUTPUTS
from jobspec.cli.plan_output import find_prefix, put_plan, report_outcomes, write_plan
from jobspec.cli.specs import Specs, open_specs
from jobspec.planning.apply import Outcome, WriteStatus
from jobspec.planning.plan import Action, Change, Plan, Reason
from jobspec.render.plan_documents import plan_document

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHANGE = Change(name="orders", action=Action.CREATE, reason=Reason.NEW)
DOCUMENT = plan_document(Plan(project="shop", namespace="default", changes=(CHANGE,)))


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Specs:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    Path("specs").mkdir()
    Path("specs/a.yaml").write_text("name: a\n")
    Path("jobspec.toml").write_text('project = "shop"\n')
    return open_specs(None)


BEGINNINGS = {
    "text": "Plan for project shop in namespace default: 1 to create.",
    "json": "{",
    "markdown": "<!-- jobspec-plan: shop -->",
    "github": "::notice title=create%3A orders::new",
}


@pytest.mark.parametrize("form", PLAN_OUTPUTS)
def test_a_plan_looks_the_same_on_stdout_and_in_a_file(
    form: str, specs: Specs, capsys: pytest.CaptureFixture[str]
) -> None:
    put_plan(DOCUMENT, specs, form)
    captured = capsys.readouterr()
    assert captured.out.split("\n")[0] == BEGINNINGS[form]
    assert "specs/a.yaml" in captured.err
    write_plan(DOCUMENT, specs, form, Path("plan"))
    assert Path("plan").read_text(encoding="utf-8") == captured.out


async def test_outcomes_are_told_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    async def settle() -> AsyncIterator[Outcome]:
        yield Outcome(change=CHANGE, status=WriteStatus.DONE)
        assert capsys.readouterr().err == "created    orders\n"
        yield Outcome(change=CHANGE, status=WriteStatus.FAILED, message="no room")

    settled = await report_outcomes(settle())
    assert [outcome.status for outcome in settled] == [WriteStatus.DONE, WriteStatus.FAILED]
    assert capsys.readouterr() == ("", "failed     orders  (create): no room\n")


@pytest.mark.parametrize(
    ("workspace", "directory", "prefix"),
    [
        (".", ".", ""),
        (".", "a/b", "a/b/"),
        ("a", "a/b", "b/"),
        ("a/b", "a", ""),
        ("link", "a/b", "b/"),
        ("c", "a/b", ""),
    ],
)
def test_the_project_is_named_from_the_top_of_what_was_checked_out(
    workspace: str, directory: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / workspace))
    assert find_prefix(tmp_path / directory) == prefix


def test_without_a_runner_the_top_is_that_of_the_work_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    (tmp_path / "a").mkdir()
    assert find_prefix(tmp_path / "a") == ""
    (tmp_path / ".git").mkdir()
    assert find_prefix(tmp_path / "a") == "a/"
