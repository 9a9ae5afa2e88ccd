"""Planted secrets, on a real server: no process tells them, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.request
from typing import TYPE_CHECKING

import pytest
from codecs_of_projects import CODEC, SETTINGS
from dev_servers import eventually
from planted import PASSWORDS, SHAPES, find_leaks
from projects import finish

if TYPE_CHECKING:
    from projects import Project

TOKEN, KEY, PASSWORD, PLAIN = SHAPES["github"], SHAPES["private key"], PASSWORDS[0], "Paris-in-spring"
SECRETS = (TOKEN, KEY, PASSWORD)

JOB = f"""\
name: orders
queue: parcels
workflow: shop:Ship
activities: [shop:pack]
description: {json.dumps(TOKEN)}
input: {{note: {json.dumps(TOKEN)}, pem: {json.dumps(KEY)}, password: {json.dumps(PASSWORD)}, size: 5}}
run: {{memo: {{api_key: {json.dumps(PASSWORD)}}}, static_summary: {json.dumps(TOKEN)}}}
schedule: {{interval: 1h}}
"""

BROKEN = f"""\
name: broken
queue: q
workflow: {{type: W}}
input: {{password: {json.dumps(PASSWORD)}, note: {json.dumps(TOKEN)}}}  # {PASSWORD}
colour: {json.dumps(TOKEN)}
"""

INDENTED = KEY.replace("\n", "\n    ")
TORN = f"name: torn\ninput:\n  password: {PASSWORD}\n  pem: |\n    {INDENTED}\n   {TOKEN}: [\n"

CODE = """\
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel


class Order(BaseModel):
    note: str
    pem: str
    password: str
    size: int


@activity.defn
def pack(order: Order) -> dict:
    if order.size == 0:
        raise ApplicationError(f"cannot log in with {order.note}", {"password": order.password}, non_retryable=True)
    return {"password": order.password}


@workflow.defn
class Ship:
    @workflow.run
    async def run(self, order: Order) -> dict:
        return await workflow.execute_activity(pack, order, start_to_close_timeout=timedelta(seconds=20))
