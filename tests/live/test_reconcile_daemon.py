"""The daemon as a whole: its process, what it serves, and files that change under it."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from dev_servers import eventually
from floods import flooding
from hostile_specs import DOUBLING, write_hostile_specs
from projects import Stranger, finish, job
from proxies import proxied
from reconciling import DELAYS, SETTINGS, reconciling
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.cli.commands.reconcile import make_routes
from jobspec.errors import UnreachableError
from jobspec.reconcile.published_status import PublishedStatus
from jobspec.reconcile.report import Result
from jobspec.reconcile.service import parse_address
from jobspec.render.schemas import render_schema
from jobspec.temporal.connection import connect
from jobspec.temporal.requests import Requests
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Iterator

    from dev_servers import Server
    from projects import Project
    from temporalio.client import Client

    from jobspec.reconcile.daemon import Daemon
    from jobspec.reconcile.report import Report

one_back_end = pytest.mark.parametrize("server", ["chasm"], indirect=True)
"""For what has nothing to do with how the server keeps schedules."""


class Running:
    """A daemon in a process of its own."""

    def __init__(self, process: Process, address: str) -> None:
        self.process = process
        self.address = address

    async def get(self, path: str) -> tuple[int, str]:
        """Ask one of its pages."""
        reader, writer = await asyncio.open_connection(*parse_address(self.address))
        writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        return int(head.split()[1]), body

    async def states(self) -> dict[str, str]:
        """Say how the jobs stand."""
        _, body = await self.get("/status")
        return {each["name"]: each["state"] for each in json.loads(body)["jobs"]}

    def count_descriptors(self) -> int:
        """Count the files and connections that it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    async def until_ready(self) -> None:
        """Wait until the first cycle is over."""

        async def is_ready() -> None:
            assert await self.get("/readyz") == (200, "ok\n")

        await eventually(is_ready, within=30)

    async def end(self, number: int = signal.SIGTERM) -> list[dict[str, Any]]:
        """Tell it to end, which it must do well and in time; returns its log."""
        begun = time.monotonic()
        self.process.send_signal(number)
        finished = await finish(self.process)
        assert (finished.code, finished.stdout) == (0, ""), finished
        assert time.monotonic() - begun < 10
        return [json.loads(line) for line in finished.stderr.splitlines()]


@asynccontextmanager
async def daemon_of(project: Project, *arguments: str, descriptors: int | None = None) -> AsyncIterator[Running]:
    """Run the command, which may open so many files and connections, and wait until it serves."""
    process = await project.start(
        *("reconcile", "--http", "127.0.0.1:0", "--log-format", "json", *arguments),
        preexec_fn=descriptors and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))),
    )
    assert process.stderr
    first = json.loads(await process.stderr.readline())
    try:
        yield Running(process, first["address"])
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_command_serves_what_it_does_until_it_is_told_to_end(project: Project) -> None:
    project.write(job("a"), job("b"))
    async with daemon_of(project) as running:
        assert (await running.get("/livez")) == (200, "ok\n")
        await running.until_ready()
        assert await running.states() == {"a": "synced", "b": "synced"}

        # The interval is minutes; only the signal can be the reason.
        project.write(job("a"), job("b"), to="specs/.passed-over.yaml")
        await edit_as_stranger(project)
        running.process.send_signal(signal.SIGHUP)

        async def is_mended() -> None:
            assert (await project.describe("a")).schedule.action.start_workflow.workflow_type.name == "W"

        await eventually(is_mended)

        async def is_counted() -> None:
            _, metrics = await running.get("/metrics")
            assert 'jobspec_changes_total{action="create",reason="new"} 2.0' in metrics
            assert 'jobspec_changes_total{action="update",reason="drift"} 1.0' in metrics
            assert "jobspec_noop_writes_total 0.0" in metrics

        await eventually(is_counted)
        _, status = await running.get("/status")
        check_document(status, project)
        shown = await project.run("status", "--live", running.address)
        assert [line.split()[:2] for line in shown.stdout.splitlines()[1:3]] == [["a", "synced"], ["b", "synced"]]
        told = await project.run("status", "--live", running.address, "b", "--output", "json")
        assert [each["name"] for each in json.loads(told.stdout)["jobs"]] == ["b"]
        log = await running.end()

    messages = [event["message"] for event in log]
    assert messages.count("created `a` (new)") == messages.count("updated `a` (drift)") == 1
    assert messages[-1] == "stopping"
    assert {event["source"] for event in log if "source" in event} == {"specs/jobs.yaml:2", "specs/jobs.yaml:7"}


