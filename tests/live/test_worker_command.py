"""`jobspec worker` in processes of its own."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import uuid
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually, free_port
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import PayloadCodec

from jobspec.library.dev_server import run_dev_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from projects import Project

pytestmark = pytest.mark.parametrize("server", ["workflow"], indirect=True)

SECONDS = 30.0
"""How long any one step may take."""

CODE = """
import asyncio
import time
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel


class Order(BaseModel):
    number: int


@activity.defn
def pack(order: Order) -> str:
    activity.logger.info("packing %d", order.number)
    return f"packed {order.number}"


@activity.defn
async def send(parcel: str) -> str:
    return f"sent {parcel}"


@activity.defn
def wait() -> str:
    Path("started").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    return "waited"


@workflow.defn
class Ship:
    @workflow.run
    async def run(self, order: Order) -> str:
        limit = timedelta(seconds=60)
        parcel = await workflow.execute_activity(pack, order, start_to_close_timeout=limit)
        return await workflow.execute_activity(send, parcel, start_to_close_timeout=limit)


@workflow.defn
class Wait:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(wait, start_to_close_timeout=timedelta(seconds=60))
"""

SHIP = "name: ship\nqueue: parcels\nworkflow: shipping:Ship\nactivities: [shipping:pack, shipping:send]\n"
WAIT = "name: wait\nqueue: waiting\nworkflow: shipping:Wait\nactivities: [shipping:wait]\n"


@dataclass(kw_only=True)
class Worker:
    """A running command and all that it wrote so far."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.lines)

    async def says(self, *texts: str) -> None:
        """Read until each text stood in a line, in this order."""
        for text in texts:
            while text not in await self._read_line():
                pass

    async def end(self) -> int:
        """Read the rest and wait for the end."""
        async with asyncio.timeout(SECONDS):
            assert self.process.stdout
            self.lines.append((await self.process.stdout.read()).decode())
            return await self.process.wait()

    async def _read_line(self) -> str:
        assert self.process.stdout
        try:
            async with asyncio.timeout(SECONDS):
                line = (await self.process.stdout.readline()).decode()
        except TimeoutError:
            pytest.fail(f"nothing more was said:\n{self.text}")
        if not line:
            pytest.fail(f"the command ended:\n{self.text}")
        self.lines.append(line)
        return line


@asynccontextmanager
async def running(project: Project, *arguments: str, **more: Any) -> AsyncIterator[Worker]:
    streams: dict[str, Any] = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
    process = await project.start("worker", *arguments, **{**streams, **more})
    worker = Worker(process=process)
    try:
        yield worker
    finally:
        if process.returncode is None:
            process.terminate()
            await worker.end()


async def until_exists(path: Path) -> None:
    def check() -> None:
        assert path.exists()

    await eventually(lambda: asyncio.to_thread(check), within=SECONDS)


async def ship(client: Client, number: int = 7) -> Any:
    return await client.execute_workflow(
        "Ship",
        {"number": number},
        id=f"ship-{uuid.uuid4()}",
        task_queue="parcels",
        execution_timeout=timedelta(seconds=SECONDS),
    )


async def test_each_queue_has_a_worker_for_sync_and_async_activities(project: Project) -> None:
    project.write(CODE, to="shipping.py")
    project.write(SHIP, SHIP.replace("name: ship", "name: ship-again"), WAIT)
    async with running(project) as worker:
        await worker.says(
            "worker    parcels: 1 workflow, 2 activities (ship, ship-again)",
            "worker    waiting: 1 workflow, 1 activity (wait)",
            f"namespace {project.client.namespace}",
        )
        assert await ship(project.client) == "sent packed 7"
        await worker.says("packing 7")


@pytest.mark.parametrize("ending", ["SIGTERM", "SIGINT", "lifeline"])
async def test_activities_finish_before_it_ends(project: Project, ending: str) -> None:
    project.write(CODE, to="shipping.py")
    project.write(WAIT, SHIP)
    theirs, ours = os.pipe()
    async with running(project, "--queue", "waiting", f"--lifeline={theirs}", pass_fds=(theirs,)) as worker:
        os.close(theirs)
        await worker.says("worker    waiting")
        handle = await project.client.start_workflow("Wait", id="wait", task_queue="waiting")
        await until_exists(project.directory / "started")
        if ending == "lifeline":
            os.close(ours)
        else:
            worker.process.send_signal(signal.Signals[ending])
        await worker.says("Beginning worker shutdown")
        project.write("", to="go")
        assert await worker.end() == 0, worker.text
    events = [event async for event in handle.fetch_history_events()]
    assert any(event.HasField("activity_task_completed_event_attributes") for event in events)
    assert "parcels" not in worker.text
    assert "Traceback" not in worker.text
    if ending != "lifeline":
        os.close(ours)


