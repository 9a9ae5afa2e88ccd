"""What a run that is started by hand is given, and what its workflow makes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel
from temporalio import workflow

from jobspec import Definition, InvalidDefinitionError, RunOptions
from jobspec.library.job_input import UNSET, check_run_input, fit_run, list_arguments, read_input


class Batch(BaseModel):
    region: str
    size: int = 10


@workflow.defn
class Sync:
    @workflow.run
    async def run(self, batch: Batch) -> str:
        return batch.region


JOB = Definition("a", "q", workflow=Sync, input={"region": "eu"}, run=RunOptions(memo={"team": "shop"}))


@pytest.mark.parametrize(
    ("value", "args", "listed"),
    [
        (UNSET, UNSET, {}),
        (None, UNSET, {"input": None}),
        (UNSET, (1, 2), {"args": [1, 2]}),
        (UNSET, (), {"args": []}),
        (UNSET, "ab", {"args": "ab"}),
        (UNSET, {"a": 1}, {"args": {"a": 1}}),
    ],
)
def test_arguments_are_those_that_were_given(value: Any, args: Any, listed: dict[str, Any]) -> None:
    assert list_arguments(value, args) == listed


def test_options_of_a_run_replace_those_of_the_job_one_by_one() -> None:
    run = fit_run(JOB.spec, {"workflow_id": "mine", "run_timeout": timedelta(minutes=1)}, {}).run
    assert (run.workflow_id, run.run_timeout, run.memo) == ("mine", timedelta(minutes=1), {"team": "shop"})


def test_arguments_of_a_run_replace_all_of_the_job() -> None:
    assert fit_run(JOB.spec, {}, {}).input == {"region": "eu"}
    spec = fit_run(JOB.spec, {}, {"args": [1, 2]})
    assert spec.args == (1, 2)
    assert "input" not in spec.model_fields_set


@pytest.mark.parametrize(
    ("options", "arguments", "said"),
    [
        ({"run_timeout": "soon"}, {}, "run_timeout"),
        ({}, {"input": 1, "args": [1]}, "`args`"),
        ({}, {"args": "ab"}, "`args` must be a list"),
    ],
)
def test_a_run_that_no_spec_could_ask_for_is_refused(
    options: dict[str, Any], arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidDefinitionError, match=said):
        fit_run(JOB.spec, options, arguments)


def test_the_input_of_a_run_must_fit_the_code() -> None:
    job = JOB._job
    check_run_input(job, job.spec, job.load_code(), own_converter=False)
    spec = fit_run(job.spec, {}, {"input": {"region": "eu", "size": "many"}})
    with pytest.raises(InvalidDefinitionError, match=r"`input\.size` must be a whole number, not text"):
        check_run_input(job, spec, job.load_code(), own_converter=False)


def test_input_is_read_as_the_workflow_will_see_it() -> None:
    assert read_input(JOB._job) == Batch(region="eu", size=10)
