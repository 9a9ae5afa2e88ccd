"""The commands for runs and live schedules, each in a process of its own, against a real server and a worker."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from dev_servers import eventually
from projects import Finished, Project, finish
from proxies import Proxy
from run_workflows import start, working

from jobspec.results import Status
from jobspec.temporal.runs.gateway import Runs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dev_servers import Server

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "runs.schema.json").read_text(encoding="utf-8"))
ON_ONE_BACK_END = pytest.mark.parametrize("server", ["chasm"], indirect=True)
SPECS = """\
jobs:
- {name: orders, queue: runs, workflow: {type: Scenario}, schedule: {interval: 1h}, args: [complete]}
- {name: report, queue: nobody, workflow: "inputs:Report", input: {region: eu}}
- {name: lonely, queue: nobody, workflow: {type: Scenario}}
"""
INPUTS = """\
from pydantic import BaseModel
from temporalio import workflow

print("a line that user code prints")


class Region(BaseModel):
    region: str


@workflow.defn
class Report:
    @workflow.run
    async def run(self, region: Region) -> None: ...
"""


@pytest.fixture
async def shop(project: Project) -> AsyncIterator[Project]:
    """A project whose jobs a worker runs."""
    project.write(SPECS)
    project.write(INPUTS, to="inputs.py")
    async with working(project.client):
        yield project


def read(finished: Finished, kind: str) -> dict[str, Any]:
    """Read a document that is alone on stdout, and hold it to its schema."""
    document: dict[str, Any] = json.loads(finished.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["kind"] == kind
    return document


async def until_listed(shop: Project, number: int, *statuses: Status) -> None:
    """Wait until so many runs are listed in these states."""

    async def listed() -> None:
        page = await Runs(shop.client).list("orders", statuses=statuses)
        assert len(page.runs) == number

    await eventually(listed)


async def read_until(stream: asyncio.StreamReader | None, text: str) -> str:
    assert stream is not None
    seen = b""
    while text.encode() not in seen:
        part = await asyncio.wait_for(stream.read(4096), 60)
        assert part, seen.decode()
        seen += part
    return seen.decode()


@ON_ONE_BACK_END
async def test_a_run_is_started_waited_for_and_looked_at(shop: Project) -> None:
    done = await shop.run("run", "orders", "--wait")
    assert (done.code, done.stdout) == (0, "42\n"), done.text
    assert "workflow id  orders-" in done.stderr
    failed = await shop.run("run", "orders", "--arg", '"fail"', "--id", "failing", "--wait", "-o", "json")
    document = read(failed, "result")
    assert (failed.code, document["status"], document["workflow_id"]) == (1, "failed", "failing")
    assert document["failure"]["cause"]["type"] == "BadOrder"
    chain = failed.stderr.splitlines()[-5:]
    assert chain[:3] == [
        "error: the run `failing` failed: Activity task failed",
        "  activity fail: Activity task failed",
        "  caused by BadOrder: no such order",
    ]
    assert chain[3:] == ['            details: {"order": 7}', "  caused by KeyError: 'sku'"]

    await until_listed(shop, 2, Status.COMPLETED, Status.FAILED)
    page = read(await shop.run("runs", "orders", "--since", "1h", "-o", "json"), "runs")
    assert [run["status"] for run in page["runs"]] == ["failed", "completed"]
    first = await shop.run("runs", "orders", "-n", "1", "--tz", "Asia/Tokyo")
    assert first.stdout.startswith("STARTED (Asia/Tokyo)")
    assert "failing" in first.stdout
    token = first.stderr.split("--page-token ")[1].strip()
    second = read(await shop.run("runs", "orders", "-n", "1", "--page-token", token, "-o", "json"), "runs")
    assert second["runs"] == page["runs"][1:]
    described, history, whole, counted = await asyncio.gather(
        shop.run("describe", "orders", "-o", "json"),
        shop.run("history", "orders", "-w", page["runs"][1]["workflow_id"], "--max-events", "6"),
        shop.run("history", "orders", "-w", "failing", "--all", "-o", "json"),
        shop.run("stats", "--today", "--tz", "Asia/Tokyo", "-o", "json"),
    )
    run, events = read(described, "run"), read(whole, "history")
    assert (run["run"]["workflow_id"], run["input"], run["failure"]["type"]) == ("failing", ["fail"], "activity")
    assert "double" in history.stdout
    assert "Only the first 6 events were read; --max-events N reads more" in history.stderr
    assert [each["status"] for each in events["activities"]] == ["failed"]
    stats = read(counted, "stats")
    assert {each["job"]: each["total"] for each in stats["jobs"]} == {"lonely": 0, "orders": 2, "report": 0}


@ON_ONE_BACK_END
async def test_what_the_project_never_shows_is_not_shown_of_a_run(shop: Project) -> None:
    shop.configure('[plan]\nredact = ["args.0"]\n')
    done = await shop.run("run", "orders", "--arg", '"complete"', "--id", "quiet", "--wait")
    assert done.code == 0, done.text
    for command in (["describe"], ["describe", "-o", "json"], ["history"], ["history", "-o", "json"]):
        shown = await shop.run(*command, "orders", "-w", "quiet")
        assert "(redacted)" in shown.stdout
        assert '"complete"' not in shown.text


@ON_ONE_BACK_END
async def test_a_run_is_asked_and_told(shop: Project) -> None:
    none = await shop.run("cancel", "orders")
    assert (none.code, "no run of the job `orders` goes on" in none.stderr) == (1, True), none.text
    started = read(await shop.run("run", "orders", "--arg", '"wait"', "--id", "one", "-o", "json"), "started")
    assert started["workflow_id"] == "one"
    again = await shop.run("run", "orders", "--arg", '"wait"', "--id", "one")
    assert (again.code, "is running already" in again.stderr) == (4, True), again.text

    await until_listed(shop, 1, Status.RUNNING)
    asked = await shop.run("query", "orders", "released")
    assert (asked.code, asked.stdout) == (0, "false\n"), asked.text
    unknown = await shop.run("query", "orders", "nothing")
    assert (unknown.code, "the workflow knows `broken`" in unknown.stderr) == (1, True), unknown.text
    await start(shop.client, Runs(shop.client), "orders", "wait", workflow_id="two", project="shop")

    await until_listed(shop, 2, Status.RUNNING)
    several = await shop.run("terminate", "orders")
    assert several.code == 64, several.text
    assert [line.strip() for line in several.stderr.splitlines()[1:]] == ["two", "one"]
    ended = read(await shop.run("terminate", "orders", "-w", "two", "--reason", "no need", "-o", "json"), "told")
    assert (ended["action"], ended["workflow_id"]) == ("terminate", "two")
    assert (await shop.run("signal", "orders", "release", "--arg", "1", "-w", "one")).stdout == "signaled one\n"
    waited = await shop.run("describe", "orders", "-w", "one", "--wait")
    assert waited.code == 0, waited.text
    assert 'result             "released"\n' in waited.stdout
    answer = read(await shop.run("query", "orders", "released", "-w", "one", "-o", "json"), "answer")
    assert answer["answer"] is True
    terminated = await shop.run("describe", "orders", "-w", "two", "--wait")
    assert (terminated.code, "terminated: no need" in terminated.stdout) == (1, True), terminated.text
    await start(shop.client, Runs(shop.client), "orders", "wait", workflow_id="theirs", project="rival")
    *closed, refused, other = await asyncio.gather(
        shop.run("signal", "orders", "release", "-w", "two"),
        shop.run("cancel", "orders", "-w", "two"),
        shop.run("terminate", "orders", "-w", "theirs"),
        shop.run("describe", "lonely", "-w", "one"),
    )
    assert [(each.code, "error: cannot" in each.stderr) for each in closed] == [(1, True), (1, True)], closed
    assert (refused.code, "belongs to the project `rival`" in refused.stderr) == (3, True), refused.text
    assert (other.code, "it is one of the job `orders`" in other.stderr) == (1, True), other.text


@ON_ONE_BACK_END
async def test_input_is_judged_before_a_run_starts(shop: Project) -> None:
    wrong = await shop.run("run", "report", "--input", '{"region": 5}')
    assert wrong.code == 1, wrong.text
    assert "input.region: `input.region` must be text, not the number `5`" in wrong.stderr
    shop.write('{"region": "us"}', to="input.json")
    right = await shop.run("run", "report", "--input", "@input.json", "-o", "json")
    assert right.code == 0, right.text
    read(right, "started")
    lonely = await shop.run("run", "lonely")
    assert (lonely.code, "no worker polls the task queue `nobody`" in lonely.stderr) == (0, True), lonely.text
    nowhere = await shop.run("run", "lonely", "--namespace", "nowhere")
    assert (nowhere.code, "cannot use the namespace `nowhere`" in nowhere.stderr) == (1, True), nowhere.text


@ON_ONE_BACK_END
async def test_what_goes_on_is_told_and_an_interrupt_leaves_the_run_alone(shop: Project) -> None:
    process = await shop.start("run", "orders", "--arg", '"retry"', "--id", "busy", "--wait")
    told = await read_until(process.stderr, "stumble retrying, attempt 2 of 7, last failed with ValueError: try again")
    process.send_signal(signal.SIGINT)
    finished = await finish(process)
    assert (finished.code, finished.stdout) == (130, ""), told + finished.stderr
    assert "The run goes on; wait for it with `jobspec describe orders -w busy --wait`" in finished.stderr
    detail = read(await shop.run("describe", "orders", "-w", "busy", "-o", "json"), "run")
    assert detail["run"]["status"] == "running"
    pending = {each["activity_id"]: each["status"] for each in detail["pending_activities"]}
    assert pending == {"waits": "retrying", "runs": "started", "queued": "scheduled"}
    told = (await shop.run("describe", "orders", "-w", "busy")).stdout
    assert "ACTIVITY  STATUS     ATTEMPT  SINCE" in told


@ON_ONE_BACK_END
async def test_waiting_outlasts_a_server_that_is_away_for_as_long_as_is_said(shop: Project, server: Server) -> None:
    proxy = Proxy(server.address)
    await proxy.open()
    far = ("--address", f"127.0.0.1:{proxy.port}")
    line = ("orders", "--arg", '"wait"', "--wait", *far)
    patient, hasty = await asyncio.gather(
        shop.start("run", *line, "--id", "patient"), shop.start("run", *line, "--id", "hasty", "--patience", "1s")
    )
    await asyncio.gather(*(read_until(each.stderr, "no activity runs") for each in (patient, hasty)))
    await proxy.close()
    await read_until(patient.stderr, "Temporal cannot be reached; trying again for 2m. The run itself goes on.")
    gone = await finish(hasty)
    assert (gone.code, gone.stdout) == (69, ""), gone.stderr
    assert f"wait for it with `jobspec describe orders -w hasty --wait --address 127.0.0.1:{proxy.port}`" in gone.stderr
    await proxy.open()
    await read_until(patient.stderr, "Temporal is back.")
    assert (await shop.run("signal", "orders", "release", "-w", "patient")).code == 0
    finished = await finish(patient)
    assert (finished.code, finished.stdout) == (0, '"released"\n'), finished.stderr
    await proxy.close()


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_schedules_are_paused_resumed_triggered_and_backfilled(shop: Project) -> None:
    missing = await shop.run("pause", "orders")
    assert (missing.code, "there is no schedule `orders`" in missing.stderr) == (1, True), missing.text
    await shop.apply()
    paused = await shop.run("pause", "orders", "lonely", "--reason", "warehouse moves")
    assert paused.code == 5, paused.text
    assert paused.stdout.startswith("paused orders: warehouse moves (paused by ")
    assert "the job `lonely` has no schedule" in paused.stderr
    assert (await shop.pause_of("orders"))[0]
    status = read(await shop.run("status", "orders", "-o", "json"), "status")
    assert [(each["state"], each["next_run"]) for each in status["jobs"]] == [("paused", None)]
    assert status["jobs"][0]["message"].startswith("warehouse moves")
    triggered = await shop.run("trigger", "orders", "--overlap", "allow_all")
    assert (triggered.code, triggered.stdout) == (0, "triggered orders\n"), triggered.text
    resumed = read(await shop.run("resume", "orders", "-o", "json"), "schedules")
    assert [each["status"] for each in resumed["outcomes"]] == ["done"]
    again = await shop.run("resume", "orders")
    assert (again.code, again.stdout[:20]) == (0, "orders is not paused"), again.text
    backfilled = await shop.run("backfill", "orders", "--from", "4h", "--to", "2h")
    assert (backfilled.code, len(backfilled.stdout.splitlines())) == (0, 2), backfilled.text

    await until_listed(shop, 3, Status.COMPLETED)
    shop.write(SPECS.replace("interval: 1h", "interval: 2h"))
    differing = await shop.run("status")
    assert differing.code == 0, differing.text
    assert "differs from its spec in schedule.interval" in differing.stdout
    assert differing.stderr.splitlines()[-1] == "3 jobs: 1 active, 2 on demand, 1 unlike their specs."
    other_times = await shop.run("backfill", "orders", "--from", "4h", "--to", "2h")
    assert (other_times.code, "has other times than the job" in other_times.stderr) == (3, True), other_times.text


CODEC = """\
import dataclasses

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import PayloadCodec


