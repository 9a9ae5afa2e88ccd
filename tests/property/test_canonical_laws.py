"""Laws of the canonical form, on values."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from strategies import jobs
from temporalio.api.schedule.v1 import Schedule
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.planning.desired import make_desired
from jobspec.spec.model import JobSpec
from jobspec.temporal.schedules.canonical import canonicalize
from jobspec.temporal.schedules.messages import differing_fields, overlay


def desire(job: dict[str, Any]) -> Any:
    return make_desired(JobSpec.model_validate(job), pydantic_data_converter.payload_converter)


@given(jobs())
def test_the_same_spec_gives_the_same_form(job: dict[str, Any]) -> None:
    again = json.loads(json.dumps(job))

    assert desire(job).canonical == desire(again).canonical


@given(jobs(), jobs())
def test_laying_one_schedule_over_another_gives_the_one(one: dict[str, Any], other: dict[str, Any]) -> None:
    live, desired = desire(one), desire(other)

    merged = overlay(live.message, desired.message, fields=differing_fields(live.canonical, desired.canonical))

    assert canonicalize(merged) == desired.canonical


@given(jobs())
def test_the_form_survives_the_wire(job: dict[str, Any]) -> None:
    desired = desire(job)

    assert canonicalize(Schedule.FromString(desired.message.SerializeToString())) == desired.canonical
