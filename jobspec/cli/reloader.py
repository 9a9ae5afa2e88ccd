"""A command that starts anew when code or specs change: this process watches, a child runs the command."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jobspec.cli.exits import ExitCode
from jobspec.cli.output import say
from jobspec.errors import UsageError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable
    from datetime import timedelta

_SUFFIXES: Final = frozenset({".py", ".yaml", ".yml", ".toml"})
"""Files that matter: code and specs, but not what activities may write below the project."""

_PASSED_OVER: Final = frozenset({".dev", ".ruff_cache", "venv"})
"""Directories that watchfiles would not pass over by itself."""

_STEP: Final = 100
"""Milliseconds without a change that end a change: a checkout of thousands of files is one."""

_SHOWN: Final = 3
"""How many changed files are named."""


def run_reloading(arguments: tuple[str, ...], *, patience: timedelta) -> int:
    """Run a command of jobspec in a child process, and start it anew whenever something below the project changes.

    A child that ends by itself, as on a mistake in the code, is started again by the next change.

    Args:
        arguments: The command and its options; it must know `--lifeline`.
        patience: How long the command may take to end on SIGTERM before it is killed.

    Raises:
        UsageError: The project's directory cannot be watched.
    """
    from jobspec.spec.workspace import find_project

    file = find_project(Path.cwd())
    directory = (file.parent if file else Path.cwd()).resolve()
    asyncio.run(_supervise(arguments, directory, patience))
    return ExitCode.OK


@dataclass(slots=True, kw_only=True)
class _Changes:
    """What has changed since a child was started."""

    paths: set[Path] = field(default_factory=set)
    event: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, paths: set[Path]) -> None:
        self.paths |= paths
        self.event.set()

    def clear(self) -> None:
        self.paths.clear()
        self.event.clear()

    def __str__(self) -> str:
        names = sorted(map(str, self.paths))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return f"{', '.join(names[:_SHOWN])}{more} changed"


async def _supervise(arguments: tuple[str, ...], directory: Path, patience: timedelta) -> None:
    from jobspec.library.workers import stop_on_signals

    stop, changes = stop_on_signals(), _Changes()
    watching = asyncio.create_task(_watch(directory, changes), name="watch")
    await asyncio.sleep(0)  # its first step sets up the watch, so that no change is missed while the child starts
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        while not stop.is_set():
            changes.clear()
            changing = asyncio.create_task(changes.event.wait(), name="change")
            async with _running(arguments, patience) as child:
                await _wait_for_reason(child, stopping, changing, watching)
            if changing.done() and not stop.is_set():
                say(f"Starting again: {changes}.")
    finally:
        watching.cancel()
        await asyncio.wait([watching])  # its thread ends with it


async def _wait_for_reason(child: Process, *reasons: asyncio.Task[Any]) -> None:
    """Wait until the child must end; that it ended by itself is no reason to start it again."""
    ending = asyncio.create_task(child.wait(), name="child")
    done, _ = await asyncio.wait([ending, *reasons], return_when=asyncio.FIRST_COMPLETED)
    if done == {ending}:
        say(f"The worker ended with {_describe_end(child)}. The next change starts it again.")
        done, _ = await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()  # raises where the watch failed


def _describe_end(child: Process) -> str:
    code = child.returncode or 0
    return f"code {code}" if code >= 0 else signal.Signals(-code).name


@asynccontextmanager
async def _running(arguments: tuple[str, ...], patience: timedelta) -> AsyncIterator[Process]:
    """Run the child; on the way out it has ended.

    It holds the reading end of a pipe and ends when our end is closed, so that it never outlives this process.
    """
    theirs, ours = os.pipe()
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "jobspec", *arguments, f"--lifeline={theirs}"),
            pass_fds=(theirs,),
            # Bytecode counts as fresh for a whole second after an edit that leaves a file's size as it was.
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        try:
            yield child
            await _end(child, patience)
        finally:
            await _kill(child)
    finally:
        os.close(theirs)
        os.close(ours)


async def _end(child: Process, patience: timedelta) -> None:
    with suppress(ProcessLookupError):
        child.terminate()
    with suppress(TimeoutError):
        await asyncio.wait_for(child.wait(), patience.total_seconds())


async def _kill(child: Process) -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def _watch(directory: Path, changes: _Changes) -> None:
    """Note what changes below a directory.

    Raises:
        UsageError: It cannot be watched, as where the system's limit of watches is reached.
    """
    from watchfiles import awatch

    try:
        async for batch in awatch(directory, watch_filter=_make_filter(directory), step=_STEP):
            changes.add({Path(path).relative_to(directory) for _, path in batch})
    except (OSError, RuntimeError) as error:  # watchfiles has no errors of its own
        advice = "run without `--reload`, or poll with WATCHFILES_FORCE_POLLING=1"
        raise UsageError(f"`{directory}` cannot be watched: {error}; {advice}") from error


def _make_filter(directory: Path) -> Callable[[object, str], bool]:
    from watchfiles import DefaultFilter

    passed_over = _PASSED_OVER.union(DefaultFilter.ignore_dirs)

    def matters(_change: object, path: str) -> bool:
        file = Path(path)
        # Of the directory's own name nothing is judged: a worktree may lie in `.git`.
        parts = file.relative_to(directory).parts
        return file.suffix in _SUFFIXES and not file.name.startswith(".") and passed_over.isdisjoint(parts)

    return matters