def check_document(text: str, project: Project) -> None:
    document = json.loads(text)
    jsonschema.validate(document, json.loads(render_schema("status")))
    assert (document["project"], document["namespace"]) == ("shop", project.client.namespace)
    assert [(each["name"], each["state"], each["source"]["line"]) for each in document["jobs"]] == [
        ("a", "synced", 2),
        ("b", "synced", 7),
    ]
    triggers = [cycle["trigger"] for cycle in document["cycles"]]
    assert (triggers[-1], "signal" in triggers) == ("start", True)


async def edit_as_stranger(project: Project) -> None:
    def edit(schedule: Any) -> None:
        schedule.action.start_workflow.workflow_type.name = "Other"

    await Stranger(client=project.client).edit(edit, "a")
    await project.until_listed("a")


@one_back_end
async def test_a_flood_keeps_a_daemon_neither_from_its_probes_nor_from_its_work(project: Project) -> None:
    """With `ulimit -n 1024`, from the one address that probes come from too."""
    project.write(job("a"))
    begun = time.monotonic()
    async with daemon_of(project, descriptors=1024) as running:
        await running.until_ready()
        quiet = running.count_descriptors()
        place = parse_address(running.address)

        async def is_alive() -> None:
            assert await asyncio.wait_for(running.get("/livez"), 1) == (200, "ok\n")
            assert running.count_descriptors() - quiet < 200

        async def is_converged() -> None:
            assert await project.exists("b")

        async def is_quiet() -> None:
            assert running.count_descriptors() - quiet < 5

        async with flooding(*place, 700):
            for _ in range(10):
                await is_alive()
            project.write(job("a"), job("b"))
            await eventually(is_converged, within=30)
            await is_alive()
        await eventually(is_quiet, within=30)
        assert await running.states() == {"a": "synced", "b": "synced"}
        async with flooding(*place, 700):
            await is_alive()
            log = await running.end()

    minutes = (time.monotonic() - begun) / 60
    crowded = [event for event in log if event["message"].startswith("too many HTTP connections")]
    assert 1 <= len(crowded) <= 1 + minutes
    assert {event["level"] for event in log if event not in crowded} == {"info"}
    assert log[-1]["message"] == "stopping"


@one_back_end
async def test_a_daemon_bears_what_wants_to_hang_or_crash_it(project: Project) -> None:
    specs = project.directory / "specs"
    frozen = write_hostile_specs(specs)
    (specs / "good.json").write_text('{"type": "integer"}', encoding="utf-8")
    good = {"a-good", "z-good"}
    for name in good:
        (specs / f"{name}.yaml").write_text(job(name) + "input: 1\ninput_schema: good.json\n", encoding="utf-8")
    async with daemon_of(project) as running:
        slowest, reached = 0.0, asyncio.Event()

        async def probe() -> None:
            nonlocal slowest
            while not reached.is_set():
                begun = time.monotonic()
                assert await running.get("/livez") == (200, "ok\n")
                slowest = max(slowest, time.monotonic() - begun)

        async def is_converged() -> None:
            for name in good:
                assert await project.exists(name)

        probing = asyncio.create_task(probe())
        await eventually(is_converged, within=30)
        (specs / "later.json").write_text(json.dumps({"anyOf": [{"$ref": "#/$defs/d0"}], "$defs": DOUBLING}))
        (specs / "later.yaml").write_text(job("later") + "input: 1\ninput_schema: later.json\n")
        (specs / "z-later.yaml").write_text(job("z-later") + "input: 2\ninput_schema: good.json\n")
        good.add("z-later")
        await eventually(is_converged, within=30)
        reached.set()
        await probing
        states = await running.states()
        log = await running.end()
    assert {name for name, state in states.items() if state == "synced"} == good
    assert frozen <= {name for name, state in states.items() if state == "invalid"}
    assert slowest < 1
    assert not [event for event in log if "exception" in event or "bug" in event["message"]]


