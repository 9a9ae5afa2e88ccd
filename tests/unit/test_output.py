"""Where text goes, and what a stream can show."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from jobspec.cli import group
from jobspec.cli.output import find_style, is_ascii_only, say_diagnostics, say_error, wants_color
from jobspec.diagnostics import Diagnostic, Location
from jobspec.errors import JobspecError

if TYPE_CHECKING:
    from pathlib import Path
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from jobspec.cli.exits import ExitCode
from jobspec.cli.output import put


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_no_bug() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "jobspec", "schema", "job"]
        finished = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert finished.stderr == "error: cannot write all data to stdout: no space left on device\n"
    assert finished.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("code", ExitCode)
def test_data_that_could_not_be_written_is_a_failure_of_what_went_well(
    code: ExitCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_and_end(_arguments: object) -> ExitCode:
        put("data")
        return code

    monkeypatch.setattr(group, "_run", put_and_end)
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        went_well = code in (ExitCode.OK, ExitCode.CHANGES)
        assert group.run([]) == (ExitCode.FAILED if went_well else code)
        monkeypatch.undo()
        with suppress(OSError):
            full.close()


class Stream(io.StringIO):
    def __init__(self, *, is_terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._is_terminal, self._encoding = is_terminal, encoding

    def isatty(self) -> bool:
        return self._is_terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.mark.parametrize(
    ("is_terminal", "variables", "is_colored"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_only_a_terminal_that_wants_it_gets_color(
    is_terminal: bool,  # noqa: FBT001
    variables: dict[str, str],
    is_colored: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert wants_color(Stream(is_terminal=is_terminal)) is is_colored


@pytest.mark.parametrize(
    ("encoding", "is_ascii"), [("utf-8", False), ("ascii", True), ("latin-1", True), ("nix", True)]
)
def test_a_stream_that_cannot_carry_arrows_gets_ascii(encoding: str, is_ascii: bool) -> None:  # noqa: FBT001
    assert is_ascii_only(Stream(is_terminal=True, encoding=encoding)) is is_ascii


def test_lines_are_cut_on_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert find_style(Stream(is_terminal=True)).width == 40
    assert find_style(Stream(is_terminal=False)).width is None


def test_an_error_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    say_error(JobspecError("a\x1b[2J\nb"))
    assert capsys.readouterr() == ("", "error: a\\u001b[2J\nb\n")


def test_diagnostics_hold_no_command_where_a_runner_reads_them(capsys: pytest.CaptureFixture[str]) -> None:
    location = Location(path="a.yaml", line=1, column=1, length=1, excerpt="##[error]no")
    found = Diagnostic(code="JS101", message="no such key", location=location)
    say_diagnostics([found])
    assert "##[error]" in capsys.readouterr().err
    say_diagnostics([found], is_read_by_runner=True)
    assert "##[error]" not in capsys.readouterr().err
    say_diagnostics([])
    assert capsys.readouterr() == ("", "")