class Locked(PayloadCodec):
    async def encode(self, payloads):
        return [Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x" * 120) for _ in payloads]

    async def decode(self, payloads):
        return payloads


converter = dataclasses.replace(pydantic_data_converter, payload_codec=Locked())
"""


@ON_ONE_BACK_END
async def test_what_cannot_be_decoded_is_told_by_its_size(project: Project) -> None:
    project.write(SPECS)
    project.write(CODEC, to="locked.py")
    project.configure('data_converter = "locked:converter"\n')
    started = await project.run("run", "lonely", "--arg", '"secret"', "--id", "secret")
    assert started.code == 0, started.text
    described = await project.run("describe", "lonely", "-w", "secret")
    assert "input              <binary/encrypted, 120 bytes>\n" in described.stdout, described.text
    document = read(await project.run("describe", "lonely", "-w", "secret", "-o", "json"), "run")
    assert document["input"] == [{"encoding": "binary/encrypted", "data": "eHh4" * 40}]


@ON_ONE_BACK_END
async def test_times_are_those_of_the_local_zone_which_is_named(shop: Project) -> None:
    await shop.apply()
    told = await shop.run("status", environment={"TZ": "Australia/Lord_Howe", "PYTHONIOENCODING": "ascii"})
    assert "NEXT RUN (Australia/Lord_Howe)" in told.stdout
    assert told.stdout.isascii()
