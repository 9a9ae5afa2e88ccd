from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from temporalio.common import Priority, RetryPolicy

from jobspec.spec.model import JobSpec
from jobspec.temporal.runs.run_starts import make_start_options


def options(**job: Any) -> dict[str, Any]:
    return make_start_options(
        JobSpec.model_validate({"name": "orders", "queue": "q", "workflow": {"type": "W"}, **job})
    )


def test_a_job_that_says_little_sends_little() -> None:
    assert {key: value for key, value in options().items() if value} == {
        "id": "orders",
        "task_queue": "q",
        "priority": Priority.default,
    }


def test_all_that_a_spec_says_of_a_run_is_sent() -> None:
    run = {
        "workflow_id": "other",
        "execution_timeout": "2h",
        "run_timeout": "1h",
        "task_timeout": "5s",
        "retry_policy": {"maximum_attempts": 3, "non_retryable_error_types": ["BadOrder"]},
        "memo": {"team": "orders"},
        "search_attributes": {"Region": "eu", "Shops": ["a", "b"]},
        "static_summary": "one line",
        "static_details": "several\nlines",
        "priority": {"priority_key": 2, "fairness_key": "eu", "fairness_weight": 0.5},
    }
    assert options(args=[1, None], run=run) == {
        "args": [1, None],
        "id": "other",
        "task_queue": "q",
        "execution_timeout": timedelta(hours=2),
        "run_timeout": timedelta(hours=1),
        "task_timeout": timedelta(seconds=5),
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(seconds=1),
            backoff_coefficient=2.0,
            maximum_attempts=3,
            non_retryable_error_types=("BadOrder",),
        ),
        "memo": {"team": "orders"},
        "search_attributes": {"Region": "eu", "Shops": ("a", "b")},
        "static_summary": "one line",
        "static_details": "several\nlines",
        "priority": Priority(priority_key=2, fairness_key="eu", fairness_weight=0.5),
    }


@pytest.mark.parametrize("given", [{"input": None}, {"args": [None]}])
def test_a_null_is_an_argument(given: dict[str, Any]) -> None:
    assert options(**given)["args"] == [None]
