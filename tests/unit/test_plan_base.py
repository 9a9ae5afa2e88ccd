"""`plan --base`: what a branch changes, without a server and without running anything of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jobspec.cli import group

PROJECT = 'project = "shop"\n'


def job(name: str, every: str = "1h", *lines: str) -> str:
    head = f"name: {name}\nqueue: q\nworkflow: {{type: W}}\nschedule: {{interval: {every}}}\n"
    return head + "".join(f"{line}\n" for line in lines)


def git(*arguments: str) -> None:
    settings = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], check=True, capture_output=True)


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def commit(files: dict[str, str]) -> None:
    write(files)
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "-m", "Change")


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository of the test's own, in which no server can be reached."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "TEMPORAL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "nowhere.toml"))
    monkeypatch.setenv("TEMPORAL_PROFILE", "no such profile")
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    git("init", "--quiet", "--template=", "--initial-branch=main")


def plan(capsys: pytest.CaptureFixture[str], *arguments: str, base: str = "main", code: int = 0) -> dict[str, Any]:
    """Run `plan --base`; gives its JSON, with what went to stderr."""
    capsys.readouterr()
    assert group.run(["plan", "--base", base, "--output", "json", *arguments]) == code
    captured = capsys.readouterr()
    return {**json.loads(captured.out), "stderr": captured.err}


def list_changes(document: dict[str, Any]) -> dict[str, str]:
    return {change["name"]: f"{change['action']} {change['reason']}" for change in document["changes"]}


def refuse(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert group.run(["plan", *arguments]) == 64
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_the_working_tree_is_compared_with_where_the_branch_left(capsys: pytest.CaptureFixture[str]) -> None:
    commit({"jobspec.toml": PROJECT, "specs/a.yaml": job("a"), "specs/b.yaml": job("b"), "specs/c.yaml": job("c")})
    git("checkout", "--quiet", "-b", "branch")
    commit({"specs/a.yaml": job("a", "2h")})
    git("checkout", "--quiet", "main")
    commit({"specs/later.yaml": job("later"), "specs/c.yaml": job("c", "9h")})
    git("checkout", "--quiet", "branch")
    Path("specs/b.yaml").unlink()  # uncommitted changes count
    write({"specs/d.yaml": job("d")})
    document = plan(capsys)
    assert list_changes(document) == {"a": "update changed", "b": "retire removed", "d": "create new"}
    assert (document["namespace"], document["checksum"], document["counts"]["unchanged"]) == (None, None, 1)
    assert document["base"]["commit"] == subprocess.check_output(["git", "rev-parse", "main~1"], text=True).strip()
    assert document["changes"][0]["source"] == {"file": "specs/a.yaml", "line": 1, "column": 0}
    git("stash", "--include-untracked")
    assert list_changes(plan(capsys)) == {"a": "update changed"}
    assert list_changes(plan(capsys, base="HEAD")) == {}


def test_nothing_of_the_branch_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    commit({"jobspec.toml": PROJECT, "specs/a.yaml": job("a", "1h", "input: {n: 1}")})
    trap = "open('ran', 'w').close()\nimport hostile\n"
    write(
        {
            "jobspec.toml": PROJECT + 'data_converter = "evil:converter"\n',
            **dict.fromkeys(("evil.py", "sitecustomize.py", "specs/__init__.py", "temporalio.py", "yaml.py"), trap),
            "specs/a.yaml": "name: a\nqueue: q\nworkflow: evil:W\nactivities: [evil:a]\ninput_model: evil:M\n"
            "input: {n: 2}\nschedule: {interval: 1h}\n",
            "temporal.toml": "[broken",
            ".git/hooks/post-checkout": "#!/bin/sh\ntouch ran\n",
        }
    )
    Path(".git/hooks/post-checkout").chmod(0o755)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", "temporal.toml")
    command = [sys.executable, "-m", "jobspec", "plan", "--base", "main", "--output", "json"]
    document = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert [field["field"] for field in document["changes"][0]["fields"]] == ["input.n"]
    assert document["base"]["notes"] == ["the data converter changes, so inputs may differ that are written alike"]
    assert not Path("ran").exists()


def test_a_repository_that_a_branch_holds_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """git takes any directory that looks like its own for a repository, whose settings name programs to run."""
    commit({"shop/jobspec.toml": PROJECT, "shop/specs/a.yaml": job("a")})
    git("init", "--quiet", "--bare", "--template=", "shop")
    head = Path(".git/refs/heads/main").read_text(encoding="ascii")
    settings = {
        "core.bare": "false",
        "core.worktree": f"{Path.cwd()}/shop",
        "core.fsmonitor": f"touch {Path.cwd()}/ran; false",
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": str(Path.cwd()),
        "remote.origin.uploadpack": f"touch {Path.cwd()}/ran; git-upload-pack",
    }
    for name, value in settings.items():
        git("config", "--file", "shop/config", name, value)
    write({"shop/refs/heads/main": head, "shop/specs/a.yaml": job("a", "2h")})
    monkeypatch.chdir("shop")
    assert list_changes(plan(capsys)) == {"a": "update changed"}
    assert not Path("../ran").exists()


def test_a_hook_of_a_linked_working_tree_sees_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There git sets GIT_DIR, and without more takes the current directory for the top."""
    commit({"shop/jobspec.toml": PROJECT, "shop/specs/a.yaml": job("a")})
    git("worktree", "add", "--quiet", "-b", "branch", "../linked")
    monkeypatch.chdir("../linked/shop")
    write({"specs/a.yaml": job("a", "2h")})
    monkeypatch.setenv("GIT_DIR", f"{Path('../../repository').resolve()}/.git/worktrees/linked")
    assert list_changes(plan(capsys)) == {"a": "update changed"}


