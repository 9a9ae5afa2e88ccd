"""A project's specs as commands open them, and the jobs that a command line names."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobspec.cli.specs import find_job, open_specs, warn_of_others
from jobspec.errors import NotFoundError, ProjectError

JOBS = """\
jobs:
- {name: orders-sync, queue: q, workflow: {type: W}}
- {name: orders-report, queue: q, workflow: {type: W}, env: {prod: null}}
- {name: broken, queue: q, workflow: {type: W}, schedule: {interval: 5}}
"""


OTHER = "{name: other, queue: q, workflow: {type: W}}\n"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("specs").mkdir()
    Path("specs/jobs.yaml").write_text(JOBS)
    Path("jobspec.toml").write_text('project = "shop"\nalso_owns = ["store"]\n[env.prod]\n')


def test_a_job_is_found_by_its_name() -> None:
    assert find_job(open_specs("prod").loaded, "orders-sync").spec.name == "orders-sync"


@pytest.mark.parametrize(
    ("name", "said", "is_shown"),
    [
        ("broken", "the job `broken` has mistakes", True),
        ("orders-report", "is not there in this environment", False),
        ("orders-synk", "no spec names a job `orders-synk`; did you mean `orders-sync`?", False),
        ("x", "no spec names a job `x`", False),
    ],
)
def test_a_job_that_is_not_found_says_why(
    name: str,
    said: str,
    is_shown: bool,  # noqa: FBT001
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(NotFoundError, match=said.replace("?", r"\?")):
        find_job(open_specs("prod").loaded, name)
    assert ("error[JS210]" in capsys.readouterr().err) is is_shown


def test_a_job_may_be_in_a_file_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("specs/other.yaml").write_text("name: [")
    with pytest.raises(NotFoundError, match="no spec that can be read names a job `orders-synk`"):
        find_job(open_specs("prod").loaded, "orders-synk")
    assert "specs/other.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "names", "said"),
    [
        (OTHER, {"broken"}, ""),
        (OTHER, {"orders-sync"}, "warning: another spec has a mistake; `jobspec validate` shows it\n"),
        ("name: [", set(), "warning: other specs have 2 mistakes; `jobspec validate` shows them\n"),
    ],
)
def test_mistakes_of_other_jobs_are_mentioned_in_one_line(
    more: str, names: set[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("specs/other.yaml").write_text(more)
    warn_of_others(open_specs("prod"), names)
    assert capsys.readouterr() == ("", said)


def test_a_project_owns_what_bears_its_former_ids_too() -> None:
    specs = open_specs("prod")
    assert specs.owners == {"shop", "store"}
    assert (specs.env, specs.directory, specs.has_mistakes) == ("prod", Path.cwd(), True)
    assert specs.make_terms().project == "shop"


def test_a_project_without_an_id_owns_nothing() -> None:
    Path("jobspec.toml").write_text("[env.prod]\n")
    specs = open_specs("prod")
    with pytest.raises(ProjectError):
        _ = specs.owners
    with pytest.raises(ProjectError):
        specs.make_terms()