async def test_a_second_interrupt_ends_it_at_once(project: Project) -> None:
    project.write(CODE, to="shipping.py")
    project.write(WAIT)
    async with running(project, "--grace", "1h") as worker:
        await worker.says("worker    waiting")
        await project.client.start_workflow("Wait", id="wait", task_queue="waiting")
        await until_exists(project.directory / "started")
        worker.process.send_signal(signal.SIGINT)
        await worker.says("Beginning worker shutdown")
        worker.process.send_signal(signal.SIGINT)
        assert await worker.end() == 130, worker.text
    assert "Traceback" not in worker.text


async def test_every_failing_import_is_said_with_file_line_and_reason(project: Project) -> None:
    project.write("import json\njson.loads('{')\n", to="loud.py")
    project.write("def broken(:\n", to="shop/broken.py")
    project.write(CODE, to="shipping.py")
    project.write(
        SHIP,
        "name: a\nqueue: parcels\nworkflow: loud:Any\n",
        "name: b\nqueue: parcels\nworkflow: {type: W}\nactivities: [shop.broken:fetch, shipping:Order]\n",
        "name: c\nqueue: elsewhere\nworkflow: {type: W}\nactivities: [absent:any]\n",
    )
    finished = await project.run("worker", "--queue", "parcels")
    assert (finished.code, finished.stdout) == (1, "")
    for text in (
        "specs/jobs.yaml:8:",
        "(loud.py:2)",
        "Expecting property name",
        "(shop/broken.py:1)",
        "shipping:Order",
    ):
        assert text in finished.stderr
    assert "absent" not in finished.stderr
    assert "Traceback" not in finished.stderr
    assert finished.stderr.splitlines()[-1] == "error: the workers cannot start: code that they run cannot be used"


async def test_jobs_with_mistakes_are_left_out_and_the_others_run(project: Project) -> None:
    project.write(CODE, to="shipping.py")
    project.write(SHIP)
    project.write("name: theirs\nqueue: theirs\nworkflov: other:Theirs\n", to="specs/theirs.yaml")
    project.write("name: torn\nqueue: [\n", to="specs/torn.yaml")
    async with running(project) as worker:
        await worker.says(
            "specs/theirs.yaml:3:1", "specs/torn.yaml", "warning: left out because of", "worker    parcels"
        )
        assert await ship(project.client) == "sent packed 7"
    assert "`theirs`" in worker.text


@pytest.mark.parametrize(
    ("spec", "arguments", "code", "message"),
    [
        (SHIP, ("--queue", "parcel"), 1, "task queue `parcel`: no job uses it; did you mean `parcels`?"),
        (SHIP, ("--namespace", "nowhere"), 1, "Namespace nowhere is not found"),
        (SHIP, ("--address", "127.0.0.1:1"), 69, "cannot reach Temporal at 127.0.0.1:1"),
        (SHIP.replace("queue", "qeue"), (), 1, "no job names a Python workflow or activity"),
        ("name: a\nqueue: q\nworkflow: {type: W}\n", (), 1, "no job names a Python workflow or activity"),
    ],
)
async def test_what_cannot_run_is_said(
    project: Project, spec: str, arguments: tuple[str, ...], code: int, message: str
) -> None:
    project.write(CODE, to="shipping.py")
    project.write(spec)
    finished = await project.run("worker", *arguments)
    assert (finished.code, finished.stdout) == (code, ""), finished.text
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr


class Reversing(PayloadCodec):
    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload(metadata=each.metadata, data=each.data[::-1]) for each in payloads]

    decode = encode


