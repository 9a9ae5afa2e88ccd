"""Runs that are started by hand, over the real server: what they carry, and that a scheduled run carries the same."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually
from run_workflows import QUEUE, working
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.converter import DataConverter, PayloadCodec

from jobspec import (
    Definition,
    InvalidDefinitionError,
    RefusedError,
    RetryPolicy,
    RunFailedError,
    RunOptions,
    ScheduleSpec,
    WorkflowRef,
)
from jobspec.temporal import search_attributes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projects import Stranger
    from temporalio.api.schedule.v1 import Schedule
    from temporalio.api.workflow.v1 import WorkflowExecutionInfo

Types = dict[str, IndexedValueType.ValueType]
TYPES: Types = {
    name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{word}")
    for name, word in (
        ("Keyword", "KEYWORD"),
        ("KeywordList", "KEYWORD_LIST"),
        ("Int", "INT"),
        ("Double", "DOUBLE"),
        ("Bool", "BOOL"),
        ("Datetime", "DATETIME"),
        ("Text", "TEXT"),
    )
}
VALUES: dict[str, Any] = {
    "Keyword": "eu",
    "KeywordList": ["a", "b"],
    "Int": 5,
    "Double": 5,
    "Bool": True,
    "Datetime": "2026-01-01T02:00:00+02:00",
    "Text": "some words",
}


def define(*, project: str | None = "shop", args: Sequence[Any] = ("wait",), **run: Any) -> Definition[Any]:
    return Definition(
        "orders",
        QUEUE,
        workflow=WorkflowRef(type="Scenario"),
        args=args,
        run=RunOptions(**run),
        schedule=ScheduleSpec(interval="1h"),
        project=project,
    )


async def register(client: Client, types: Types) -> None:
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=types)
    await eventually(lambda: client.operator_service.add_search_attributes(request))


async def describe(client: Client, workflow_id: str, run_id: str | None = None) -> WorkflowExecutionInfo:
    execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id or "")
    request = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=execution)
    return (await client.workflow_service.describe_workflow_execution(request)).workflow_execution_info


async def trigger(client: Client, job: Definition[Any]) -> str:
    """Have the job's schedule start a run."""
    await job.trigger_schedule(client)

    async def started() -> str:
        runs = (await job.describe_schedule(client)).recent_runs
        assert runs
        return runs[0].workflow_id

    return await eventually(started)


def read(info: WorkflowExecutionInfo) -> dict[str, tuple[str, Any]]:
    """Read the search attributes of a run, with the types that Temporal shows."""
    found = {}
    for name, payload in info.search_attributes.indexed_fields.items():
        kind, value = payload.metadata["type"].decode(), json.loads(payload.data)
        found[name] = (kind, datetime.fromisoformat(value) if kind == "Datetime" else value)
    return found


async def test_a_run_started_by_hand_has_the_search_attributes_of_a_scheduled_one(client: Client) -> None:
    await register(client, TYPES)
    job = define(search_attributes=VALUES)
    await job.apply_schedule(client)
    scheduled = read(await describe(client, await trigger(client, job)))
    by_hand = read(await describe(client, (await job.execute(client)).workflow_id))
    assert {name: by_hand[name][0] for name in TYPES} == {name: name for name in TYPES}
    assert scheduled.pop("TemporalScheduledStartTime")[0] == "Datetime"  # only the scheduler may set it
    assert by_hand == scheduled


async def test_headers_of_the_live_schedule_go_to_triggered_runs_alone(client: Client, other: Stranger) -> None:
    job = define()
    await job.apply_schedule(client)
    header = Payload(metadata={"encoding": b"json/plain"}, data=b'"eu"')

    def add_header(schedule: Schedule) -> None:
        schedule.action.start_workflow.header.fields["tenant"].CopyFrom(header)

    await other.edit(add_header, "orders")
    triggered, by_hand = await trigger(client, job), (await job.execute(client)).workflow_id
    headers = []
    for workflow_id in (triggered, by_hand):
        events = [event async for event in client.get_workflow_handle(workflow_id).fetch_history_events()]
        headers.append(dict(events[0].workflow_execution_started_event_attributes.header.fields))
    assert headers == [{"tenant": header}, {}]


