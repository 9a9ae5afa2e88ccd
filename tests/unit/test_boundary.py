"""Arguments of a wrong kind: one sentence each, before anything is done, and nothing of ours deep inside."""

# mypy: disable-error-code="arg-type, list-item, dict-item"

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import temporalio.client
import temporalio.common
from temporalio.contrib.pydantic import pydantic_data_converter

import jobspec
from jobspec import (
    Collector,
    Definition,
    InvalidDefinitionError,
    JobspecError,
    Registry,
    Status,
    TimeRange,
    UsageError,
    WorkflowRef,
)
from jobspec.jobs.boundary import read_statuses

if TYPE_CHECKING:
    from collections.abc import Callable

JOB = Definition("a", "q", workflow=WorkflowRef(type="x"), schedule=jobspec.ScheduleSpec(interval="1h"), project="shop")
NOW = datetime.now(UTC)


class Client:
    """Enough to pass for a client; whatever asks it for anything fails."""

    workflow_service = namespace = identity = None
    data_converter = pydantic_data_converter


CLIENT: Any = Client()


@pytest.mark.parametrize("client", [None, "localhost:7233", object(), temporalio.client.Client])
@pytest.mark.parametrize(
    "call",
    [
        JOB.execute,
        lambda client: JOB.describe(client, "x"),
        JOB.list_runs,
        lambda client: JOB.history(client, "x"),
        JOB.stats,
        lambda client: JOB.query(client, "x", "y"),
        lambda client: JOB.signal(client, "x", "y"),
        lambda client: JOB.cancel(client, "x"),
        lambda client: JOB.terminate(client, "x"),
        JOB.task_queue_info,
        JOB.apply_schedule,
        JOB.delete_schedule,
        JOB.describe_schedule,
        JOB.pause_schedule,
        JOB.resume_schedule,
        JOB.trigger_schedule,
        lambda client: JOB.backfill_schedule(client, NOW, NOW),
        Registry(JOB, project="shop").apply_schedules,
        Registry(JOB, project="shop").list_schedules,
        lambda client: jobspec.plan(client, Registry(JOB, project="shop")),
        lambda client: jobspec.survey_jobs(client, Registry(JOB, project="shop")),
        lambda client: jobspec.apply(client, CLIENT),
        lambda client: jobspec.run_workers(client, {}, stop=asyncio.Event()),
    ],
)
async def test_what_is_no_client_is_refused_everywhere(call: Callable[[Any], Any], client: Any) -> None:
    with pytest.raises(UsageError, match=r"the client must be a connected `temporalio.client.Client`, not "):
        await call(client)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: JOB.describe(CLIENT, ""), "the workflow id is empty"),
        (lambda: JOB.describe(CLIENT, None), "the workflow id must be text, not `None`"),
        (lambda: JOB.describe(CLIENT, "x", ""), "the run id is empty; leave it out to mean the latest run"),
        (lambda: JOB.history(CLIENT, 5), "the workflow id must be text, not `5`"),
        (lambda: JOB.history(CLIENT, "x", max_events="5"), "the number of events must be a whole number, not `'5'`"),
        (lambda: JOB.query(CLIENT, "", "y"), "the workflow id is empty"),
        (lambda: JOB.query(CLIENT, "x", ""), "the name of the query is empty"),
        (lambda: JOB.signal(CLIENT, "x", None), "the name of the signal must be text, not `None`"),
        (lambda: JOB.cancel(CLIENT, ""), "the workflow id is empty"),
        (lambda: JOB.terminate(CLIENT, ""), "the workflow id is empty"),
        (lambda: JOB.terminate(CLIENT, "x", reason=None), "the reason must be text, not `None`"),
        (lambda: JOB.list_runs(CLIENT, page_size="5"), "the page size must be a whole number, not `'5'`"),
        (lambda: JOB.list_runs(CLIENT, page_size=True), "the page size must be a whole number, not `True`"),
        (
            lambda: JOB.list_runs(CLIENT, page_token="x"),  # noqa: S106  no password
            "the page token must be bytes, as `next_page_token` gives them",
        ),
        (
            lambda: JOB.list_runs(CLIENT, status=5),
            "the status must be a `Status`, its word or several of these, not `5`",
        ),
        (
            lambda: JOB.list_runs(CLIENT, status=b"failed"),
            "the status must be a `Status`, its word or several of these, not `b'failed'`",
        ),
        (lambda: JOB.list_runs(CLIENT, time_range=5), "the time range must be a `TimeRange`, not `5`"),
        (
            lambda: JOB.list_runs(CLIENT, time_range=TimeRange(since="2026-01-01")),
            "`since` of the time range must be a `datetime`, not `'2026-01-01'`",
        ),
        (lambda: JOB.stats(CLIENT, time_zone=None), "the time zone must be text, not `None`"),
        (lambda: JOB.pause_schedule(CLIENT, 5), "the reason must be text, not `5`"),
        (lambda: JOB.resume_schedule(CLIENT, by=""), "`by` is empty"),
        (
            lambda: JOB.backfill_schedule(CLIENT, "2026-01-01", NOW),
            "the start must be a `datetime`, not `'2026-01-01'`",
        ),
        (
            lambda: jobspec.plan(CLIENT, "specs"),
            "what is planned for must be a `Registry`, not `'specs'`; load one with",
        ),
        (lambda: jobspec.plan(CLIENT, Registry(), allow="empty"), "`allow` is a list: write `allow=['empty']`"),
        (
            lambda: jobspec.plan(CLIENT, Registry(), allow=["deletes"]),
            "`allow=['deletes']` names no guard; write `empty` or `deletes=25`",
        ),
        (lambda: jobspec.survey_jobs(CLIENT, None), "what is surveyed must be a `Registry`, not `None`"),
        (lambda: jobspec.survey_jobs(CLIENT, Registry(), "a"), "`names` is a list: write `names=['a']`"),
        (lambda: jobspec.survey_jobs(CLIENT, Registry(), None), "`names` is a list, not `None`"),
        (lambda: jobspec.survey_jobs(CLIENT, Registry(), [5]), "the name of a job must be text, not `5`"),
        (lambda: jobspec.plan(CLIENT, Registry(), allow=None), "`allow` is a list, not `None`"),
        (lambda: jobspec.apply(CLIENT, Registry()), "what is applied must be a `Planned`, not a `Registry`; make one"),
        (
            lambda: jobspec.run_workers(CLIENT, [], stop=asyncio.Event()),
            "what workers run must be a `Mapping`, not a `l",
        ),
        (
            lambda: jobspec.run_workers(CLIENT, {"orders": []}, stop=asyncio.Event()),
            "what a worker of `orders` runs must be a `Registrations`, not a `list`; hand over",
        ),
    ],
)
async def test_a_wrong_argument_is_said_before_anything_is_asked(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        await call()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: JOB.get_run(CLIENT, ""), "the workflow id is empty"),
        (lambda: JOB.get_run(None, "x"), "the client must be"),
        (lambda: Registry(None), "a job of a registry must be a `Definition`, not `None`"),
        (lambda: Registry([JOB]), "must be a `Definition`, not a `list`; write `Registry(*definitions)`"),
        (lambda: Registry().add("a"), "a job of a registry must be a `Definition`, not `'a'`"),
        (lambda: Registry().must_get(None), "the name of a job must be text, not `None`"),
        (lambda: Definition.from_spec({"name": "a"}), "the spec must be a `JobSpec`, not a `dict`"),
        (lambda: Definition("a", "q", workflow="a:B").register(None), "must be a `Collector`, not `None`"),
        (lambda: Collector().finish("orders"), "`queues` is a list: write `queues=['orders']`"),
        (lambda: Collector().finish(None), "`queues` is a list, not `None`"),
        (lambda: Collector().finish([5]), "the task queue must be text, not `5`"),
        (lambda: Collector().add_activity("", print), "the task queue is empty"),
        (lambda: jobspec.make_worker(CLIENT, {}), "what a worker runs must be a `Registrations`, not a `dict`"),
    ],
)
def test_what_asks_no_server_says_it_too(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        call()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workflow_id": ""}, "  workflow_id: the workflow id "),
        ({"workflow_id": 5}, "  workflow_id: the workflow id "),
        ({"memo": 5}, "memo: `memo` must be a mapping, not the number `5`"),
        ({"memo": {1: 2}}, "memo: a key of `memo` must be text, not the number `1`"),
        ({"args": 5}, "args: `args` must be a list"),
        ({"input": {"x": float("nan")}}, "input.x: `input.x` is `nan`, and JSON has finite numbers only"),
        ({"input": print}, "input: `input` cannot be written as JSON: Unable to serialize unknown type"),
        ({"memo": {"x": float("inf")}}, "run.memo.x: `run.memo.x` is `inf`"),
        ({"retry_policy": temporalio.common.RetryPolicy()}, "not Temporal's own `RetryPolicy` (use `jobspec.Retry"),
    ],
)
async def test_a_run_starts_with_no_wrong_option(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=re.escape(said)):
        await JOB.execute(CLIENT, **options)


def test_a_definition_says_all_wrong_kinds_at_once() -> None:
    wrong: dict[str, Any] = {"workflow": None, "activities": None, "tags": None, "args": 5, "run": "", "schedule": 1}
    with pytest.raises(InvalidDefinitionError) as caught:
        Definition("a", "q", **wrong)
    said = [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert sorted(said) == ["activities", "args", "run", "schedule", "tags", "workflow"]


def test_states_are_read_as_words_and_as_values() -> None:
    assert read_statuses(None) == read_statuses([]) == ()
    assert read_statuses("completed") == read_statuses(Status.COMPLETED) == (Status.COMPLETED,)
    assert read_statuses(["failed", Status.TIMED_OUT]) == (Status.FAILED, Status.TIMED_OUT)
    with pytest.raises(JobspecError, match=r"there is no status `'cancelled'`; did you mean `canceled`\?"):
        read_statuses("cancelled")
    with pytest.raises(UsageError, match=r"there is no status `'x'`; there are `running`, `completed`.* and `paused`"):
        read_statuses(["x"])
