"""The command line on a terminal, with its output cut off, and interrupted."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from projects import Finished, Project, finish, job

from jobspec.planning.pauses import Pause, read_retirement

if TYPE_CHECKING:
    from collections.abc import Iterator

on_one_back_end = pytest.mark.parametrize("server", ["chasm"], indirect=True)


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Open a terminal; yields our end and the command's."""
    ours, theirs = pty.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)


async def read_until(stream: asyncio.StreamReader | None, text: str) -> str:
    assert stream is not None
    seen = b""
    while text.encode() not in seen:
        part = await asyncio.wait_for(stream.read(4096), 60)
        assert part, seen.decode()
        seen += part
    return seen.decode()


async def interrupt(process: asyncio.subprocess.Process) -> Finished:
    """Press Ctrl-C until the command ends; Python misses one that comes between its last look and a blocking read."""
    ending = asyncio.create_task(finish(process))
    while not ending.done():
        process.send_signal(signal.SIGINT)
        await asyncio.wait({ending}, timeout=0.3)
    return ending.result()


async def answer(project: Project, text: bytes, *arguments: str) -> Finished:
    """Apply with a terminal for the question, and answer it."""
    with terminal() as (ours, theirs):
        process = await project.start("apply", *arguments, stdin=theirs)
        asked = await read_until(process.stderr, "[y/N]")
        os.write(ours, text)
        finished = await finish(process)
        return Finished(code=finished.code, stdout=finished.stdout, stderr=asked + finished.stderr)


@on_one_back_end
async def test_yes_applies(project: Project) -> None:
    project.write(job())
    finished = await answer(project, b"y\n")
    assert (finished.code, await project.exists()) == (0, True), finished.text
    assert "Apply this change? [y/N]" in finished.stderr
    assert finished.stdout.splitlines()[-1] == "1 created"


@on_one_back_end
@pytest.mark.parametrize("text", [b"n\n", b"\n", b"x\nno\n"])
async def test_anything_else_writes_nothing(project: Project, text: bytes) -> None:
    project.write(job())
    finished = await answer(project, text)
    assert (finished.code, await project.exists()) == (3, False), finished.text
    assert "Nothing was written." in finished.stderr


@on_one_back_end
async def test_the_question_is_no_part_of_the_data(project: Project) -> None:
    project.write(job())
    finished = await answer(project, b"y\n", "--output", "json")
    assert finished.stdout.startswith("{"), finished.stdout
    assert finished.stdout.endswith("}\n")


@on_one_back_end
async def test_an_interrupt_at_the_question_ends_at_once_and_writes_nothing(project: Project) -> None:
    project.write(job())
    with terminal() as (_, theirs):
        process = await project.start("apply", stdin=theirs)
        await read_until(process.stderr, "[y/N]")
        finished = await interrupt(process)
    assert (finished.code, await project.exists()) == (130, False), finished.text
    assert "Interrupted." in finished.stderr


@on_one_back_end
async def test_the_grace_time_begins_with_the_answer_and_not_with_the_question(project: Project) -> None:
    project.write(job("a"), job("b"))
    await project.apply()
    project.write(job("b"))
    with terminal() as (ours, theirs):
        process = await project.start("apply", stdin=theirs)
        await read_until(process.stderr, "[y/N]")
        await asyncio.sleep(1.1)  # notes count whole seconds
        answered = datetime.now(UTC)
        os.write(ours, b"y\n")
        finished = await finish(process)
    assert finished.code == 0, finished.text
    retirement = read_retirement(Pause(paused=True, note=(await project.describe()).schedule.state.notes))
    assert retirement is not None
    assert retirement.since >= answered.replace(microsecond=0)
    assert retirement.delete_after == retirement.since + timedelta(hours=24)


@on_one_back_end
async def test_the_end_of_input_at_the_question_is_an_interrupt(project: Project) -> None:
    project.write(job())
    finished = await answer(project, b"\x04")
    assert (finished.code, await project.exists()) == (130, False), finished.text


@on_one_back_end
async def test_apply_goes_on_where_nobody_reads_what_it_prints(project: Project) -> None:
    project.write(*(job(f"job-{number}") for number in range(5)))
    reading, writing = os.pipe()
    os.close(reading)
    process = await project.start("apply", "--yes", stdout=writing)
    os.close(writing)
    finished = await finish(process)
    assert (finished.code, await project.exists("job-4")) == (0, True), finished.text


@on_one_back_end
async def test_help_whose_reader_left_is_no_failure(project: Project) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = await project.start("--help", stdout=writing)
    os.close(writing)
    finished = await finish(process)
    assert (finished.code, finished.stderr) == (0, "")


@on_one_back_end
async def test_closed_streams_are_no_bug(project: Project) -> None:
    project.write(job())
    for closing, code in ((("<&-",), 64), (("<&-", "--yes"), 0), (("--yes", ">&-"), 0), (("--yes", ">&-", "2>&-"), 0)):
        process = await asyncio.create_subprocess_shell(
            f"exec {sys.executable} -m jobspec apply {' '.join(closing)}",
            cwd=project.directory,
            env=project.make_environment({}),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        finished = await finish(process)
        assert finished.code == code, (closing, finished.text)
