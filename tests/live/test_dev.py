"""`jobspec dev` leaves nothing running, however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import uuid
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dev_servers import eventually, free_port
from temporalio.client import Client

from jobspec.cli import group
from jobspec.cli.exits import ExitCode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

ROOT = Path(__file__).parents[2]
SECONDS = 30.0
"""How long any one step may take."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc to find processes in")

HOLD = """
import asyncio, os, signal, sys
from pathlib import Path
from jobspec.library.dev_server import run_dev_server

async def main():
    print("starting", flush=True)
    async with run_dev_server(Path(".dev"), port=int(sys.argv[1]), ui_port=int(sys.argv[2])):
        print("up", flush=True)
        if os.fork() == 0:
            Path("fork").write_text(str(os.getpid()))
            print("forked", flush=True)
            signal.pause()
        await asyncio.Event().wait()

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A command that runs a dev server."""

    process: asyncio.subprocess.Process
    mark: str
    port: int

    def list_processes(self) -> set[int]:
        """Find all processes that it started, and those started by them."""
        return {pid for pid in list_pids() if self.mark.encode() in read_environment(pid)}

    async def says(self, text: bytes) -> None:
        """Read until a line has the text."""
        assert self.process.stdout
        async with asyncio.timeout(SECONDS):
            while text not in await self.process.stdout.readline():
                assert not self.process.stdout.at_eof(), "it ended"

    async def until_gone(self, *, but: Collection[int] = ()) -> None:
        """Wait until none of them is left, and nothing listens on the port."""

        async def gone() -> None:
            assert self.list_processes() == set(but)
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", self.port)) != 0

        await eventually(gone, within=SECONDS)


def list_pids() -> set[int]:
    return {int(path.name) for path in Path("/proc").glob("[0-9]*")}


def read_environment(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes()
    return b""


@asynccontextmanager
async def running(directory: Path, *arguments: str, until: bytes, port: int | None = None) -> AsyncIterator[Running]:
    """Run Python in a directory, with two ports as its last arguments, until a line says that it is up."""
    port, mark = port or free_port(), f"JOBSPEC_TEST={uuid.uuid4()}"
    name, _, value = mark.partition("=")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *(argument.format(port=port, ui_port=free_port()) for argument in arguments)),
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(directory), name: value},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout
    started = Running(process=process, mark=mark, port=port)
    try:
        await started.says(until)
        yield started
    finally:
        for pid in started.list_processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await process.stdout.read()
        await process.wait()


PROGRAM = ("-c", HOLD, "{port}", "{ui_port}")
DEV = ("-m", "jobspec", "dev", "--port={port}", "--ui-port={ui_port}")


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a job, its workflow and a worker, and an input that a process of its own judges by a schema."""
    monkeypatch.chdir(tmp_path)
    assert group.run(["init", "--project", "shop"]) == 0
    job = "name: judged\nqueue: q\nworkflow: {type: W}\ninput: {n: 1}\ninput_schema: n.schema.json\n"
    (tmp_path / "specs" / "judged.yaml").write_text(job, encoding="utf-8")
    (tmp_path / "specs" / "n.schema.json").write_text('{"type": "object"}', encoding="utf-8")
    return tmp_path


async def test_a_killed_dev_leaves_nothing_running_and_its_state_whole(directory: Path) -> None:
    async with running(directory, *DEV, until=b"Press Ctrl-C") as first:
        client = await Client.connect(f"127.0.0.1:{first.port}")
        await client.start_workflow("Any", id="kept", task_queue="nobody")
        assert len(first.list_processes()) >= 4  # the command, the judge of inputs, the server, its guard
        first.process.kill()
        # The next one does not complain of the server that is being ended, but waits for it.
        async with running(directory, *DEV, until=b"Press Ctrl-C", port=first.port) as second:
            client = await Client.connect(f"127.0.0.1:{second.port}")
            assert (await client.get_workflow_handle("kept").describe()).id == "kept"
            second.process.kill()
            await first.until_gone()
            await second.until_gone()


async def test_a_server_that_still_starts_does_not_outlive_who_started_it(tmp_path: Path) -> None:
    async with running(tmp_path, *PROGRAM, until=b"starting") as started:

        async def launched() -> None:
            assert len(started.list_processes()) > 1

        await eventually(launched, within=SECONDS)
        started.process.kill()
        await started.until_gone()


BLOCK = """
import threading
from datetime import timedelta
from temporalio import activity, workflow

@activity.defn
def block() -> None:
    print("blocking", flush=True)
    threading.Event().wait()

@workflow.defn
class Hello:
    @workflow.run
    async def run(self, greeting: dict) -> None:
        await workflow.execute_activity(block, start_to_close_timeout=timedelta(minutes=5))
"""


async def test_a_second_interrupt_ends_dev_at_once_and_leaves_nothing_running(directory: Path) -> None:
    (directory / "hello.py").write_text(BLOCK, encoding="utf-8")
    spec = directory / "specs" / "hello.yaml"
    text = spec.read_text(encoding="utf-8").replace("interval: 30s", "interval: 1s")
    spec.write_text(f"{text}activities: [hello:block]\n", encoding="utf-8")
    async with running(directory, *DEV, until=b"blocking") as started:
        os.killpg(started.process.pid, signal.SIGINT)  # as a terminal does
        await started.says(b"stopping")
        os.killpg(started.process.pid, signal.SIGINT)
        assert await asyncio.wait_for(started.process.wait(), 10) == ExitCode.INTERRUPTED
        await started.until_gone()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_fork_that_lives_on_keeps_no_server(tmp_path: Path, number: signal.Signals) -> None:
    async with running(tmp_path, *PROGRAM, until=b"forked") as started:
        os.kill(started.process.pid, number)
        await started.until_gone(but={int((tmp_path / "fork").read_text(encoding="ascii"))})
