"""The canonical form against what real servers answered (tests/data/canonical.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from pydantic import ValidationError
from temporalio.api.schedule.v1 import Schedule
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import MalformedScheduleError
from jobspec.planning.desired import Desired, make_desired
from jobspec.spec.model import JobSpec
from jobspec.temporal.plain_json import plain_payload
from jobspec.temporal.schedules.canonical import CanonicalPayload, CanonicalSchedule, canonical_payload, canonicalize
from jobspec.temporal.schedules.messages import differing_fields, overlay

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "canonical.json").read_text())
ANSWERED = [case for case in RECORDED if "schedule_out" in case]
ACCEPTED = [case for case in ANSWERED if "startWorkflow" in case["schedule_out"]["action"]]

CALENDAR_WORDS = {
    "second": "second", "minute": "minute", "hour": "hour", "dayOfMonth": "day_of_month",
    "month": "month", "year": "year", "dayOfWeek": "day_of_week", "comment": "comment",
}  # fmt: skip
POLICY_WORDS = {"overlapPolicy": "overlap", "catchupWindow": "catchup_window", "pauseOnFailure": "pause_on_failure"}
TIMEOUT_WORDS = {
    "workflowExecutionTimeout": "execution_timeout",
    "workflowRunTimeout": "run_timeout",
    "workflowTaskTimeout": "task_timeout",
}


def as_spec(schedule: dict[str, Any]) -> dict[str, Any] | None:
    """Say in a spec's words what was sent to the server; None where a spec has no words for it."""
    sent = schedule.get("spec", {})
    action = schedule["action"]["startWorkflow"]
    kinds = [kind for kind in ("cronString", "calendar", "interval") if kind in sent]
    if len(kinds) != 1 or {"structuredCalendar", "excludeCalendar", "excludeStructuredCalendar"} & sent.keys():
        return None
    if {"input", "memo", "userMetadata", "searchAttributes"} & action.keys():
        return None
    words = _schedule_words(sent)
    for key, value in schedule.get("policies", {}).items():
        if key not in POLICY_WORDS or (isinstance(value, int) and not isinstance(value, bool)):
            return None
        words[POLICY_WORDS[key]] = (
            value.removeprefix("SCHEDULE_OVERLAP_POLICY_").lower() if key == "overlapPolicy" else value
        )
    run = {to: action[key] for key, to in TIMEOUT_WORDS.items() if key in action}
    if "retryPolicy" in action:
        run["retry_policy"] = {_snake(key): value for key, value in action["retryPolicy"].items()}
    if "priority" in action:
        run["priority"] = {_snake(key): value for key, value in action["priority"].items()}
    return {
        "name": "job",
        "queue": action["taskQueue"]["name"],
        "workflow": {"type": action["workflowType"]["name"]},
        "run": {**run, "workflow_id": action["workflowId"]},
        "schedule": words,
    }


def _schedule_words(sent: dict[str, Any]) -> dict[str, Any]:
    words: dict[str, Any] = {"timezone": sent.get("timezoneName", "UTC")}
    renamed = {"cronString": "cron", "startTime": "start_at", "endTime": "end_at", "jitter": "jitter"}
    words |= {to: sent[key] for key, to in renamed.items() if key in sent}
    if "calendar" in sent:
        words["calendar"] = [{CALENDAR_WORDS[key]: value for key, value in entry.items()} for entry in sent["calendar"]]
    if "interval" in sent:
        words["interval"] = [
            {"every": entry["interval"], **({"offset": entry["phase"]} if "phase" in entry else {})}
            for entry in sent["interval"]
        ]
    return words


def _snake(word: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in word)


def desire(words: dict[str, Any]) -> Desired:
    return make_desired(JobSpec.model_validate(words), pydantic_data_converter.payload_converter)


def answer_of(case: dict[str, Any]) -> CanonicalSchedule:
    return canonicalize(ParseDict(case["schedule_out"], Schedule()))


def without_comments(canonical: CanonicalSchedule) -> CanonicalSchedule:
    from dataclasses import replace

    return replace(canonical, calendars=frozenset(replace(calendar, comment="") for calendar in canonical.calendars))


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: f"{case['backend'][:5]}-{case['case']}")
def test_what_the_server_answers_equals_what_the_spec_asks_for(case: dict[str, Any]) -> None:
    words = as_spec(case["schedule_in"])
    if words is None:
        answer_of(case)
        return
    try:
        desired = desire(words)
    except ValidationError:
        return  # refusals have their own tests; how many pass is counted below

    # A cron's text is put into the comment by us, so the recorded answers do not have it.
    assert without_comments(desired.canonical) == without_comments(answer_of(case))


