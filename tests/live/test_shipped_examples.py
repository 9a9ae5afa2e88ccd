"""The shop of `examples/`, its jobs from `specs/` and its workers run by `jobspec worker`."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dev_servers import eventually
from projects import finish

import jobspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from projects import Project
    from temporalio.client import Client

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def shop(project: Project) -> AsyncIterator[Project]:
    """The shipped project with its workers, which end well when they are told to."""
    shop = replace(project, directory=ROOT, environment={"SHOP_OUTPUT": str(project.directory / "out")})
    worker = await shop.start("worker")
    try:
        yield shop
    finally:
        worker.send_signal(signal.SIGTERM)
        ended = await finish(worker)
    assert ended.code == 0, ended.text


async def test_every_shipped_job_runs(shop: Project, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])  # loading puts the root in front
    jobs = jobspec.load(ROOT / "specs")
    await jobspec.apply(client, await jobspec.plan(client, jobs))
    scheduled = [job for job in jobs.list() if job.schedule]
    assert len(scheduled) == 5
    await asyncio.gather(*(job.trigger_schedule(client) for job in scheduled))
    await asyncio.gather(*(wait_for_a_run(client, job) for job in scheduled))
    async with asyncio.timeout(30):
        restocked = await (await jobs["restock-shelves"].execute(client)).result()
        assert (restocked.ordered, len(restocked.shortages)) == (0, 3)
        assert await take_stock(client, jobs["stock-take"]) == {"mug": 41, "pen": 7}
    assert list_output(shop) >= {"sales-eu.tsv", "sales-us.tsv", "stock.tsv"}


async def test_the_code_of_the_front_page_does_what_the_page_says(
    shop: Project, client: Client, tmp_path: Path
) -> None:
    here = f'"{client.service_client.config.target_host}", namespace="{client.namespace}"'
    page = tmp_path / "README.md"
    page.write_text(
        (ROOT / "README.md").read_text(encoding="utf-8").replace('"localhost:7233"', here), encoding="utf-8"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, ROOT / "tests" / "run_page.py", page),
        cwd=ROOT,
        env=shop.make_environment({}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    ran = await finish(process)
    assert ran.code == 0, ran.text


def list_output(shop: Project) -> set[str]:
    return {file.name for file in Path(shop.environment["SHOP_OUTPUT"]).iterdir()}


async def wait_for_a_run(client: Client, job: jobspec.Definition) -> None:
    async def has_completed() -> None:
        assert (await job.stats(client)).completed, job.name

    await eventually(has_completed, within=30)


async def take_stock(client: Client, job: jobspec.Definition) -> dict[str, int]:
    run = await job.execute(client)
    await job.signal(client, run.workflow_id, "count", "mug", 41)
    assert await job.query(client, run.workflow_id, "missing") == ["pen"]
    await job.signal(client, run.workflow_id, "count", "pen", 7)
    counted: dict[str, int] = await run.result()
    return counted