@one_back_end
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_daemon_that_waits_for_a_server_ends_well_too(project: Project, number: int) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        project.write(job("a"), job("b") + "nonsense: 1\n")
        async with daemon_of(project, "--address", address) as running:

            async def is_waiting() -> None:
                assert "cannot reach Temporal" in (await running.get("/readyz"))[1]

            await eventually(is_waiting, within=30)
            assert (await running.get("/livez")) == (200, "ok\n")
            _, status = await running.get("/status")
            assert [found["code"] for found in json.loads(status)["diagnostics"]] == ["JS101"]
            await running.end(number)


@one_back_end
async def test_writes_in_hand_are_finished_and_no_others_begun(project: Project) -> None:
    names = [f"job-{number:03}" for number in range(400)]
    project.write(*map(job, names))
    async with daemon_of(project) as running:

        async def has_begun() -> None:
            assert "create" in (await running.get("/metrics"))[1].partition("jobspec_changes_total{")[2]

        await eventually(has_begun, within=30)
        log = await running.end()

    created = {event["job"] for event in log if event["message"].startswith("created ")}
    skipped = {event["job"] for event in log if event.get("status") == "skipped"}
    assert created | skipped == {*names}
    assert created
    assert skipped
    schedules = [name for name in names if await project.exists(name)]
    assert set(schedules) == created


