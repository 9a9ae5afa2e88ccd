"""The law of strangers: whatever a repository holds, reviewing it reads, runs and writes nothing but what it may."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st
from strangers import (
    PLANTED,
    REPOSITORIES,
    TARGETS,
    check_out,
    commit,
    make_attacks,
    plant,
    start_repository,
    take_stock,
)

import jobspec
from jobspec.cli import group
from jobspec.errors import JobspecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strangers import Tree

SECONDS = 10
CODES = {0, 1, 3, 64}
"""What a review can end with: fine, mistakes, refused or held, wrongly asked (docs/exit-codes.md)."""

OUTPUTS = ["text", "json", "github"]

_NETWORK = {"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}
_PROGRAMS = {"git", Path(sys.executable).name}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with a repository in it, and beside it what must not be read; the git of whoever tests is away."""
    place = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("GIT_", "TEMPORAL_", "JOBSPEC_"))]:
            patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("HOME", str(place / "outside"))
        plant(place / "outside")
        (place / "repository").mkdir()
        start_repository(place / "repository")
        yield place


def build(place: Path, base: Tree, now: Tree, below: str) -> Path:
    """Build a repository whose commit and working tree were drawn, and give the project's directory."""
    top, outside = place / "repository", place / "outside"
    for entry in top.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    commit(top, base, below=below, outside=outside)
    project = top / below
    check_out(project, now, outside=outside)
    (project / "evil.py").write_text(f"open({str(outside / 'ran')!r}, 'w')\n")
    return project


class Recorder:
    """Notes what Python does that a review must not do; there is one, since audit hooks cannot be removed."""

    def __init__(self) -> None:
        self.forbidden: list[str] = []
        self.outside = ""
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.outside:
            return
        is_program = event == "subprocess.Popen" and Path(arguments[0]).name not in _PROGRAMS
        is_read = event in ("open", "os.listdir", "os.scandir") and self._is_outside(arguments[0])
        if event in _NETWORK or is_program or is_read:
            self.forbidden.append(f"{event} {arguments}")

    def _is_outside(self, path: object) -> bool:
        """Whether a path leads to what must not be read; a name alone is one in a directory that was opened before."""
        if not isinstance(path, str | bytes):
            return False
        text = os.fsdecode(path)
        return text.startswith("/") and os.path.realpath(text).startswith(self.outside)


RECORDER = Recorder()


@contextmanager
def watched(project: Path, outside: Path) -> Iterator[None]:
    """Be in a project, and hold what is done there to the law."""
    before = take_stock(outside.parent)
    here = Path.cwd()
    os.chdir(project)
    RECORDER.forbidden.clear()
    RECORDER.outside = str(outside)
    former = signal.signal(signal.SIGALRM, _interrupt)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)
        RECORDER.outside = ""
        os.chdir(here)
    assert RECORDER.forbidden == []
    assert take_stock(outside.parent) == before


def _interrupt(*_: object) -> None:
    raise TimeoutError(f"this takes more than {SECONDS} seconds")


def judge(code: int, output: bytes, kind: str) -> None:
    """Hold what a command printed to the law."""
    text = output.decode("utf-8")
    assert code in CODES, text
    assert "Traceback" not in text, text
    assert "bug in jobspec" not in text, text
    assert PLANTED not in text, text
    assert "\x1b" not in text
    assert kind == "github" or not any(line.startswith("::") for line in text.splitlines())


def run(arguments: list[str]) -> tuple[int, bytes]:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="utf-8") as stream, redirect_stdout(stream), redirect_stderr(stream):
        signal.alarm(SECONDS)
        code = group.run(arguments)
        signal.alarm(0)
        stream.flush()
        return code, raw.getvalue()


@given(base=REPOSITORIES, now=REPOSITORIES, below=st.sampled_from(["", "shop/"]), output=st.sampled_from(OUTPUTS))
@settings(max_examples=40)
def test_a_review_reads_runs_and_writes_nothing_that_it_may_not(
    place: Path, base: Tree, now: Tree, below: str, output: str
) -> None:
    project = build(place, base, now, below)
    with watched(project, place / "outside"):
        judge(*run(["validate", "--no-imports", "--output", output]), output)
        judge(*run(["plan", "--base", "main", "--output", output]), output)


@pytest.mark.parametrize("target", TARGETS)
def test_no_link_shows_what_is_elsewhere(place: Path, target: str) -> None:
    for tree in make_attacks(target):
        project = build(place, tree, tree, "")
        with watched(project, place / "outside"):
            for arguments in (["validate", "--no-imports"], ["plan", "--base", "main"]):
                code, output = run(arguments)
                judge(code, output, "text")
                assert code != 0, output.decode()


@given(now=REPOSITORIES)
@settings(max_examples=15)
def test_so_do_the_library_and_explain(place: Path, now: Tree) -> None:
    project = build(place, {}, now, "")
    with watched(project, place / "outside"):
        judge(*run(["explain", "a"]), "text")
        signal.alarm(SECONDS)
        with suppress(JobspecError):
            assert PLANTED not in repr(jobspec.load("."))
        signal.alarm(0)


_MAIN = """
import os, sys

def forbid(event, arguments):
    if event in {network!r}:
        os._exit(99)

sys.addaudithook(forbid)
from jobspec.cli import main
main()
"""


@given(base=REPOSITORIES, now=REPOSITORIES)
@settings(max_examples=3)
def test_so_do_processes_as_a_pipeline_starts_them(place: Path, base: Tree, now: Tree) -> None:
    """The same as above, with nothing patched; it takes Python a while to start on a busy machine."""
    project = build(place, base, now, "")
    with watched(project, place / "outside"):
        for arguments in (["validate", "--no-imports"], ["plan", "--base", "main"]):
            command = [sys.executable, "-P", "-c", _MAIN.format(network=_NETWORK), *arguments]
            finished = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=3 * SECONDS,
            )
            judge(finished.returncode, finished.stdout, "text")