"""

one_back_end = pytest.mark.parametrize("server", ["workflow"], indirect=True)
"""For what has nothing to do with how the server keeps schedules."""


def check(shown: str, *secrets: str) -> None:
    for secret in secrets or SECRETS:
        assert not find_leaks(secret, shown)


async def test_no_command_tells_a_secret(project: Project) -> None:
    project.write(CODE, to="shop.py")
    project.write(JOB, to="specs/orders.yaml")
    for arguments in (
        *(("validate",), ("validate", "-o", "json"), ("validate", "-o", "github"), ("explain", "orders")),
        *(("explain", "orders", "-o", "json"), ("plan",), ("plan", "-o", "json"), ("plan", "-o", "markdown")),
        *(("plan", "-o", "github", "--out", "saved.plan"), ("apply", "--yes"), ("status", "-o", "json"), ("next",)),
    ):
        finished = await project.run(*arguments)
        assert finished.code in {0, 1}, finished.text
        assert finished.text
        check(finished.text)
    check((project.directory / "saved.plan").read_text())

    other = JOB.replace("size: 5", "size: 6").replace(TOKEN, TOKEN[:-1] + "x").replace("1h", "2h")
    project.write(other + f"env: {{staging: {{inputs: {json.dumps(TOKEN)}}}}}\n", to="specs/orders.yaml")
    project.write(BROKEN, to="specs/broken.yaml")
    project.write(TORN, to="specs/torn.yaml")
    for arguments in (("validate",), ("plan",), ("apply", "--yes", "--keep-going", "-o", "json"), ("worker",)):
        finished = await project.run(*arguments)
        assert finished.code, finished.text
        assert "torn.yaml:" in finished.text
        check(finished.text)


async def test_the_server_quotes_what_it_refuses_and_we_do_not(project: Project) -> None:
    job = f"name: a\nqueue: q\nworkflow: {{type: W}}\nrun: {{search_attributes: {{{TOKEN}: {PASSWORD}}}}}\n"
    project.write(job + "schedule: {interval: 1h}\n")
    for arguments in (("apply", "--yes"), ("apply", "--yes", "-o", "json"), ("run", "a")):
        finished = await project.run(*arguments)
        assert finished.code == 1, finished.text
        assert "search attribute" in finished.text.lower()
        check(finished.text, TOKEN)


@one_back_end
@pytest.mark.parametrize("form", ["json", "text"])
async def test_the_daemon_tells_none_in_its_log_and_pages(project: Project, form: str) -> None:
    project.write(JOB, to="specs/orders.yaml")
    project.write(BROKEN, to="specs/broken.yaml")
    project.write(TORN, to="specs/torn.yaml")
    process = await project.start("reconcile", "--http", "127.0.0.1:0", "--log-format", form)
    assert process.stderr
    first = (await process.stderr.readline()).decode()
    address = json.loads(first)["address"] if form == "json" else first.split("address=")[1].split()[0]

    def get(path: str) -> str:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    async def is_synced() -> None:
        jobs = json.loads(await asyncio.to_thread(get, "/status"))["jobs"]
        assert {"orders": "synced"}.items() <= {each["name"]: each["state"] for each in jobs}.items()

    await eventually(is_synced, within=30)
    pages = [await asyncio.to_thread(get, path) for path in ("/status", "/metrics", "/livez")]
    process.send_signal(signal.SIGTERM)
    finished = await finish(process)
    assert "broken.yaml:5:1" in finished.stderr
    assert "torn.yaml:" in finished.stderr
    check(first + finished.text + "".join(pages))


@one_back_end
@pytest.mark.parametrize("has_codec", [False, True])
async def test_a_worker_that_cannot_decode_or_fails_tells_none(project: Project, *, has_codec: bool) -> None:
    project.write(CODE, to="shop.py")
    project.write(CODEC, to="codec.py")
    project.configure(SETTINGS if has_codec else "")
    project.write(JOB, to="specs/orders.yaml")
    process = await project.start("worker", "--grace", "0s")
    order = {"note": TOKEN, "pem": KEY, "password": PASSWORD, "size": 0}
    failed = await project.run("run", "orders", "--input", json.dumps(order), "--wait", "-o", "json", "--id", "failed")
    assert failed.code == 1
    assert "cannot log in with" in failed.text
    assert (await project.run("run", "orders", "--id", "done", "--wait")).code == 0
    shown = [failed]
    for run in ("failed", "done"):
        for form in ("text", "json"):
            shown.append(await project.run("describe", "orders", "-w", run, "-o", form))
            shown.append(await project.run("history", "orders", "-w", run, "-o", form))
    (project.directory / "shop.py").write_text(CODE.replace("size: int", "size: int\n    city: int"))
    wrong = await project.run("run", "orders", "--input", json.dumps({**order, "city": PLAIN}))
    assert (wrong.code, "`input.city` must be a whole number" in wrong.stderr) == (1, True), wrong.text
    (project.directory / "shop.py").write_text(CODE.replace("size: int", "size: str"))
    sent = await project.run("run", "orders", "--input", json.dumps({**order, "size": PLAIN}))
    assert sent.code == 0, sent.text

    assert process.stderr
    log = b""
    while b"Failed decoding" not in log:  # the worker knows the first model only
        log += await asyncio.wait_for(process.stderr.readline(), 30)
    process.terminate()
    log += (await finish(process)).stderr.encode()
    assert b"ValidationError" in log
    check("".join(each.text for each in [*shown, wrong, sent]) + log.decode())
    check(wrong.text, PLAIN)
    check(log.decode(), PLAIN)


@one_back_end
async def test_a_broken_configuration_tells_no_key(project: Project) -> None:
    config = project.write(f'[profile.default]\naddress = "x:1"\napi_key = "{PASSWORD}\n', to="temporal.toml")
    environment = {"TEMPORAL_CONFIG_FILE": str(config), "TEMPORAL_ADDRESS": None}
    project.write(JOB.replace("shop:Ship\nactivities: [shop:pack]", "{type: W}"))
    for arguments in (("plan",), ("apply", "--yes"), ("reconcile", "--once"), ("worker",), ("runs", "orders")):
        finished = await project.run(*arguments, environment=environment)
        assert finished.code in {1, 64}, finished.text
        check(finished.text)
    assert "temporal.toml:3:" in (await project.run("plan", environment=environment)).stderr