def test_most_recorded_answers_are_compared() -> None:
    compared = 0
    for case in ACCEPTED:
        words = as_spec(case["schedule_in"])
        try:
            compared += words is not None and bool(desire(words))
        except ValidationError:
            continue

    assert compared >= 140


def test_both_backends_answer_alike() -> None:
    answers: dict[str, dict[str, CanonicalSchedule]] = {}
    for case in ACCEPTED:
        answers.setdefault(case["case"], {})[case["backend"]] = answer_of(case)

    pairs = [pair for pair in answers.values() if len(pair) == 2]
    # A catch-up of 0 or less is the one value that the two read differently, and a spec cannot say it.
    unlike = [pair for pair in pairs if len(set(pair.values())) > 1]
    assert len(pairs) > 100
    assert all(differing_fields(*pair.values()) == ("catchup_window",) for pair in unlike)


def test_a_schedule_without_action_is_malformed() -> None:
    with pytest.raises(MalformedScheduleError):
        canonicalize(Schedule())


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, True), (0, False), (None, "null"), ([1], [1.0]), ("1", 1), ({}, []), ([], None)]
)
def test_values_of_different_types_differ(one: Any, other: Any) -> None:
    assert canonical_payload(plain_payload(one)) != canonical_payload(plain_payload(other))


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical_payload(plain_payload({"a": 1, "b": 2})) == canonical_payload(plain_payload({"b": 2, "a": 1}))


def test_what_is_no_json_is_compared_as_bytes() -> None:
    payload = plain_payload("text")
    payload.data = b"\xff{"

    assert canonical_payload(payload) == CanonicalPayload(encoding="json/plain", value=b"\xff{")


def test_an_overlay_replaces_only_the_fields_that_differ() -> None:
    words = {"name": "job", "queue": "q", "workflow": {"type": "W"}, "schedule": {"interval": "1h"}}
    before = desire(words)
    after = desire({**words, "schedule": {"interval": "2h", "jitter": "1s"}, "run": {"task_timeout": "5s"}})
    live = Schedule()
    live.CopyFrom(before.message)
    live.policies.keep_original_workflow_id = True
    live.spec.timezone_data = b"data"
    live.state.limited_actions = True

    fields = differing_fields(before.canonical, after.canonical)
    merged = overlay(live, after.message, fields=fields)

    assert fields == ("intervals", "jitter", "task_timeout")
    assert canonicalize(merged) == after.canonical
    assert merged.policies.keep_original_workflow_id
    assert merged.spec.timezone_data == b"data"
    assert merged.state.limited_actions


def test_a_new_time_zone_replaces_the_data_of_the_old_one() -> None:
    words = {"name": "job", "queue": "q", "workflow": {"type": "W"}, "schedule": {"cron": "@daily"}}
    before, after = desire(words), desire({**words, "schedule": {"cron": "@daily", "timezone": "Asia/Tokyo"}})
    live = Schedule()
    live.CopyFrom(before.message)
    live.spec.timezone_data = b"data"

    merged = overlay(live, after.message, fields=differing_fields(before.canonical, after.canonical))

    assert merged.spec.timezone_name == "Asia/Tokyo"
    assert not merged.spec.timezone_data


def test_an_overlay_keeps_fields_that_this_version_does_not_know() -> None:
    words = {"name": "job", "queue": "q", "workflow": {"type": "W"}, "schedule": {"interval": "1h"}}
    before, after = desire(words), desire({**words, "queue": "other"})
    unknown = b"\xfa\x3f\x03new"  # field 1023, which no message has
    live = Schedule.FromString(before.message.SerializeToString() + unknown)
    live.action.start_workflow.MergeFromString(unknown)

    merged = overlay(live, after.message, fields=differing_fields(before.canonical, after.canonical))

    assert merged.SerializeToString().endswith(unknown)
    assert unknown in merged.action.SerializeToString()
    assert merged.action.start_workflow.task_queue.name == "other"
