"""`validate --live`: what a namespace lacks; and what the server makes of what lint warns of."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually
from projects import job
from temporalio import workflow
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Schedule, ScheduleActionStartWorkflow, ScheduleIntervalSpec, ScheduleSpec
from temporalio.service import RPCError
from temporalio.worker import Worker

from jobspec.lint.linter import MOST_BYTES

if TYPE_CHECKING:
    from projects import Project
    from temporalio.client import Client


@workflow.defn(name="W")
class Waiting:
    """Does nothing; its worker polls."""

    @workflow.run
    async def run(self) -> None:
        """Do nothing."""


async def validate(project: Project, *arguments: str, code: int = 0) -> list[tuple[str, str]]:
    finished = await project.run("validate", "--live", "--output", "json", *arguments)
    assert finished.code == code, finished.text
    found: list[dict[str, Any]] = json.loads(finished.stdout)["diagnostics"]
    return [(each["code"], each["message"]) for each in found]


@pytest.mark.parametrize("server", ["chasm"], indirect=True)
async def test_search_attributes_and_workers_are_asked_for(project: Project, client: Client) -> None:
    attributes = "run: {search_attributes: {Region: eu, JobspecProject: x}}\n"
    project.write(job("a") + attributes, job("b"), job("c").replace("queue: q", "queue: other"))
    space = client.namespace
    idle = "no worker polls the task queue `{}` in the namespace `" + space + "`, so its runs would only wait"
    unknown = f"the namespace `{space}` has no search attribute `Region`, so Temporal will refuse the job"
    assert await validate(project) == [("JS521", idle.format("q")), ("JS520", unknown), ("JS521", idle.format("other"))]
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=space, search_attributes={"Region": keyword})
    )
    async with Worker(client, task_queue="q", workflows=[Waiting]):
        await eventually(lambda: expect(project, [("JS521", idle.format("other"))]))
    project.configure('[lint]\nlevels = {JS521 = "error"}\n')
    assert len(await validate(project, code=1)) == 1
    finished = await project.run("plan")
    # What only `validate` calls an error freezes nothing.
    assert (finished.code, finished.stdout.count("+ create")) == (0, 3), finished.text


async def expect(project: Project, expected: list[tuple[str, str]]) -> None:
    assert await validate(project) == expected


@pytest.mark.parametrize("server", ["chasm"], indirect=True)
async def test_the_environment_says_which_namespace_is_asked(project: Project) -> None:
    project.configure('[env.staging]\nnamespace = "elsewhere"\n')
    project.write(job())
    finished = await project.run("validate", "--live")
    assert (finished.code, "--env" in finished.stderr) == (64, True)
    finished = await project.run("validate", "--live", "--env", "staging")
    assert (finished.code, "elsewhere" in finished.stderr) == (3, True)
    finished = await project.run("validate", "--address", "nowhere:1")
    assert (finished.code, "--live" in finished.stderr) == (64, True)
    finished = await project.run("validate", "--live", "--env", "staging", "--namespace", "elsewhere")
    assert (finished.code, "`elsewhere`" in finished.stderr) == (1, True)


@pytest.mark.parametrize("size", [MOST_BYTES - 4_096, MOST_BYTES + 1])
async def test_the_server_takes_inputs_up_to_the_size_that_is_warned_of(client: Client, size: int) -> None:
    action = ScheduleActionStartWorkflow("W", "x" * (size - 2), id="a", task_queue="q")
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))])
    creating = client.create_schedule("a", Schedule(action=action, spec=spec))
    if size <= MOST_BYTES:
        await creating
        return
    with pytest.raises(RPCError, match="exceeds limit"):
        await creating