async def test_the_projects_data_converter_is_used(project: Project) -> None:
    project.write(
        "from __future__ import annotations\n"
        "from dataclasses import replace\n"
        "from temporalio.api.common.v1 import Payload\n"
        "from temporalio.contrib.pydantic import pydantic_data_converter\n"
        "from temporalio.converter import PayloadCodec\n"
        f"{inspect.getsource(Reversing)}"
        "converter = replace(pydantic_data_converter, payload_codec=Reversing())\n",
        to="codec.py",
    )
    project.configure('data_converter = "codec:converter"')
    project.write(CODE, to="shipping.py")
    project.write(SHIP)
    converter = replace(pydantic_data_converter, payload_codec=Reversing())
    service = project.client.service_client
    async with running(project) as worker:
        await worker.says("worker    parcels")
        assert (
            await ship(Client(service, namespace=project.client.namespace, data_converter=converter)) == "sent packed 7"
        )


RELOADED = """
from temporalio import activity, workflow
from datetime import timedelta

@activity.defn
async def say() -> str:
    return "first"

@workflow.defn
class Say:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(say, start_to_close_timeout=timedelta(seconds=10))
"""


async def test_reload_starts_anew_on_changes_of_code_and_specs(project: Project) -> None:
    async def said() -> str:
        run = f"say-{uuid.uuid4()}"
        limit = timedelta(seconds=SECONDS)
        answer: str = await project.client.execute_workflow("Say", id=run, task_queue="talk", execution_timeout=limit)
        return answer

    project.write(RELOADED, to="talk.py")
    project.write("name: say\nqueue: talk\nworkflow: talk:Say\nactivities: [talk:say]\n")
    async with running(project, "--reload", "--queue", "talk", start_new_session=True) as worker:
        await worker.says("worker    talk")
        assert await said() == "first"
        project.write(RELOADED.replace("first", "later"), to="talk.py")
        await worker.says("Starting again: talk.py changed.", "worker    talk")
        assert await said() == "later"
        project.write("def torn(:\n", to="talk.py")
        await worker.says(
            "Starting again", "`talk` is not valid Python", "(talk.py:1)", "The worker ended with code 1."
        )
        project.write(RELOADED.replace("first", "mended"), to="talk.py")
        await worker.says("Starting again: talk.py changed.", "worker    talk")
        assert await said() == "mended"
        project.write("name: [\n", to=".dev/passed.yaml")
        project.write("ignored", to="result.txt")
        project.write(RELOADED.replace("first", "other"), to="other.py")
        project.write("name: said\nqueue: talk\nworkflow: other:Say\nactivities: [other:say]\n")
        await worker.says("worker    talk: 1 workflow, 1 activity (said)")
        assert await said() == "other"
        os.killpg(worker.process.pid, signal.SIGINT)  # as a terminal does: parent and child
        assert await worker.end() == 0, worker.text
    assert "Traceback" not in worker.text
    assert ".dev" not in worker.text
    assert "result.txt" not in worker.text


async def test_reload_leaves_no_process_behind(project: Project) -> None:
    project.write(RELOADED, to="talk.py")
    project.write("name: say\nqueue: talk\nworkflow: talk:Say\nactivities: [talk:say]\n")
    async with running(project, "--reload") as worker:
        await worker.says("worker    talk")
        worker.process.kill()
        assert await worker.end() == -signal.SIGKILL  # the child holds the pipe, so this ends with the child
    assert "Beginning worker shutdown" in worker.text


async def test_reload_leaves_no_process_behind_whose_imports_never_end(project: Project, tmp_path: Path) -> None:
    project.write(
        "import pathlib, threading\npathlib.Path('importing').touch()\nthreading.Event().wait()\n", to="talk.py"
    )
    project.write("name: say\nqueue: talk\nworkflow: talk:Say\n")
    async with running(project, "--reload") as worker:
        await until_exists(tmp_path / "importing")
        worker.process.kill()
        assert await worker.end() == -signal.SIGKILL  # as above


async def test_it_works_on_after_the_server_was_away(project: Project, tmp_path: Path) -> None:
    project.write(CODE, to="shipping.py")
    project.write(SHIP)
    port = free_port()
    run = partial(run_dev_server, tmp_path / "state", port=port, ui_port=free_port())
    arguments = ("--address", f"127.0.0.1:{port}", "--namespace", "default")
    async with AsyncExitStack() as stack:
        async with run() as before:
            worker = await stack.enter_async_context(running(project, *arguments))
            await worker.says("worker    parcels")
            assert await ship(before.client) == "sent packed 7"
        await worker.says("cannot be reached; waiting for it")
        async with run() as after:
            assert await ship(after.client, 8) == "sent packed 8"
            await worker.says("is back")
            worker.process.terminate()
            assert await worker.end() == 0, worker.text