def test_one_plan_is_written_in_several_forms(capsys: pytest.CaptureFixture[str]) -> None:
    commit({"jobspec.toml": PROJECT, "specs/a.yaml": job("a")})
    write({"specs/a.yaml": job("a", "2h")})
    document = plan(capsys, "--also", "markdown=plan.md", "--also", "json=plan.json", "--also", "github=lines")
    del document["stderr"]
    assert json.loads(Path("plan.json").read_text(encoding="utf-8")) == document
    assert Path("plan.md").read_text(encoding="utf-8").startswith("<!-- jobspec-plan: shop -->\n")
    assert Path("lines").read_text(encoding="utf-8").startswith("::notice file=specs/a.yaml,line=1,title=update%3A a::")


def test_inputs_are_compared_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    commit({"jobspec.toml": PROJECT, "specs/a.yaml": job("a", "1h", "input: {n: 1, m: [1.0, true]}")})
    write({"specs/a.yaml": job("a", "60m", "input:", "  m: [1.0, true]", "  n: 0x1", "description: the same")})
    assert list_changes(plan(capsys)) == {}
    write({"specs/a.yaml": job("a", "1h", "input: {n: 1.0, m: [1, true]}")})
    fields = plan(capsys)["changes"][0]["fields"]
    assert [(field["field"], field["before"], field["after"]) for field in fields] == [
        ("input.m", [1.0, True], [1, True]),
        ("input.n", 1, 1.0),
    ]


