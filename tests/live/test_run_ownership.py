"""Two projects in one namespace, each with a job of the same name: neither acts on the other's runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually
from run_workflows import QUEUE

from jobspec import Definition, RefusedError, ScheduleSpec, Status, WorkflowRef
from jobspec.temporal.runs.gateway import Runs
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dev_servers import Cli
    from temporalio.client import Client


def define(project: str | None, *, also_owns: Iterable[str] = ()) -> Definition[Any]:
    scenario = WorkflowRef(type="Scenario")
    made = Definition("orders", QUEUE, workflow=scenario, args=["wait"], schedule=ScheduleSpec(interval="1h"))
    return Definition.from_spec(made.spec, project=project, also_owns=tuple(also_owns))


OURS, THEIRS, FORMER, NOBODYS = define("shop"), define("rival"), define("new", also_owns=["shop"]), define(None)


async def scheduled_run(client: Client, job: Definition[Any]) -> str:
    """Have the job's schedule start a run."""
    await job.trigger_schedule(client)

    async def started() -> str:
        runs = (await job.describe_schedule(client)).recent_runs
        assert runs
        return runs[0].workflow_id

    return await eventually(started)


async def refuse(client: Client, job: Definition[Any], workflow_id: str, words: str) -> None:
    """Check that a job does nothing to a run, and says why."""
    for attempt in (
        job.signal(client, workflow_id, "release"),
        job.cancel(client, workflow_id),
        job.terminate(client, workflow_id),
    ):
        with pytest.raises(RefusedError, match=words):
            await attempt
    detail = await job.describe(client, workflow_id)
    assert (detail.summary.status, detail.history_length) == (Status.RUNNING, 2)  # nothing was even tried


async def end(client: Client, job: Definition[Any], workflow_id: str) -> None:
    await job.signal(client, workflow_id, "release")
    await job.cancel(client, workflow_id)
    await job.terminate(client, workflow_id)
    assert (await job.describe(client, workflow_id)).summary.status is Status.TERMINATED


async def test_each_project_acts_on_its_own_runs_alone(client: Client) -> None:
    await OURS.apply_schedule(client)
    scheduled = await scheduled_run(client, OURS)
    ours = (await OURS.execute(client)).workflow_id
    theirs = (await THEIRS.execute(client)).workflow_id
    nobodys = (await NOBODYS.execute(client)).workflow_id  # as those that were started before runs had marks

    for run in (scheduled, nobodys):
        await refuse(client, THEIRS, run, "the schedule `orders` belongs to the project `shop`")
        await refuse(client, NOBODYS, run, "the schedule `orders` belongs to the project `shop`; give the job")
    await refuse(client, THEIRS, ours, "it belongs to the project `shop`; if that is a former id .* `also_owns`")
    await refuse(client, OURS, theirs, "it belongs to the project `rival`")
    await refuse(client, NOBODYS, ours, "it belongs to the project `shop`")

    async def counted() -> None:  # what reads runs goes by the name alone
        assert (await THEIRS.stats(client)).running == 4

    await eventually(counted)
    await end(client, OURS, scheduled)
    await end(client, FORMER, ours)
    await end(client, FORMER, nobodys)
    await end(client, THEIRS, theirs)


async def test_runs_without_a_mark_depend_on_the_schedule(client: Client, cli: Cli) -> None:
    await OURS.apply_schedule(client)
    first = await scheduled_run(client, OURS)
    schedules = Schedules(client)
    live = await schedules.describe("orders")
    assert live is not None
    await schedules.mark(live, None)
    await refuse(
        client, OURS, first, "neither it nor the schedule `orders` has a project's mark; .*`jobspec adopt orders`"
    )
    live = await schedules.describe("orders")
    assert live is not None
    await schedules.mark(live, "shop")
    await OURS.delete_schedule(client)
    await refuse(client, OURS, first, "there is no schedule `orders` that tells whose it is")

    with pytest.raises(RefusedError) as caught:
        await OURS.terminate(client, first)
    command = str(caught.value).rpartition("use `temporal ")[2].removesuffix("`")
    await cli(*command.split())
    assert (await OURS.describe(client, first)).summary.status is Status.TERMINATED

    unclaimed, marked = [(await job.execute(client)).workflow_id for job in (NOBODYS, OURS)]
    await refuse(client, OURS, unclaimed, "no schedule `orders`")
    await end(client, NOBODYS, unclaimed)
    await end(client, OURS, marked)


async def test_a_retired_schedule_still_tells_whose_its_runs_are(client: Client) -> None:
    await OURS.apply_schedule(client)
    run = await scheduled_run(client, OURS)
    schedules = Schedules(client)
    live = await schedules.describe("orders")
    assert live is not None
    await schedules.update(live, None, paused=True, note="jobspec: retired")
    await Runs(client).cancel("orders", run, owners=frozenset({"shop"}))
