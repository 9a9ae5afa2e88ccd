from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from jobspec.cli.exits import ExitCode
from jobspec.cli.reloader import _Changes, _describe_end, _end, _kill, _make_filter, _watch
from jobspec.errors import UsageError


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("shop/activities.py", True),
        ("specs/orders.yaml", True),
        ("specs/orders.yml", True),
        ("jobspec.toml", True),
        ("build/shop.py", True),
        ("out/report.md", False),
        ("orders.json", False),
        ("shop", False),
        ("shop/.#activities.py", False),
        ("shop/__pycache__/activities.py", False),
        (".dev/temporal.toml", False),
        (".git/config.toml", False),
        (".venv/lib/click.py", False),
        ("node_modules/x/setup.py", False),
    ],
)
@pytest.mark.parametrize("directory", [Path("/home/me/shop"), Path("/home/me/.git/worktrees/shop")])
def test_code_and_specs_matter_and_nothing_else(directory: Path, path: str, matters: bool) -> None:  # noqa: FBT001
    assert _make_filter(directory)(None, str(directory / path)) is matters


def test_a_few_changes_are_named() -> None:
    changes = _Changes()
    changes.add({Path("b.py"), Path("a.py")})
    assert str(changes) == "a.py, b.py changed"
    changes.add({Path(f"{number}.py") for number in range(5)})
    assert str(changes) == "0.py, 1.py, 2.py and 4 more changed"
    changes.clear()
    assert not changes.event.is_set()


async def test_what_cannot_be_watched_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone` cannot be watched: .*; run without `--reload`"):
        await _watch(tmp_path / "gone", _Changes())


async def test_a_child_that_ignores_its_end_is_killed() -> None:
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert child.stdout
    await child.stdout.readline()
    await _end(child, timedelta(seconds=0.1))
    assert child.returncode is None
    await _kill(child)
    assert _describe_end(child) == "SIGKILL"
    await _end(child, timedelta(seconds=0.1))
    await _kill(child)


BLOCKED = """
import sys, threading
from datetime import timedelta
from jobspec.cli.commands.worker import end_with

running = threading.Event()
running.set()
threading.Thread(target=end_with, args=(int(sys.argv[1]), running, timedelta(milliseconds=1)), daemon=True).start()
threading.Event().wait()
"""


def test_a_worker_whose_event_loop_is_blocked_ends_when_its_patience_is_over() -> None:
    theirs, ours = os.pipe()
    try:
        process = subprocess.Popen([sys.executable, "-c", BLOCKED, str(theirs)], pass_fds=(theirs,))
    finally:
        os.close(theirs)
        os.close(ours)
    with process:
        try:
            assert process.wait(60) == ExitCode.INTERRUPTED
        finally:
            process.kill()