def test_mistakes_on_either_side_freeze_what_they_are_in(capsys: pytest.CaptureFixture[str]) -> None:
    broken = "name: {}\nqueue: 5\nworkflow: {{type: W}}\nschedule: {{interval: 1h}}\n".format
    files = {"specs/good.yaml": job("good"), "specs/mended.yaml": broken("mended"), "specs/text.yaml": "name: ["}
    commit({"jobspec.toml": PROJECT, **files, "specs/gone.yaml": job("gone"), "specs/both.yaml": broken("both")})
    Path("specs/gone.yaml").unlink()
    write({"specs/mended.yaml": job("mended"), "specs/text.yaml": job("text"), "specs/good.yaml": broken("good")})
    document = plan(capsys, code=1)
    assert list_changes(document) == {"mended": "update mended", "text": "update mended"}
    held = {each["name"]: each["reason"] for each in document["held"]}
    assert held == {"both": "invalid", "good": "invalid", "gone": "frozen"}
    broken_files = {found["place"]["file"].partition(":")[2] for found in document["base"]["diagnostics"]}
    assert broken_files == {"specs/mended.yaml", "specs/both.yaml", "specs/text.yaml"}
    assert {found["place"]["file"] for found in document["diagnostics"]} == {"specs/good.yaml", "specs/both.yaml"}
    assert f"Mistakes at {document['base']['commit'][:7]}" in document["stderr"]
    write({"specs/good.yaml": job("good"), "specs/both.yaml": job("both")})
    document = plan(capsys)  # mistakes of the past are nobody's fault now
    assert list_changes(document) == {"gone": "retire removed"} | dict.fromkeys(
        ("both", "mended", "text"), "update mended"
    )


def test_a_runner_finds_no_command_in_mistakes_of_either_side(capsys: pytest.CaptureFixture[str]) -> None:
    broken = "name: '##[error]x'\nqueue: q\nworkflow: {type: W}\n"
    commit({"jobspec.toml": PROJECT, "specs/a.yaml": broken})
    write({"specs/b.yaml": broken})
    assert group.run(["plan", "--base", "main", "--output", "github"]) == 1
    said = capsys.readouterr().err
    assert said.count("## [error]x") > said.count("##[") == 0


def test_warnings_of_what_changes_are_told_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    settings = PROJECT + '[plan]\nredact = ["input.api_key"]\n[lint.levels]\nJS506 = "error"\nJS507 = "off"\n'
    more = "input: {api_key: tiger-12345}"
    jobs = {name: job(name, "5h") for name in ("changed", "ignored", "same")}
    commit({"jobspec.toml": settings, **{f"specs/{name}.yaml": text for name, text in jobs.items()}})
    ignored = job("ignored", "7h").replace("\n", "  # jobspec: ignore[JS506] meant so\n", 1)
    write({"specs/changed.yaml": job("changed", "7h", more), "specs/ignored.yaml": ignored})
    document = plan(capsys)
    assert list_changes(document) == {"changed": "update changed", "ignored": "update changed"}
    told = {(found["code"], found["job"], found["severity"]) for found in document["diagnostics"]}
    assert told == {("JS506", "changed", "warning"), ("JS514", "changed", "warning")}
    assert "warning[JS506]" in document["stderr"]
    assert "tiger" not in json.dumps(document)


def test_a_project_file_that_was_broken_leaves_everything_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    commit({"jobspec.toml": "project = 5\n", "specs/a.yaml": job("a"), "specs/gone.yaml": job("gone")})
    Path("specs/gone.yaml").unlink()
    write({"jobspec.toml": PROJECT})
    document = plan(capsys)
    assert list_changes(document) == {"a": "update mended"}
    assert "jobspec.toml has mistakes at" in document["base"]["notes"][0]
    assert ":jobspec.toml:1:11: error[JS403]" in document["stderr"]


def test_what_else_decides_about_every_job_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    commit({"README": "nothing yet\n"})
    write({"jobspec.toml": PROJECT, "specs/a.yaml": job("a")})
    document = plan(capsys)
    assert list_changes(document) == {"a": "create new"}
    assert document["base"]["notes"] == [f"there are no jobs at {document['base']['commit'][:7]}, so every job is new"]
    commit({})
    write({"jobspec.toml": 'project = "store"\nspecs = ["jobs"]\n', "jobs/a.yaml": job("a", "2h")})
    document = plan(capsys)
    assert list_changes(document) == {"a": "update changed"}
    assert document["base"]["notes"] == [
        (
            "the project's id changes from shop to store, so that apply will hold what bears the former one; "
            "name it in also_owns to keep it"
        ),
        "the specs move from specs to jobs",
    ]
    write({"jobspec.toml": 'project = "store"\nalso_owns = ["shop"]\n'})
    assert plan(capsys)["base"]["notes"] == [
        "the project's id changes from shop to store, and what bears the former one stays its own"
    ]


