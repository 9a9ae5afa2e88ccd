"""The shop of `examples/`, its jobs from `specs/` and its workers run by `jobspec worker`."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dev_servers import eventually
from projects import finish

import jobspec

if TYPE_CHECKING:
    import pytest
    from projects import Project
    from temporalio.client import Client

ROOT = Path(__file__).parents[2]


async def test_every_shipped_job_runs(project: Project, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])  # loading puts the root in front
    shop = replace(project, directory=ROOT, environment={"SHOP_OUTPUT": str(project.directory / "out")})
    jobs = jobspec.load(ROOT / "specs")
    worker = await shop.start("worker")
    try:
        async with asyncio.timeout(60):
            await jobspec.apply(client, await jobspec.plan(client, jobs))
            scheduled = [job for job in jobs.list() if job.schedule]
            assert len(scheduled) == 5
            await asyncio.gather(*(job.trigger_schedule(client) for job in scheduled))
            await asyncio.gather(*(wait_for_a_run(client, job) for job in scheduled))
            restocked = await (await jobs["restock-shelves"].execute(client)).result()
            assert (restocked.ordered, len(restocked.shortages)) == (0, 3)
            assert await take_stock(client, jobs["stock-take"]) == {"mug": 41, "pen": 7}
    finally:
        worker.send_signal(signal.SIGTERM)
        ended = await finish(worker)
    assert ended.code == 0, ended.text
    assert {file.name for file in (project.directory / "out").iterdir()} >= {
        "sales-eu.tsv",
        "sales-us.tsv",
        "stock.tsv",
    }


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