async def test_the_types_are_asked_for_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    await register(client, {"Region": TYPES["Text"]})
    lists = 0
    really_list = search_attributes.list_search_attributes

    async def count(*arguments: Any) -> Any:
        nonlocal lists
        lists += 1
        return await really_list(*arguments)

    monkeypatch.setattr(search_attributes, "list_search_attributes", count)
    await define().execute(client)
    assert lists == 0
    job = define(search_attributes={"Region": "eu"})
    runs = await asyncio.gather(*(job.execute(client) for _ in range(5)))
    assert lists == 1
    assert {read(await describe(client, run.workflow_id))["Region"] for run in runs} == {("Text", "eu")}

    late = define(search_attributes={"Region": "eu", "Size": 5})
    with pytest.raises(InvalidDefinitionError, match=r"has no search attribute `Size`; register it with `temporal"):
        await late.execute(client)
    await register(client, {"Size": TYPES["Int"]})
    run = await eventually_started(late, client)
    assert read(await describe(client, run))["Size"] == ("Int", 5)
    with pytest.raises(InvalidDefinitionError, match=r"`run\.search_attributes\.Size` must be a whole number"):
        await define(search_attributes={"Size": "large"}).execute(client)


async def eventually_started(job: Definition[Any], client: Client) -> str:
    """Start a run as soon as the server knows the search attributes of a moment ago."""

    async def start() -> str:
        try:
            return (await job.execute(client)).workflow_id
        except InvalidDefinitionError as error:
            raise AssertionError from error

    return await eventually(start)


class Reversed(PayloadCodec):
    """Turns bytes around; leaves alone what it did not encode, as codecs should."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        turned = (each.SerializeToString()[::-1] for each in payloads)
        return [Payload(metadata={"encoding": b"binary/reversed"}, data=data) for data in turned]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload.FromString(each.data[::-1]) if self.is_own(each) else each for each in payloads]

    def is_own(self, payload: Payload) -> bool:
        return payload.metadata["encoding"] == b"binary/reversed"


class Strict(Reversed):
    """Refuses what it did not encode."""

    def is_own(self, payload: Payload) -> bool:
        assert super().is_own(payload)
        return True


@pytest.mark.parametrize("codec", [Reversed(), Strict()], ids=["lenient", "strict"])
async def test_a_run_bears_a_mark_that_workers_can_live_with_and_keeps_it(client: Client, codec: Reversed) -> None:
    coding = Client(
        client.service_client, namespace=client.namespace, data_converter=DataConverter(payload_codec=codec)
    )
    job = define(args=["continue_once"], memo={"team": "orders"})
    async with working(coding):
        continued = await job.execute(coding, workflow_id="continued")
        assert await continued.result() == 42
        twice = RetryPolicy(initial_interval="1ms", maximum_attempts=2)
        retried = await job.execute(coding, args=["fail"], workflow_id="retried", retry_policy=twice)
        with pytest.raises(RunFailedError):
            await retried.result()
    assert (await describe(client, "retried")).execution.run_id != retried.run_id
    waiting = await job.execute(coding, args=["wait"], workflow_id="waiting")

    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'"shop"')
    mark = plain if type(codec) is Reversed else (await codec.encode([plain]))[0]
    for workflow_id, run_id in (("continued", continued.run_id), ("continued", None), ("retried", None)):
        memo = (await describe(client, workflow_id, run_id)).memo.fields
        assert memo["jobspec"] == mark
        assert codec.is_own(memo["team"])
        assert (await job.describe(coding, workflow_id, run_id)).memo == {"team": "orders"}
    with pytest.raises(RefusedError):
        await define(project="rival").terminate(coding, waiting.workflow_id)
    await job.terminate(coding, waiting.workflow_id)
