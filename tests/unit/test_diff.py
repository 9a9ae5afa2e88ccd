from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.live.canonical import CanonicalPayload, CanonicalSchedule
from jobspec.live.messages import make_desired
from jobspec.planning.diff import ABSENT, FieldChange, explain_creation, explain_difference, show_instant
from jobspec.spec.model import JobSpec


def make(schedule: dict[str, Any], **more: Any) -> CanonicalSchedule:
    job = JobSpec.model_validate(
        {"name": "job", "queue": "queue", "workflow": {"type": "Work"}, "schedule": schedule, **more}
    )
    return make_desired(job, pydantic_data_converter.payload_converter).canonical


def explain(before: CanonicalSchedule, after: CanonicalSchedule) -> list[tuple[str, Any, Any]]:
    return [(change.field, change.before, change.after) for change in explain_difference(before, after)]


HOURLY = {"interval": "1h"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"cron": "0 1 * * *"}, {"cron": "0 2 * * *"}, [("schedule.cron", "0 1 * * *", "0 2 * * *")]),
        (
            {"cron": "0 9 * * *"},
            {"calendar": {"hour": 9}},
            [("schedule.calendar.comment", "0 9 * * *", ABSENT)],
        ),
        (
            {"calendar": {"hour": 9, "comment": "mornings"}},
            {"cron": "0 9 * * *"},
            [("schedule.calendar.comment", "mornings", "0 9 * * *")],
        ),
        (
            {"calendar": {"hour": 9, "comment": "mornings"}},
            {"cron": "0 8 * * *"},
            [
                ("schedule.cron", ABSENT, "0 8 * * *"),
                ("schedule.calendar", {"hour": 9, "comment": "mornings"}, ABSENT),
            ],
        ),
        ({"cron": "0 9 * * 1-5"}, {"cron": "0 9 * * MON-FRI"}, [("schedule.cron", "0 9 * * 1-5", "0 9 * * MON-FRI")]),
        (
            {"calendar": [{"hour": 8, "comment": "a"}, {"hour": 9, "comment": "b"}]},
            {"calendar": [{"hour": 8, "comment": "b"}, {"hour": 9, "comment": "a"}]},
            [
                (
                    "schedule.calendar",
                    [{"hour": 8, "comment": "a"}, {"hour": 9, "comment": "b"}],
                    [{"hour": 8, "comment": "b"}, {"hour": 9, "comment": "a"}],
                )
            ],
        ),
        (
            {"calendar": {"second": "*/7", "minute": "*", "hour": "*"}},
            HOURLY,
            [("schedule.cron", "*/7 * * * * * *", ABSENT), ("schedule.interval", ABSENT, "1h")],
        ),
        (
            {**HOURLY, "skip": ["2026-12-25"]},
            {**HOURLY, "skip": [{"month": 12, "day_of_month": 25}, "2026-12-24"]},
            [("schedule.skip", ["2026-12-25"], [{"month": 12, "day_of_month": 25}, "2026-12-24"])],
        ),
    ],
)
def test_times_are_explained_in_the_words_of_a_spec(before: Any, after: Any, expected: Any) -> None:
    assert explain(make(before), make(after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"input": {"a": 1, "b": 2}}, {"input": {"a": 1, "b": 3}}, [("input.b", 2, 3)]),
        ({"input": {"a": 1}}, {"input": {"b": 1}}, [("input", {"a": 1}, {"b": 1})]),
        ({"input": {"a": None}}, {"input": {"a": 1, "b": None}}, [("input.a", None, 1), ("input.b", ABSENT, None)]),
        ({"input": {"a": 1}}, {"input": {"a": 1.0}}, [("input.a", 1, 1.0)]),
        ({}, {"input": None}, [("input", ABSENT, None)]),
        ({"input": None}, {"args": [None, None]}, [("args", [None], [None, None])]),
        ({"args": [1, 2]}, {}, [("args", [1, 2], ABSENT)]),
    ],
)
def test_inputs_are_explained_by_key_and_tell_null_from_nothing(before: Any, after: Any, expected: Any) -> None:
    found = explain(make(HOURLY, **before), make(HOURLY, **after))
    assert repr(found) == repr(expected)


def test_payloads_that_cannot_be_read_are_told_apart() -> None:
    base = make(HOURLY)
    sides = [
        replace(base, input=(CanonicalPayload(encoding="binary/encrypted", value=value),)) for value in (b"one", b"two")
    ]
    ((field, before, after),) = explain(*sides)
    assert field == "input"
    assert before == "(3 bytes of binary/encrypted, sha256 7692c3ad3540)"
    assert after == "(3 bytes of binary/encrypted, sha256 3fc4ccfe7458)"


def test_a_difference_that_looks_alike_is_shown_all_the_same() -> None:
    base = make(HOURLY)
    sides = [
        replace(base, input=(CanonicalPayload(encoding=encoding, value="1"),))
        for encoding in ("json/plain", "json/protobuf")
    ]
    ((field, before, after),) = explain(*sides)
    assert field == "input"
    assert before != after


def test_a_retry_policy_that_comes_is_one_change_and_shows_no_defaults() -> None:
    found = explain(make(HOURLY), make(HOURLY, run={"retry_policy": {"maximum_attempts": 3}}))
    assert found == [("run.retry_policy", ABSENT, {"maximum_attempts": 3})]


def test_a_creation_leaves_out_defaults() -> None:
    found = explain_creation(make({"cron": "@daily", "timezone": "Europe/Berlin"}), name="job")
    assert [(change.field, change.after) for change in found] == [
        ("schedule.cron", "@daily"),
        ("schedule.timezone", "Europe/Berlin"),
        ("workflow", "Work"),
        ("queue", "queue"),
    ]


@pytest.mark.parametrize(
    ("field", "private"),
    [
        ("input", "input"),
        ("input.secret", "input"),
        ("args", "args"),
        ("run.memo.team", "run.memo"),
        ("run.static_summary", "run.static_summary"),
        ("input_of_another_kind", None),
        ("run.search_attributes.Region", None),
    ],
)
def test_what_goes_through_a_codec_is_private(field: str, private: str | None) -> None:
    assert FieldChange(field=field, before=1, after=2).private_field == private


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (None, None),
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.5Z"),
        (-62_135_596_800 * 10**9, "0001-01-01T00:00:00Z"),
        (10**21, "1000000000000000000000ns since 1970"),
    ],
)
def test_instants_are_rfc_3339(nanoseconds: int | None, text: str | None) -> None:
    assert show_instant(nanoseconds) == text
