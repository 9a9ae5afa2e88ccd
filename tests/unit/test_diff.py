from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.planning.desired import make_desired
from jobspec.planning.diff import ABSENT, FieldChange, explain_difference, explain_settings, show_instant
from jobspec.spec.model import JobSpec
from jobspec.temporal.schedules.canonical import CanonicalPayload, CanonicalSchedule


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
        ({"calendar": {"hour": 9}}, {"calendar": {"hour": 10}}, [("schedule.calendar", {"hour": 9}, {"hour": 10})]),
        (
            {"calendar": {"hour": 9}},
            {"calendar": [{"hour": 9}, {"hour": 10, "comment": "late"}]},
            [("schedule.calendar", {"hour": 9}, [{"hour": 9}, {"hour": 10, "comment": "late"}])],
        ),
        (
            {"cron": "0 9 * * *"},
            {"calendar": {"hour": 10}},
            [("schedule.cron", "0 9 * * *", ABSENT), ("schedule.calendar", ABSENT, {"hour": 10})],
        ),
        ({"calendar": {"hour": 9}}, {"cron": "0 10 * * *"}, [("schedule.cron", "0 9 * * *", "0 10 * * *")]),
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


def payload(encoding: str, value: str | bytes = b"") -> CanonicalPayload:
    return CanonicalPayload(encoding=encoding, value=value)


NULL, ENCODED_NULL = payload("binary/null"), payload("json/plain", "null")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            payload("binary/encrypted", b"one"),
            payload("json/plain", "1"),
            ("(3 bytes of binary/encrypted, sha256 7692c3ad3540)", 1),
        ),
        (
            payload("json/plain", b"\xff{"),
            payload("binary/plain", b"\xff{"),
            (
                "(2 bytes of json/plain, sha256 b26f99543485)",
                "(2 bytes of binary/plain, sha256 b26f99543485)",
            ),
        ),
        (
            NULL,
            ENCODED_NULL,
            ({"encoding": "binary/null", "value": None}, {"encoding": "json/plain", "value": None}),
        ),
        (
            payload("json/protobuf", '{"a":1}'),
            payload("json/plain", '{"a":1}'),
            ({"encoding": "json/protobuf", "value": {"a": 1}}, {"encoding": "json/plain", "value": {"a": 1}}),
        ),
    ],
)
def test_payloads_that_are_not_plain_values_are_described(
    before: CanonicalPayload, after: CanonicalPayload, expected: tuple[Any, Any]
) -> None:
    base = make(HOURLY)
    sides = [replace(base, input=(each,)) for each in (before, after)]
    (change,) = explain_difference(*sides)
    assert (change.field, change.before, change.after, change.is_raw) == ("input", *expected, True)
    sides = [replace(base, input=(each, ENCODED_NULL)) for each in (before, after)]
    (change,) = explain_difference(*sides)
    assert (change.field, change.before, change.after) == ("args", [expected[0], None], [expected[1], None])
    assert change.is_raw
    sides = [replace(base, memo=(("team", each), ("x", ENCODED_NULL))) for each in (before, after)]
    (change,) = explain_difference(*sides)
    assert (change.path, change.before, change.after) == (("run", "memo", "team"), *expected)
    sides = [replace(base, static_summary=each) for each in (before, after)]
    assert explain(*sides) == [("run.static_summary", *expected)]


def test_a_null_in_place_of_nothing_is_a_difference() -> None:
    base = make(HOURLY)
    assert explain(replace(base, static_summary=NULL), base) == [("run.static_summary", None, ABSENT)]


@pytest.mark.parametrize(
    ("origin", "expected"),
    [({"is_live": True}, ("schedule.cron", "0 9 * * *")), ({"is_live": False}, ("schedule.calendar", {"hour": 9}))],
)
def test_what_a_spec_said_is_told_in_its_key_and_what_is_live_as_cron(origin: dict[str, bool], expected: Any) -> None:
    calendar = make({"calendar": {"hour": 9}})
    settings = explain_settings(calendar, name="job", **origin)
    assert (settings[0].field, settings[0].after) == expected
    change = explain_difference(calendar, make(HOURLY), **origin)[0]
    assert (change.field, change.before) == expected


def test_a_retry_policy_that_comes_is_one_change_and_shows_no_defaults() -> None:
    found = explain(make(HOURLY), make(HOURLY, run={"retry_policy": {"maximum_attempts": 3}}))
    assert found == [("run.retry_policy", ABSENT, {"maximum_attempts": 3})]


def test_a_creation_leaves_out_defaults() -> None:
    found = explain_settings(make({"cron": "@daily", "timezone": "Europe/Berlin"}), name="job")
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