@one_back_end
async def test_systemd_is_told_how_the_daemon_is(project: Project) -> None:
    project.write(job("a"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(project.directory / "notify"))
        channel.settimeout(30)
        project.environment |= {"NOTIFY_SOCKET": str(project.directory / "notify"), "WATCHDOG_USEC": "200000"}

        async def hear(beginning: str) -> list[str]:
            said: list[str] = []
            while not said or not said[-1].startswith(beginning):
                said.append((await asyncio.to_thread(channel.recv, 1024)).decode())
            return said

        async with daemon_of(project) as running:
            said = await hear("STATUS=converged")
            assert [text for text in said if not text.startswith("WATCHDOG")][:2] == ["READY=1", "STATUS=converged"]
            await hear("WATCHDOG=1")
            running.process.send_signal(signal.SIGHUP)
            await hear("RELOADING=1\nMONOTONIC_USEC=")
            await hear("READY=1")
            await asyncio.gather(running.end(), hear("STOPPING=1"))


@one_back_end
@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("jobspec.reconcile.spec_source.SpecSource._load", "nothing has moved"),
        ("jobspec.reconcile.watch._see", "the watch of the files"),
    ],
)
async def test_what_hangs_turns_livez_red_and_starves_the_watchdog(
    project: Project, monkeypatch: pytest.MonkeyPatch, part: str, said: str
) -> None:
    """A file system that hangs is the likeliest: each part looks at it in a thread of its own."""
    is_over, fed = threading.Event(), list[bytes]()
    monkeypatch.setattr("jobspec.reconcile.health.STUCK_SECONDS", 1.0)
    monkeypatch.setattr("jobspec.reconcile.health.WATCH_SECONDS", 1.0)
    monkeypatch.setattr("jobspec.reconcile.daemon.BEAT_SECONDS", 0.1)
    project.write(job("a"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(project.directory / "notify"))
        asyncio.get_running_loop().add_reader(channel, lambda: fed.append(channel.recv(1024)))
        monkeypatch.setenv("NOTIFY_SOCKET", str(project.directory / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "100000")
        async with reconciling(project.directory, project.client) as daemon:
            livez = make_routes(daemon)["/livez"]
            await until(daemon, a="synced")

            async def is_green() -> None:
                assert (await livez()).status == 200

            await asyncio.sleep(1.2)
            await eventually(is_green)  # a machine that is busy may have stood still for a second
            monkeypatch.setattr(part, lambda *_: is_over.wait(30))
            project.write(job("a", every="2h"))

            async def is_red() -> None:
                answer = await livez()
                assert (answer.status, said in answer.body.decode()) == (503, True)

            await eventually(is_red)
            assert b"WATCHDOG=1" in fed
            fed.clear()
            await asyncio.sleep(0.3)
            assert b"WATCHDOG=1" not in fed
            is_over.set()
        asyncio.get_running_loop().remove_reader(channel)


# --once


@one_back_end
async def test_once_does_what_apply_does_and_looks_twice_before_jobs_go(project: Project) -> None:
    project.write(job("a"), job("b"))
    codes = [await run_once(project)]
    await project.until_listed("a", "b")
    codes.append(await run_once(project))

    project.write(job("a"), *(job(f"x{number}") for number in range(6)))
    codes.append(await run_once(project, "--dry-run"))
    codes.append(await run_once(project, "--no-prune"))
    await project.until_listed("x0")
    codes.append(await run_once(project))
    assert (await project.pause_of("b"))[0]

    project.write(job("a", every="2h"))
    codes.append(await run_once(project))
    codes.append(await run_once(project))
    project.write(job("a") + "nonsense: 1\n", job("c"))
    codes.append(await run_once(project))
    (project.directory / "specs").rename(project.directory / "mislaid")
    codes.append(await run_once(project, "--no-prune"))
    project.write("project = ", to="jobspec.toml")
    codes.append(await run_once(project))

    assert codes == [
        (0, "2 created"),
        (0, "No changes."),
        (0, "6 to create, 1 to retire; nothing was written, for this is a dry run"),
        (0, "6 created"),
        (0, "1 retired"),
        (5, "1 updated"),
        (3, "No changes."),
        (1, "1 created"),
        (3, "No changes."),
        (1, ""),
    ]


@one_back_end
async def test_once_that_is_interrupted_says_so(project: Project, server: Server) -> None:
    """A pipeline must not take it for done; in vain it has waited for the server, or begun to write."""
    names = [f"job-{number:03}" for number in range(200)]
    project.write(*map(job, names))
    async with proxied(server, project.client.namespace) as (proxy, _):
        project.environment["TEMPORAL_ADDRESS"] = f"127.0.0.1:{proxy.port}"
        proxy.is_silent, before = True, proxy.accepted

        async def has_connected() -> None:
            assert proxy.accepted > before

        process = await project.start("reconcile", "--once")
        await eventually(has_connected, within=30)
        await interrupt(process, signal.SIGINT)

        proxy.is_silent, proxy.delay = False, 0.05
        process = await project.start("reconcile", "--once")
        assert process.stderr
        while b"created" not in (line := await process.stderr.readline()):
            assert line
        await interrupt(process, signal.SIGTERM)
    assert 0 < sum([await project.exists(name) for name in names]) < len(names)


async def interrupt(process: Process, number: int) -> None:
    """Send a signal to a command that has work to do."""
    begun = time.monotonic()
    process.send_signal(number)
    finished = await finish(process)
    assert time.monotonic() - begun < 10
    assert (finished.code, "interrupted before all of it was done" in finished.stderr) == (130, True), finished


async def run_once(project: Project, *arguments: str) -> tuple[int, str]:
    finished = await project.run("reconcile", "--once", *arguments)
    assert "Traceback" not in finished.stderr, finished.stderr
    return finished.code, finished.stdout.strip()


@one_back_end
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("reconcile", "--once", "--http", "127.0.0.1:0"), 64, "leave it out beside --once"),
        (("reconcile", "--http", "nowhere"), 64, "write HOST:PORT"),
        (("reconcile", "--interval", "0s"), 64, "at least 1s"),
        (("reconcile", "--env", "a b"), 64, "no name for an environment"),
        (("reconcile", "--once", "--address", "127.0.0.1:9"), 69, "cannot reach Temporal"),
        (("reconcile", "--once", "--namespace", "nope"), 1, "nope"),
        (("status", "--live", ""), 64, "write it as"),
        (("reconcile", "--directory", "specs"), 1, "there is no `jobspec.toml` in"),
    ],
)
async def test_what_cannot_work_is_said_at_once(
    project: Project, arguments: tuple[str, ...], code: int, said: str
) -> None:
    project.write(job("a"))
    finished = await project.run(*arguments)
    assert (finished.code, said in finished.stderr) == (code, True), finished


