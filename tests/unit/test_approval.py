"""Saved plans and checksums, as far as no server is needed to refuse them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobspec.cli import approval, group
from jobspec.errors import RefusedError
from jobspec.planning.digests import make_digest
from jobspec.planning.disclosure import Privacy
from jobspec.planning.plan import Plan
from jobspec.planning.saved import Intents
from jobspec.render.saved_plans import saved_plan_document

PROJECT = 'project = "shop"\n'


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    Path("specs").mkdir()
    Path("specs/a.yaml").write_text("name: a\nqueue: q\nworkflow: {type: t}\n")
    Path("jobspec.toml").write_text(PROJECT)


def save(**changes: Any) -> None:
    plan = Plan(**{"project": "shop", "namespace": "default", **changes})
    intents, made_at = Intents(changes=()), datetime(2026, 3, 1, tzinfo=UTC)
    text = saved_plan_document(
        plan,
        intents,
        namespace_digest="0",
        key=None,
        checksum="sha256:0",
        made_at=made_at,
        version=approval._VERSION,
    ).to_json()
    Path("plan.json").write_text(text)


def refuse(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 64) -> str:
    assert group.run(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "-"], "--out and --also write files; `--output json` writes a plan to stdout"),
        (["--out", "specs"], "`specs` cannot be written: it is a directory"),
        (["--out", "none/plan.json"], "`none/plan.json` cannot be written: no such directory"),
        (["--out", "plan.json", "--base", "main"], "--out needs a plan against the server"),
        (["--also", "markdown"], "--also takes a form and a file, such as `markdown=plan.md`, and not `markdown`"),
        (["--also", "pdf=x"], "and not `pdf=x`"),
        (["--also", "json="], "and not `json=`"),
        (["--also", "json=none/x"], "`none/x` cannot be written: no such directory"),
        (["--also", "json=./x", "--out", "x"], "`x` would be written twice"),
        (["--also", "json=x", "--also", "json=x"], "`x` would be written twice"),
    ],
)
def test_what_cannot_be_saved_is_said_before_anything_is_asked(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refuse(capsys, "plan", *arguments)


def test_a_file_that_is_no_saved_plan_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be read: no such file" in refuse(capsys, "apply", "plan.json", "--yes")
    assert "cannot be read: is a directory" in refuse(capsys, "apply", "specs", "--yes")
    Path("plan.json").write_bytes(b"\xff")
    assert "it is no text" in refuse(capsys, "apply", "plan.json", "--yes")
    Path("plan.json").write_text('{"kind": "plan"}')
    assert "is no saved plan" in refuse(capsys, "apply", "plan.json", "--yes")
    save()
    Path("plan.json").write_text(Path("plan.json").read_text().replace("default", "other"))
    assert "not as it was written" in refuse(capsys, "apply", "plan.json", "--yes", code=3)


def test_a_plan_of_another_project_or_environment_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    save(project="store")
    said = refuse(capsys, "apply", "plan.json", "--yes", code=3)
    assert "the saved plan is for the project `store`, and this is the project `shop`" in said
    Path("jobspec.toml").write_text(PROJECT + "[env.prod]\n[env.staging]\n")
    save(environment="staging")
    said = refuse(capsys, "apply", "plan.json", "--yes", "--env", "prod", code=3)
    assert "is for the environment `staging`, and this is the environment `prod`" in said
    assert group.run(["apply", "plan.json", "--yes"]) == 69  # the environment is the plan's; then no server is there
    save()
    assert "choose an environment" in refuse(capsys, "apply", "plan.json", "--yes")


@pytest.mark.parametrize("checksum", ["", "abc", "sha256:12", "sha256:" + "A" * 64, "0" * 64])
def test_what_is_no_checksum_is_refused(checksum: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no checksum" in refuse(capsys, "apply", "--yes", "--checksum", checksum)


def test_an_approved_plan_is_asked_for_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    save()
    assert "there is no terminal to ask on" in refuse(capsys, "apply", "plan.json")


def test_a_saved_plan_names_its_digest_last() -> None:
    save()
    assert list(json.loads(Path("plan.json").read_text()))[-2:] == ["checksum", "digest"]


def test_a_plan_of_another_server_is_refused() -> None:
    save()
    saved = approval.open_saved_plan(Path("plan.json"))
    with pytest.raises(RefusedError, match="for the namespace `default`, and this is the namespace `other`"):
        approval.check_namespace_of(saved, "other", Privacy(key=b"id"))
    with pytest.raises(RefusedError, match="for another namespace `default`, of another server"):
        approval.check_namespace_of(saved, "default", Privacy(key=b"id"))
    same = saved.model_copy(update={"namespace_digest": make_digest("namespace", b"id")})
    approval.check_namespace_of(same, "default", Privacy(key=b"id"))
