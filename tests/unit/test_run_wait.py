"""Progress while a run is waited for."""

from __future__ import annotations

import io

import pytest

from jobspec.cli.run_wait import Progress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_a_line_per_change_where_nobody_looks() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    for told in ("a", "a", "b\x1b[2J"):
        progress.tell(told)
    progress.note("gone")
    progress.close()
    assert stream.getvalue() == "0s  a\n0s  b\\u001b[2J\ngone\n"


def test_progress_is_one_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "12")
    stream = Screen()
    progress = Progress(stream)
    progress.tell("a long sentence")
    progress.note("gone")
    progress.tell("b")
    progress.close()
    assert stream.getvalue() == "\r\x1b[2K0s  a l…nce\r\x1b[2Kgone\n\r\x1b[2K0s  b\r\x1b[2K"


def test_a_dumb_terminal_gets_no_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Screen()
    progress = Progress(stream)
    progress.tell("a")
    progress.close()
    assert stream.getvalue() == "0s  a\n"


def test_progress_that_nobody_reads_is_no_failure() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        stream.isatty()
    progress.tell("a")
