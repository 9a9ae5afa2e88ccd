"""An unexpected exception concerns the file or job that was being judged, and nothing else."""

from __future__ import annotations

import importlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobspec.cli import group
from jobspec.imports import forget_failures
from jobspec.spec import ignores
from jobspec.spec.revision import load_revision
from jobspec.spec.workspace import load_workspace, open_workspace

if TYPE_CHECKING:
    from jobspec.spec.loaded_jobs import Loaded

JOB = """\
name: {name}
queue: q-{name}
workflow: code_of_{name}:Sync
input: 1
input_schema: {name}.json
schedule:
  interval: 7h  # jobspec: ignore[JS506] any time will do
  end_at: 2020-01-01T00:00:00Z
env:
  staging: {{owner: somebody}}
"""
CODE = """
from temporalio import workflow

@workflow.defn
class Sync:
    @workflow.run
    async def run(self, size: int) -> None: ...
"""
PLAIN = "name: {name}\nqueue: q\nworkflow: {{type: T}}\nschedule: {{interval: 1h}}\n"

FREEZING = [
    "jobspec.spec.directory.read_entry",
    "jobspec.spec.cache.parse_file",
    "jobspec.spec.cache.read_jobs",
    "jobspec.spec.job_collection.list_environments",
    "jobspec.spec.job_collection.is_touched",
    "jobspec.spec.job_collection.judge_job",
    "jobspec.spec.job_validation.merge",
    "jobspec.spec.job_validation.validate_job",
    "jobspec.spec.job_collection.check_schema",
    "jobspec.spec.job_validation.resolve",
    "jobspec.spec.job_validation.read_schema",
    "jobspec.spec.input_schema.parse_json",
    "jobspec.spec.job_validation.check_input",
    "jobspec.spec.job_collection.check_runs",
    "jobspec.spec.job_validation.make_finding",
]
"""What judges files and jobs while they are loaded."""

HARMLESS = {
    "jobspec.spec.job_collection.fires_plainly": "",
    "jobspec.spec.ignores.find_comments": "bad",
    "jobspec.spec.ignores._find_ignoring": "bad",
    "jobspec.spec.findings._find_location": "bad",
    "jobspec.lint.linter.lint_job": "bad",
    "jobspec.lint.linter.lint_clocks": "",
    "jobspec.lint.linter.lint_herds": "bad",
}
"""What says more about files and jobs that can be used."""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [str(tmp_path), *__import__("sys").path])
    forget_failures()
    ignores._read.cache_clear()
    Path("specs").mkdir()
    Path("jobspec.toml").write_text('project = "shop"\n[env.staging]\n')
    for name in ("bad", "good"):
        Path(f"code_of_{name}.py").write_text(CODE.format(name=name))
        Path(f"specs/{name}.yaml").write_text(JOB.format(name=name))
        Path(f"specs/{name}.json").write_text(f'{{"title": "{name}", "type": "integer"}}')
        Path(f"specs/plain-{name}.yaml").write_text(PLAIN.format(name=f"plain-{name}"))


def break_for(monkeypatch: pytest.MonkeyPatch, target: str, error: Exception, victim: str = "bad") -> list[str]:
    """Have a function raise when it is asked about something of that name; the list tells how often it did."""
    module, _, name = target.rpartition(".")
    real, raised = getattr(importlib.import_module(module), name), list[str]()

    def fail(*arguments: Any, **options: Any) -> Any:
        if victim in repr((arguments, options)):
            raised.append(target)
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(target, fail)
    return raised


def load() -> Loaded:
    return open_workspace(load_workspace(Path.cwd()), env="staging", now=datetime.now(UTC))


