"""What the command line's end means, as far as no server is needed for it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from jobspec.cli import group
from jobspec.cli.group import COMMANDS, SECTIONS
from jobspec.errors import RefusedError

if TYPE_CHECKING:
    import pytest


def test_what_a_bug_says_is_not_repeated_as_it_may_be_any_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_name: str) -> None:
        try:
            raise KeyError("swordfish")  # noqa: TRY301
        except KeyError as error:
            raise RuntimeError("tiger lily") from error

    monkeypatch.setattr("importlib.import_module", fail)
    assert group.run(["plan"]) == 70
    told = capsys.readouterr().err
    # The traceback repeats lines of the source, which here are the ones above.
    assert [line for line in told.splitlines() if line in {"KeyError", "RuntimeError", "which led to:"}] == [
        *("KeyError", "which led to:", "RuntimeError"),
    ]
    assert "'swordfish'" not in told
    assert "RuntimeError: tiger" not in told
    monkeypatch.setenv("JOBSPEC_DEBUG", "1")
    monkeypatch.setattr(group, "_log_bugs", lambda: None)  # it would set up the logging of this process
    assert group.run(["plan"]) == 70
    assert "RuntimeError: tiger lily" in capsys.readouterr().err


def test_what_click_quotes_of_the_command_line_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    assert group.run(["plan", token]) == 64
    assert token not in capsys.readouterr().err


def test_a_bug_is_70_and_asks_for_a_report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_name: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("importlib.import_module", fail)
    assert group.run(["plan"]) == 70
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "ZeroDivisionError" in captured.err
    assert "This is a bug in jobspec" in captured.err


def test_an_error_holds_nothing_that_a_terminal_obeys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_name: str) -> None:
        raise RefusedError("it belongs to `\x1b[2J`\nand to nobody else")

    monkeypatch.setattr("importlib.import_module", fail)
    assert group.run(["forget"]) == 3
    assert capsys.readouterr().err == "error: it belongs to `\\u001b[2J`\nand to nobody else\n"


def test_importing_the_command_line_is_light() -> None:
    code = "import sys, jobspec.cli.group; print(*(m for m in ('temporalio', 'pydantic', 'rich') if m in sys.modules))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == ""


def test_preparing_a_namespace_writes_no_files_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert group.run(["init", "--namespace", "shop", "--project", "shop"]) == 64
    assert "writes no files" in capsys.readouterr().err


def test_every_command_stands_below_one_heading() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(COMMANDS)