def test_an_environment_is_compared_with_the_same_one(capsys: pytest.CaptureFixture[str]) -> None:
    environments = "[env.prod]\n[env.staging]\n"
    staging = "env: {staging: {schedule: {interval: 5h}}}"
    commit({"jobspec.toml": PROJECT + environments, "specs/a.yaml": job("a", "1h", staging)})
    write({"jobspec.toml": PROJECT + environments + "[env.new]\n", "specs/a.yaml": job("a", "2h", staging)})
    assert list_changes(plan(capsys, "--env", "prod")) == {"a": "update changed"}
    assert list_changes(plan(capsys, "--env", "staging")) == {}
    document = plan(capsys, "--env", "new")
    assert list_changes(document) == {"a": "create new"}
    assert "there is no environment new at" in document["base"]["notes"][0]
    assert "choose an environment with `--env`" in refuse(capsys, "--base", "main")


def test_guards_and_exit_codes_are_those_of_every_plan(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = {f"specs/{number}.yaml": job(f"job-{number}") for number in range(3)}
    commit({"jobspec.toml": PROJECT + "guards.max_deletes = 1\n", **jobs})
    assert plan(capsys, "--detailed-exitcode")["changes"] == []
    for number in range(2):
        Path(f"specs/{number}.yaml").unlink()
    document = plan(capsys, code=3)
    assert [refusal["override"] for refusal in document["refusals"]] == ["--allow deletes=2"]
    assert plan(capsys, "--allow", "deletes=2", "--detailed-exitcode", code=2)["refusals"] == []


def test_a_schema_is_read_from_the_commit(capsys: pytest.CaptureFixture[str]) -> None:
    schema = '{"properties": {"n": {"type": "integer"}}}'
    spec = job("a", "1h", "input_schema: a.schema.json", "input: {n: 1}")
    commit({"jobspec.toml": PROJECT, "specs/a.yaml": spec, "specs/a.schema.json": schema})
    write({"specs/a.schema.json": "{}", "specs/a.yaml": spec.replace("{n: 1}", "{n: x}")})
    assert list_changes(plan(capsys)) == {"a": "update changed"}
    commit({"specs/a.yaml": spec.replace("{n: 1}", "{n: x}"), "specs/a.schema.json": schema})
    write({"specs/a.yaml": spec})
    assert list_changes(plan(capsys)) == {"a": "update mended"}


def test_redacted_values_are_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    settings = PROJECT + '[plan]\nredact = ["input.password", "input.db"]\n'

    def spec(word: str, more: str = "") -> str:
        return job("a", "1h", f"input: {{password: {word}1, db: {{token: {word}2}}}}{more}")

    commit({"jobspec.toml": settings, "specs/a.yaml": spec("hunter"), "specs/b.yaml": "name: 'hunter3\n"})
    write({"specs/a.yaml": spec("tiger"), "specs/b.yaml": job("b", "1h", "input: {password: tiger3, x: 1, x: 2}")})
    write({"specs/c.yaml": job("c", "1h", "input: {password: tiger4}", "owner: [lion]")})
    for output in ("text", "json", "markdown", "github"):
        assert group.run(["plan", "--base", "main", "--output", output]) == 1
        captured = capsys.readouterr()
        assert "tiger" not in captured.out + captured.err
        assert "hunter" not in captured.out + captured.err
        assert "(redacted)" in captured.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--base", "nothing"], "there is no commit `nothing` here; fetch it, or name another"),
        (["--base", "--all"], "is no name of a commit"),
        (["--live"], "--live goes with --base"),
        (["--base", "main", "--namespace", "x"], "go with --live here"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    commit({"jobspec.toml": PROJECT, "specs/a.yaml": job("a")})
    assert message in refuse(capsys, *arguments)


def test_a_directory_outside_of_any_repository_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write({"jobspec.toml": PROJECT, "specs/a.yaml": job("a")})
    assert "is not in a git repository" in refuse(capsys, "--base", "main")
