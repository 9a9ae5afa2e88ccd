"""Arguments that cannot be meant: one sentence each, before anything is sent."""

# mypy: disable-error-code="arg-type, list-item, dict-item"

from __future__ import annotations

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
    UsageError,
    WorkflowRef,
)
from jobspec.library.call_arguments import read_statuses

if TYPE_CHECKING:
    from collections.abc import Callable

JOB = Definition("a", "q", workflow=WorkflowRef(type="x"), schedule=jobspec.ScheduleSpec(interval="1h"), project="shop")
NOW = datetime.now(UTC)


class Client:
    """Enough to pass for a client; whatever asks it for anything fails."""

    workflow_service = namespace = identity = None
    data_converter = pydantic_data_converter


CLIENT: Any = Client()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: JOB.describe(CLIENT, ""), "the workflow id is empty"),
        (lambda: JOB.describe(CLIENT, "x", ""), "the run id is empty; leave it out to mean the latest run"),
        (lambda: JOB.query(CLIENT, "", "y"), "the workflow id is empty"),
        (lambda: JOB.query(CLIENT, "x", ""), "the name of the query is empty"),
        (lambda: JOB.cancel(CLIENT, ""), "the workflow id is empty"),
        (lambda: JOB.terminate(CLIENT, ""), "the workflow id is empty"),
        (lambda: JOB.resume_schedule(CLIENT, by=""), "`by` is empty"),
        (lambda: jobspec.plan(CLIENT, Registry(), allow="empty"), "`allow` is a list: write `allow=['empty']`"),
        (
            lambda: jobspec.plan(CLIENT, Registry(), allow=["deletes"]),
            "`allow=['deletes']` names no guard; write `empty` or `deletes=25`",
        ),
        (lambda: jobspec.survey_jobs(CLIENT, Registry(), "a"), "`names` is a list: write `names=['a']`"),
    ],
)
async def test_a_wrong_argument_is_said_before_anything_is_asked(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        await call()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: JOB.get_run(CLIENT, ""), "the workflow id is empty"),
        (lambda: Collector().finish("orders"), "`queues` is a list: write `queues=['orders']`"),
        (lambda: Collector().add_activity("", print), "the task queue is empty"),
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
