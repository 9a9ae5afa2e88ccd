"""What the shell completes, asked as the shells ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SPECS = {
    "jobspec.toml": '[env.staging]\n[env.prod]\nnamespace = "p"\n',
    "specs/orders.yaml": "name: orders-sync\nqueue: orders\ninput: {name: no-job, queue: no-queue}\n",
    "specs/many.yml": "defaults: {queue: many}\njobs: [{name: orders-sync-us}, {name: stock, env: {p: {queue: big}}}]",
    "specs/deep/one.toml": 'name = "toml-job"\n[env.prod]\nqueue = "toml"\n',
    "specs/deep/defaults.yaml": "queue: deep\n",
    "specs/.hidden.yaml": "name: hidden\n",
    "specs/.git/x.yaml": "name: in-git\n",
    "specs/other/jobspec.toml": 'name = "no-spec"\n',
    "specs/broken.yaml": "name: [\n",
    "specs/broken.toml": "name = \n",
    "specs/list.yaml": "- name: in-a-list\n",
    "specs/odd.yaml": "name: {a: b}\njobs: 5\n",
    "specs/control.yaml": 'name: "a\\nplain,evil"\n',
    "specs/utf16.yaml": "\ufeff\x00",
    "specs/bom.toml": '\ufeffname = "bom"\n',
}
JOBS = ["bom", "orders-sync", "orders-sync-us", "stock", "toml-job"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in SPECS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    os.mkfifo(tmp_path / "specs" / "pipe.yaml")
    (tmp_path / "specs" / "dir.yaml").mkdir()
    return tmp_path


def ask(directory: Path, *words: str, by: str = "bash") -> list[str]:
    """Complete the last word as a shell would."""
    finished = subprocess.run(
        [sys.executable, "-m", "jobspec"],
        cwd=directory,
        env={
            **os.environ,
            "_JOBSPEC_COMPLETE": f"{by}_complete",
            "COMP_WORDS": " ".join(("jobspec", *words)),
            "COMP_CWORD": words[-1] if by == "fish" else str(len(words)),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    return [line for line in finished.stdout.splitlines() if line]


def words_of(lines: list[str]) -> list[str]:
    return [line.removeprefix("plain,") for line in lines]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("run", ""), JOBS),
        (("run", "orders-"), ["orders-sync", "orders-sync-us"]),
        (("explain", "s"), ["stock"]),
        (("pause", "orders-sync", "orders-"), ["orders-sync-us"]),
        (("status", "x"), []),
        (("plan", "--env", ""), ["prod", "staging"]),
        (("run", "orders-sync", "--env", "st"), ["staging"]),
        (("worker", "--queue", ""), ["big", "deep", "many", "orders", "toml"]),
        (("runs", "stock", "--status", "c"), ["completed", "canceled", "continued_as_new"]),
        (("run", "--in"), ["--input"]),
        (("b",), ["backfill"]),
        (("tri",), ["trigger"]),
    ],
)
def test_words_are_completed(project: Path, typed: tuple[str, ...], offered: list[str]) -> None:
    assert words_of(ask(project / "specs" / "deep", *typed)) == offered


def test_every_shell_is_served(project: Path) -> None:
    assert ask(project, "run", "st", by="fish")[0].startswith("plain,stock")
    assert "stock" in ask(project, "run", "st", by="zsh")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_ask(tmp_path: Path, shell: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "jobspec"],
        cwd=tmp_path,
        env={**os.environ, "_JOBSPEC_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"_JOBSPEC_COMPLETE={shell}_complete" in finished.stdout
    assert "jobspec" in finished.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_as_it_was_told(project: Path) -> None:
    script = (
        'eval "$(_JOBSPEC_COMPLETE=bash_source jobspec)"; COMP_WORDS=(jobspec run orders-); COMP_CWORD=2; '
        '_jobspec_completion jobspec; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    finished = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=project,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (finished.stdout.split(), finished.stderr) == (["orders-sync", "orders-sync-us"], "")


def test_where_there_is_no_project_nothing_is_offered_and_nothing_said(tmp_path: Path) -> None:
    for typed in (("run", ""), ("plan", "--env", ""), ("worker", "--queue", "")):
        assert ask(tmp_path, *typed) == []


@pytest.mark.parametrize("text", ["specs = 5\nenv = 5\n", "specs = [5]\n", "broken", "\x00"])
def test_a_broken_project_is_silent(tmp_path: Path, text: str) -> None:
    (tmp_path / "jobspec.toml").write_text(text)
    for typed in (("run", ""), ("plan", "--env", "")):
        assert ask(tmp_path, *typed) == []


def test_completing_is_light() -> None:
    code = (
        "import importlib, sys; from jobspec.cli.group import COMMANDS; import jobspec.cli.completion; "
        "[importlib.import_module(f'jobspec.cli.commands.{module}') for module, _ in COMMANDS.values()]; "
        "print(*(m for m in ('temporalio', 'pydantic', 'rich', 'yaml', 'jobspec.spec') if m in sys.modules))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == ""


def test_what_lies_outside_of_the_repository_is_not_offered(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "a.yaml").write_text("name: secret\n")
    (project / "specs" / "link.yaml").symlink_to(outside / "a.yaml")
    assert "secret" not in ask(project, "run", "")
    (project / "specs").rename(project / "former")
    (project / "specs").symlink_to(outside)
    assert ask(project, "run", "") == []
