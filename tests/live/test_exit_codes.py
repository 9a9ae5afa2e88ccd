"""What the command line's end means, for every code of the table, in processes of their own."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from projects import finish, job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from projects import Finished, Project, Stranger

pytestmark = pytest.mark.parametrize("server", ["chasm"], indirect=True)


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """A server that accepts connections and never answers; yields its address."""
    writers = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.read()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        for writer in writers:
            writer.transport.abort()


@asynccontextmanager
async def closed_port() -> AsyncIterator[str]:
    """An address at which nobody listens: bound, so that nobody else takes it meanwhile."""
    import socket

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--bogus",),
        ("aply",),
        ("plan", "--bogus"),
        ("plan", "extra"),
        ("plan", "--output", "xml"),
        ("plan", "--allow", "everything"),
        ("plan", "--allow", "deletes=-1"),
        ("apply",),
        ("apply", "--yes", "--allow", "deletes"),
        ("plan", "--address", "http://localhost:7233"),
        ("plan", "--profile", "missing"),
        ("forget",),
        ("adopt",),
        ("rule", "JS999"),
        ("schema", "everything"),
    ],
    ids=" ".join,
)
async def test_usage_is_64(project: Project, arguments: tuple[str, ...]) -> None:
    project.write(job())
    finished = await project.run(*arguments)
    assert (finished.code, finished.stdout) == (64, ""), finished.text
    assert "Traceback" not in finished.stderr


async def test_a_missing_or_unknown_environment_is_64(project: Project) -> None:
    project.configure(f'[env.staging]\nnamespace = "{project.client.namespace}"')
    project.write(job())
    for arguments in (("plan",), ("apply", "--yes"), ("plan", "--env", "stagin")):
        finished = await project.run(*arguments)
        assert finished.code == 64, finished.text
        assert "staging" in finished.stderr
    assert (await project.run("plan", "--env", "staging")).code == 0


async def test_a_bug_in_a_process_is_70(project: Project) -> None:
    project.write("import jobspec.cli.session\njobspec.cli.session.plan_specs = None\n", to="broken/sitecustomize.py")
    project.write(job())
    path = str(project.directory / "broken")
    finished = await project.run("apply", "--yes", environment={"PYTHONPATH": path})
    assert (finished.code, finished.stdout) == (70, ""), finished.text
    assert "This is a bug in jobspec" in finished.stderr
    assert not await project.exists()


async def test_a_closed_port_is_69(project: Project) -> None:
    project.write(job())
    async with closed_port() as address:
        for arguments in (("apply", "--yes"), ("adopt", "--all")):
            finished = await project.run(*arguments, "--address", address)
            assert (finished.code, finished.stdout) == (69, ""), finished.text
            assert address in finished.stderr
            assert "Traceback" not in finished.stderr


async def test_a_server_that_never_answers_is_69_within_the_deadline(project: Project) -> None:
    project.write(job())
    async with silent_server() as address:
        finished = await project.run("apply", "--yes", "--address", address)
    assert (finished.code, finished.stdout) == (69, ""), finished.text
    assert address in finished.stderr


async def test_an_interrupt_is_130(project: Project) -> None:
    project.write(job())
    async with silent_server() as address:
        process = await project.start("plan", "--address", address)
        ending = asyncio.create_task(finish(process))
        while not ending.done():  # an interrupt while Python still starts is no command's business
            await asyncio.wait({ending}, timeout=3)
            if not ending.done():
                process.send_signal(signal.SIGINT)
        finished = ending.result()
    assert (finished.code, finished.stdout) == (130, ""), finished.text
    assert finished.stderr.strip() == "Interrupted."


async def test_a_missing_namespace_is_1(project: Project) -> None:
    project.write(job())
    finished = await project.run("apply", "--yes", "--namespace", "missing")
    assert (finished.code, finished.stdout) == (1, ""), finished.text
    assert "`missing`" in finished.stderr


async def test_a_project_without_an_id_is_1(project: Project) -> None:
    project.write('specs = ["specs"]\n', to="jobspec.toml")
    project.write(job())
    for arguments in (("apply", "--yes"), ("forget", "a")):
        finished = await project.run(*arguments)
        assert finished.code == 1, finished.text
        assert "jobspec init" in finished.stderr


async def test_mistakes_are_1_although_the_plan_is_shown(project: Project) -> None:
    project.write(job(), job("b").replace("queue", "qeue"))
    finished = await project.run("plan", "--detailed-exitcode")
    assert finished.code == 1, finished.text
    assert "+ create" in finished.stdout
    assert "did you mean" in finished.stderr.lower()


async def test_all_that_failed_is_1_and_some_that_failed_is_5(project: Project) -> None:
    failing = job("b") + "run: {search_attributes: {NotRegistered: x}}\n"
    project.write(failing)
    finished = await project.run("apply", "--yes")
    assert finished.code == 1, finished.text
    assert "NotRegistered" in finished.stderr
    project.write(failing, job("a"), job("c"))
    finished = await project.run("apply", "--yes")
    assert finished.code == 5, finished.text
    assert finished.stdout.splitlines()[-1] == "2 created, 1 failed"
    assert sorted(line.split()[0] for line in finished.stderr.splitlines() if line) == ["created", "created", "failed"]
    assert await project.exists("c")


async def test_changes_are_2_on_request_only(project: Project) -> None:
    project.write(job())
    assert (await project.run("plan")).code == 0
    assert (await project.run("plan", "--detailed-exitcode")).code == 2
    await project.apply()
    assert (await project.run("plan", "--detailed-exitcode")).code == 0


async def test_a_connection_to_another_namespace_than_the_environments_is_3(project: Project) -> None:
    project.configure('[env.staging]\nnamespace = "shop-staging"')
    project.write(job())
    for arguments in (("plan",), ("apply", "--yes"), ("forget", "a")):
        finished = await project.run(*arguments, "--env", "staging")
        assert (finished.code, finished.stdout) == (3, ""), finished.text
        assert "`shop-staging`" in finished.stderr
        assert f"`{project.client.namespace}`" in finished.stderr
    assert not await project.exists()


async def test_an_environments_profile_is_the_connection(project: Project) -> None:
    namespace = project.client.namespace
    project.configure(f'[env.staging]\nprofile = "staging"\nnamespace = "{namespace}"')
    address = project.client.service_client.config.target_host
    settings = f'[profile.staging]\naddress = "{address}"\nnamespace = "{namespace}"\n'
    path = project.write(settings, to="temporal.toml")
    project.write(job())
    variables = {"TEMPORAL_CONFIG_FILE": str(path), "TEMPORAL_ADDRESS": None, "TEMPORAL_NAMESPACE": None}
    finished = await project.run("apply", "--yes", "--env", "staging", environment=variables)
    assert finished.code == 0, finished.text
    assert await project.exists()


async def test_a_stale_plan_is_4(project: Project, other: Stranger) -> None:
    """The question keeps the plan waiting while somebody else edits."""
    import os
    import pty

    project.write(job())
    await project.apply()
    project.write(job(every="2h"))
    ours, theirs = pty.openpty()
    process = await project.start("apply", stdin=theirs)
    assert process.stderr is not None
    await process.stderr.readuntil(b"[y/N]")
    await other.edit(lambda schedule: schedule.spec.interval[0].interval.FromSeconds(180))
    before = await project.snapshot()
    os.write(ours, b"y\n")
    finished = await finish(process)
    os.close(ours)
    os.close(theirs)
    assert finished.code == 4, finished.text
    assert finished.stdout.splitlines()[-1] == "1 conflict"
    assert await project.snapshot() == before


async def test_interpreter_shutdown_never_spoils_the_code(project: Project) -> None:
    project.write(job())

    async def run() -> Finished:
        return await project.run("plan", "--detailed-exitcode")

    for _ in range(2):
        both = await asyncio.gather(run(), run())
        assert [finished.code for finished in both] == [2, 2], both