@pytest.mark.parametrize("error", [ValueError("a secret"), RecursionError("a secret"), MemoryError("a secret")])
@pytest.mark.parametrize("target", FREEZING)
def test_a_bug_that_leaves_a_job_unjudged_freezes_that_job(
    target: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = break_for(monkeypatch, target, error)
    loaded = load()
    assert raised
    assert {"good", "plain-good"} <= loaded.jobs.keys()
    assert "bad" not in loaded.jobs
    assert loaded.incomplete
    found = [each for each in loaded.diagnostics if each.code == "JS901"]
    assert {each.location.path for each in found} <= {"specs/bad.yaml", "specs/plain-bad.yaml"}
    assert found
    for each in found:
        assert type(error).__name__ in each.message
        assert "report it" in each.hint
        assert "secret" not in repr(each)


@pytest.mark.parametrize("target", HARMLESS)
def test_a_bug_in_what_only_warns_freezes_nothing(
    target: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raised = break_for(monkeypatch, target, ValueError("a secret"), victim=HARMLESS[target])
    assert load().jobs.keys() == {"bad", "good", "plain-bad", "plain-good"}
    assert group.run(["validate", "--no-imports"]) == 0
    assert raised
    said = capsys.readouterr()
    assert "secret" not in said.out + said.err
    assert "specs/good.yaml:8" in said.out  # that the schedule has ended


@pytest.mark.parametrize(
    "target",
    ["jobspec.library.checks.find_code", "jobspec.library.checks.check_code", "jobspec.library.checks._code_of"],
)
def test_a_bug_in_the_check_of_code_is_told_of_the_job(
    target: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raised = break_for(monkeypatch, target, ValueError("a secret"), victim="name='bad'")
    assert group.run(["validate"]) == 1
    assert raised
    said = capsys.readouterr()
    assert "secret" not in said.out + said.err
    [place] = {line.partition(": error")[0] for line in said.out.splitlines() if ": error[" in line}
    assert place == "specs/bad.yaml:1:1"


@pytest.mark.parametrize("target", ["jobspec.spec.git_tree.is_spec_name", *FREEZING[1:]])
def test_a_bug_in_the_specs_of_a_commit_concerns_its_own_file(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], check=True)
    raised = break_for(monkeypatch, target, ValueError("a secret"))
    revision = load_revision(Path.cwd(), "HEAD", env="staging", now=datetime.now(UTC))
    assert raised
    assert {"good", "plain-good"} <= revision.loaded.jobs.keys()
    assert "bad" not in revision.loaded.jobs
    found = [each for each in revision.diagnostics if each.code == "JS901"]
    assert found
    assert "secret" not in repr(found)


def test_a_bug_in_finding_what_must_not_be_shown_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bad", "good"):
        Path(f"specs/{name}.yaml").write_text(JOB.format(name=name).replace("input: 1", "input: a secret"))
    raised = break_for(monkeypatch, "jobspec.spec.hidden_values._walk_layers", ValueError())
    found = {each.location.path: each for each in load().diagnostics if each.code == "JS312"}
    assert raised
    assert "must be a whole number" in found["specs/good.yaml"].message
    assert "withheld because of a bug in jobspec (ValueError" in found["specs/bad.yaml"].message
    assert "secret" not in repr(found["specs/bad.yaml"])


def test_a_bug_in_a_defaults_file_freezes_the_jobs_below(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("specs/below").mkdir()
    Path("specs/below/defaults.yaml").write_text("env: {staging: {tags: [bad]}}\n")
    Path("specs/below/c.yaml").write_text(PLAIN.format(name="c"))
    raised = break_for(monkeypatch, "jobspec.spec.job_collection.list_environments", ValueError(), victim="[bad]")
    loaded = load()
    assert raised
    assert loaded.jobs.keys() == {"bad", "good", "plain-bad", "plain-good"}
    assert [each.location.path for each in loaded.diagnostics if each.code == "JS901"] == ["specs/below/defaults.yaml"]


def test_a_bug_in_reading_the_project_file_is_told_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raised = break_for(monkeypatch, "jobspec.spec.project.parse_file", ValueError("a secret"), victim="jobspec.toml")
    assert group.run(["validate"]) == 1
    assert raised
    said = capsys.readouterr()
    assert "jobspec.toml: error[JS901]" in said.err
    assert "secret" not in said.out + said.err


def test_the_traceback_is_logged_for_whoever_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    break_for(monkeypatch, "jobspec.spec.job_collection.judge_job", ValueError("a secret"))
    load()
    assert not caplog.records
    with caplog.at_level("DEBUG", "jobspec"):
        load()
    assert "ValueError: a secret" in caplog.text