# Files that change under it


def git(directory: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=me", "-c", "user.email=me@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *settings, *arguments], cwd=directory, check=True, capture_output=True)


async def until(daemon: Daemon, **states: str) -> None:
    """Wait until the jobs stand like this."""

    async def is_so() -> None:
        assert {each.name: each.state.value for each in daemon.status.picture.list()} == states

    await eventually(is_so)


@one_back_end
async def test_a_checkout_of_two_thousand_files_is_seen_whole_or_not_at_all(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job with a schedule is in another file on each branch; seen half way it would be missing, or there twice."""
    directory = project.directory
    git(directory, "init", "-q")
    for branch in ("one", "two"):
        git(directory, "checkout", "-q", "--orphan", branch)
        shutil.rmtree(directory / "specs")
        for number in range(2000):
            project.write(
                f"name: {branch}-{number}\nqueue: q\nworkflow: {{type: W}}\n", to=f"specs/{branch}/{number}.yaml"
            )
        project.write(job("a"), to=f"specs/{branch}/scheduled-{branch}.yaml")
        git(directory, "add", "-A")
        git(directory, "commit", "-q", "-m", branch)
    seen: list[tuple[str, ...]] = []
    publish = PublishedStatus.publish

    def watch(status: PublishedStatus, report: Report) -> None:
        seen.append((report.result.value, *(found.code for found in report.diagnostics or ()), *report.withheld))
        publish(status, report)

    monkeypatch.setattr(PublishedStatus, "publish", watch)
    async with reconciling(directory, project.client) as daemon:
        await until(daemon, a="synced")
        before = await project.snapshot("a")
        for branch in ("one", "two"):
            await asyncio.to_thread(git, directory, "checkout", "-q", branch)

            async def is_seen(branch: str = branch) -> None:
                [standing] = daemon.status.picture.list()
                assert f"specs/{branch}/" in str(standing.find_source())  # type: ignore[misc]

            await eventually(is_seen, within=30)

    assert set(seen) == {("converged",)}
    assert await project.snapshot("a") == before


@one_back_end
async def test_while_git_holds_its_lock_nothing_is_read_but_not_for_ever(project: Project) -> None:
    project.write(job("a"))
    git(project.directory, "init", "-q")
    lock = project.directory / ".git" / "index.lock"
    async with reconciling(project.directory, project.client) as daemon:
        await until(daemon, a="synced")
        lock.write_text("")
        project.write(job("a"), job("b"))
        await asyncio.sleep(3 * DELAYS.quiet + 0.5)
        await until(daemon, a="synced")
        lock.unlink()
        await until(daemon, a="synced", b="synced")

    settings = replace(SETTINGS, delays=replace(DELAYS, lock=0.5))
    lock.write_text("")
    async with reconciling(project.directory, project.client, settings) as daemon:
        await until(daemon, a="synced", b="synced")
        lock.touch()
        project.write(job("a"), job("b"), job("c"))
        await until(daemon, a="synced", b="synced", c="synced")


@one_back_end
async def test_a_file_that_is_written_in_halves_takes_no_job_with_it(project: Project) -> None:
    path = project.write(job("a"), job("b"))
    whole = path.read_text()
    async with reconciling(project.directory, project.client) as daemon:
        await until(daemon, a="synced", b="synced")
        before = [await project.snapshot(name) for name in "ab"]
        for half in (whole[: len(whole) // 2], "", "jobs:\n", whole[:-8]):
            path.write_text(half)

            async def is_seen() -> None:
                counts = daemon.status.picture.count()
                assert counts["held"] + counts["invalid"] > 0  # type: ignore[index]

            await eventually(is_seen)
            await asyncio.sleep(DELAYS.confirm + 3 * DELAYS.quiet)
            path.write_text(whole)
            await until(daemon, a="synced", b="synced")
        assert [await project.snapshot(name) for name in "ab"] == before


@one_back_end
async def test_a_config_map_that_is_swapped_is_read_anew(project: Project) -> None:
    """As the kubelet does it; size and times of the file stay as they were."""
    volume = project.directory / "specs"

    def swap(version: str, text: str) -> None:
        fresh = volume / f"..{version}"
        fresh.mkdir()
        (fresh / "a.yaml").write_text(text)
        os.utime(fresh / "a.yaml", (1e9, 1e9))
        (volume / "..data_tmp").symlink_to(fresh.name)
        (volume / "..data_tmp").rename(volume / "..data")
        for old in volume.glob("..2*"):
            if old != fresh:
                shutil.rmtree(old)

    swap("2026_1", job("a", every="1h"))
    (volume / "a.yaml").symlink_to("..data/a.yaml")
    async with reconciling(project.directory, project.client) as daemon:
        await until(daemon, a="synced")
        for hours in (2, 3):
            swap(f"2026_{hours}", job("a", every=f"{hours}h"))

            async def is_written(hours: int = hours) -> None:
                assert (await project.describe("a")).schedule.spec.interval[0].interval.seconds == hours * 3600

            await eventually(is_written)


@one_back_end
async def test_a_project_behind_a_link_that_is_swapped_is_read_anew(project: Project) -> None:
    """As git-sync does it: the working directory, and all in it, is behind the link."""
    link = project.directory / "current"
    for number in (1, 2):
        project.write('project = "shop"\n', to=f"{number}/jobspec.toml")
        project.write(job("a", every=f"{number}h"), to=f"{number}/specs/a.yaml")
    link.symlink_to("1")
    async with reconciling(link, project.client) as daemon:
        await until(daemon, a="synced")
        (project.directory / "next").symlink_to("2")
        (project.directory / "next").rename(link)
        shutil.rmtree(project.directory / "1")

        async def is_written() -> None:
            assert (await project.describe("a")).schedule.spec.interval[0].interval.seconds == 7200

        await eventually(is_written)
        assert daemon.health.find_unreadiness() == ""


@one_back_end
async def test_what_a_stranger_may_commit_keeps_no_good_job_waiting(project: Project) -> None:
    """Symlinks through the whole disk, pipes, a spec root that leads out, schemas without end, 1,500 directories."""
    specs = project.directory / "specs"
    project.write('project = "shop"\nspecs = ["specs", "more"]\n', to="jobspec.toml")
    project.write(job("a"))
    (project.directory / ".git").mkdir()
    async with daemon_of(project) as running:
        await running.until_ready()
        (specs / "all").symlink_to("/")
        (specs / ".hidden").symlink_to("/")
        (specs / "c.yaml").symlink_to("/dev/zero")
        (specs / "d.yaml").symlink_to("/proc/self/environ")
        os.mkfifo(specs / "e.yaml")
        (project.directory / "more").symlink_to("/")
        project.write('{"pattern": "^(a+)+$"}', to="specs/s.json")
        endless = f"input: {'a' * 40}b\ninput_schema: s.json\n"
        project.write(job("f") + endless, to="specs/f.yaml")
        project.write(job("b"), to="specs/b.yaml")

        async def are_written() -> None:
            begun = time.monotonic()
            assert (await running.get("/livez")) == (200, "ok\n")
            assert time.monotonic() - begun < 1
            assert {name: state for name, state in (await running.states()).items() if name in "ab"} == {
                "a": "synced",
                "b": "synced",
            }

        with nested(specs, 1500):
            await eventually(are_written, within=30)
            await running.end()


@contextmanager
def nested(directory: Path, depth: int) -> Iterator[None]:
    """Make directories in each other, deeper than a path can name, and remove them, which shutil cannot."""
    descriptor = os.open(directory, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    try:
        yield
    finally:
        subprocess.run(["rm", "-rf", directory], check=True)


@one_back_end
async def test_directories_that_are_deleted_and_made_anew_lose_nothing(project: Project) -> None:
    project.write(job("a"), job("b"))
    specs = project.directory / "specs"
    async with reconciling(project.directory, project.client) as daemon:
        await until(daemon, a="synced", b="synced")
        before = await project.snapshot("a")
        shutil.rmtree(specs)
        await until(daemon, a="held", b="held")
        specs.mkdir()
        await asyncio.sleep(DELAYS.confirm + 3 * DELAYS.quiet)
        await until(daemon, a="held", b="held")
        project.write(job("a"), job("b", every="2h"))
        await until(daemon, a="synced", b="synced")
        assert await project.snapshot("a") == before


# Temporal comes and goes


@one_back_end
async def test_a_daemon_waits_for_a_server_and_converges_when_it_is_there(project: Project) -> None:
    is_there = asyncio.Event()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))

        async def connect_somewhere() -> Client:
            if is_there.is_set():
                return project.client
            address = f"127.0.0.1:{nobody.getsockname()[1]}"
            return await connect(address=address, data_converter=project.client.data_converter)

        project.write(job("a"))
        async with reconciling(project.directory, connect_somewhere) as daemon:

            async def is_trying() -> None:
                document = await daemon.status.make_document()
                assert [cycle.result for cycle in document.cycles].count(Result.UNREACHABLE.value) >= 3

            await eventually(is_trying, within=30)
            assert daemon.health.find_death() == ""
            assert daemon.health.find_unreadiness() != ""
            is_there.set()
            await until(daemon, a="synced")
            assert daemon.health.find_unreadiness() == ""


@one_back_end
async def test_a_connection_that_does_not_come_back_is_made_anew(
    project: Project, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings are read for each: a client certificate that was exchanged works only in a new connection."""
    monkeypatch.setitem(Requests.__init__.__kwdefaults__, "budget", timedelta(seconds=0.5))  # type: ignore[arg-type]
    async with proxied(server, project.client.namespace) as (proxy, client):
        clients = iter((client, project.client))

        async def connect_next() -> Client:
            return next(clients)

        project.write(job("a"))
        async with reconciling(project.directory, connect_next) as daemon:
            await until(daemon, a="synced")
            await proxy.close()
            project.write(job("a"), job("b"))
            await until(daemon, a="synced", b="synced")
            assert next(clients, None) is None
            await proxy.open()


@one_back_end
async def test_a_bug_in_the_sweep_does_not_end_the_daemon(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(job("a"))
    settings = replace(SETTINGS, sweep=timedelta(seconds=1))
    failures = []

    def fail(_count: int) -> list[str]:
        failures.append(1)
        raise RuntimeError("a bug")

    async with reconciling(project.directory, project.client, settings) as daemon:
        await until(daemon, a="synced")
        monkeypatch.setattr(daemon.memory.live, "find_oldest", fail)

        async def has_failed() -> None:
            assert failures

        await eventually(has_failed)
        project.write(job("a"), job("b"))
        await until(daemon, a="synced", b="synced")


# On a server of one's own


async def test_dev_follows_edits_of_the_specs(tmp_path: Path) -> None:
    (tmp_path / "jobspec.toml").write_text('project = "shop"\n')
    (tmp_path / "specs").mkdir()
    spec = tmp_path / "specs" / "a.yaml"
    spec.write_text(job("a"))
    ports = find_free_ports(2)
    command = (sys.executable, "-m", "jobspec", "dev", "--port", str(ports[0]), "--ui-port", str(ports[1]))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=pipe, stderr=pipe)
    try:

        async def has(hours: int) -> None:
            try:
                client = await connect(address=f"127.0.0.1:{ports[0]}", data_converter=pydantic_data_converter)
            except UnreachableError as error:
                raise AssertionError from error
            live = await Schedules(client).describe("a")
            assert live
            assert live.message.spec.interval[0].interval.seconds == hours * 3600

        await eventually(lambda: has(1), within=40)
        spec.write_text(job("a", every="2h"))
        await eventually(lambda: has(2))
        process.send_signal(signal.SIGTERM)
        finished = await finish(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert finished.code == 0, finished
    assert "created `a` (new)" in finished.stderr
    assert "updated `a` (changed)" in finished.stderr


def find_free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
