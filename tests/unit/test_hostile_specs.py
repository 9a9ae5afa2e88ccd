"""Commands that read a stranger's files end soon and well, whatever these say."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from dev_servers import eventually
from hostile_specs import DOUBLING, write_hostile_specs
from projects import job

COMMANDS = [["validate", "--no-imports"], ["plan", "--base", "main"]]


def run(directory: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=directory, capture_output=True, check=False, timeout=60)
    return (done.stdout + done.stderr).decode() if done.returncode == 0 else f"{done.returncode}"


def prepare(directory: Path) -> Path:
    """Make a repository whose main branch holds a good job; give the directory of its specs."""
    (directory / "specs").mkdir()
    (directory / "jobspec.toml").write_text('project = "shop"\n')
    (directory / "specs" / "good.yaml").write_text(job("good") + "input: 1\ninput_schema: good.json\n")
    (directory / "specs" / "good.json").write_text('{"type": "integer"}')
    run(directory, "git", "init", "-qb", "main")
    run(directory, "git", "add", "-A")
    run(directory, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "Begin")
    return directory / "specs"


def check(directory: Path, *command: str) -> str:
    """Run a command, which must find mistakes and nothing worse, in a few seconds of processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "jobspec", *command], cwd=directory, capture_output=True, check=False, timeout=60
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 1, said[-2000:]
    assert "Traceback" not in said
    assert "JS90" not in said
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10
    return said


@pytest.mark.parametrize("command", COMMANDS)
def test_files_that_want_to_hang_or_crash_a_command_are_mistakes(tmp_path: Path, command: list[str]) -> None:
    specs = prepare(tmp_path)
    frozen = write_hostile_specs(specs)
    (specs / "z-good.yaml").write_text(job("z-good") + "input: x\ninput_schema: good.json\n")
    said = check(tmp_path, *command)
    for name in frozen:
        assert f"specs/{name}.json" in said or f"specs/{name}.yaml" in said
    assert "specs/z-good.yaml:6:8: error[JS312]" in said  # a good schema is still applied


@pytest.mark.parametrize("command", COMMANDS)
def test_a_thousand_schemas_that_hang_are_a_thousand_mistakes(tmp_path: Path, command: list[str]) -> None:
    specs = prepare(tmp_path)
    for number in range(1000):
        schema = {"title": str(number), "$ref": "#/$defs/d0", "$defs": DOUBLING}
        (specs / f"s{number}.json").write_text(json.dumps(schema))
        (specs / f"j{number}.yaml").write_text(job(f"j{number}") + f"input: 1\ninput_schema: s{number}.json\n")
    assert check(tmp_path, *command).count("error[JS313]") >= 1000


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dozen_large_files_that_are_costly_to_read_are_a_dozen_mistakes(tmp_path: Path, command: list[str]) -> None:
    specs = prepare(tmp_path)
    for number in range(6):
        start = f"name: a{number}\nqueue: q\nworkflow: {{type: W}}\nschedul: 5\ninput: "
        lists = "[" + "[]," * 300_000 + "]\n"
        anchors = "[" + "".join(f"&a{anchor}," for anchor in range(100_000)) + "]\n"
        (specs / f"a{number}.yaml").write_text(start + lists)
        (specs / f"b{number}.yaml").write_text(start + anchors)
    said = check(tmp_path, *command)
    assert all(f"specs/{name}{number}.yaml" in said for name in "ab" for number in range(6))
    assert "specs/good.yaml" not in said


def find_marked(mark: str) -> list[Path]:
    """Find the processes that were started with a variable, and those that they started."""
    found = []
    for variables in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in variables.read_bytes():
                found.append(variables)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_command_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    write_hostile_specs(prepare(tmp_path))
    mark = f"JOBSPEC_TEST={tmp_path}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jobspec", "validate", "--no-imports"),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "JOBSPEC_TEST": str(tmp_path)},
    )

    async def is_judging() -> None:
        assert len(find_marked(mark)) == 2

    async def is_over() -> None:
        assert not find_marked(mark)

    try:
        await eventually(is_judging)
    finally:
        process.kill()
        await process.wait()
    await eventually(is_over)
