"""All that `Definition` and `Registry` can do, each once, with the shop's stock take: `python -m examples.tour`."""

import asyncio
from datetime import UTC, datetime

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from jobspec import Collector, Definition, OverlapPolicy, Registry, ScheduleSpec, apply, load, make_worker, plan


async def tour(start: datetime, end: datetime) -> None:
    """Call everything and print what it gives; the backfill is of a time that is over."""
    config: ClientConnectConfig = {"target_host": "localhost:7233", **ClientConfig.load_client_connect_config()}
    client = await Client.connect(**config, data_converter=pydantic_data_converter)
    shop, registry, collector = load("specs"), Registry(project="tour"), Collector()
    changes = {"name": "tour", "queue": "tour", "input": {}, "schedule": ScheduleSpec(interval="8h")}
    job = Definition.from_spec(shop.must_get("stock-take").spec.model_copy(update=changes)).in_project("tour")
    registry.add(job)
    print("jobs:", *shop.names(), registry.list(), registry.get("tour") == job, registry.require_owners(), job.has_code)
    job.register(collector)
    registry.register_all(collector)
    async with make_worker(client, collector.finish()["tour"]):
        print("applied:", *await apply(client, await plan(client, registry)))
        print("again:", await job.apply_schedule(client), *await registry.apply_schedules(client))
        print("notes:", (await job.pause_schedule(client, "why")).note, (await job.resume_schedule(client)).note)
        await job.trigger_schedule(client, overlap=OverlapPolicy.ALLOW_ALL)
        print("due:", *await job.backfill_schedule(client, start, end))
        first, second, third = [(await job.execute(client, {"articles": ["mug"]})).workflow_id for _ in range(3)]
        print("query:", await job.query(client, first, "missing"), job.new_input(), await job.task_queue_info(client))
        await job.signal(client, first, "count", "mug", 41)
        print("got:", await job.get_run(client, first).result(), (await job.describe(client, first)).summary.status)
        print("history:", [each.activity_type for each in (await job.history(client, first)).activities])
        print("runs:", *(each.status for each in (await job.list_runs(client)).runs), await job.stats(client))
        print("live:", (await job.describe_schedule(client)).fields, len(await registry.list_schedules(client)))
        await asyncio.gather(job.cancel(client, second), job.terminate(client, third), job.delete_schedule(client))


asyncio.run(tour(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)))
