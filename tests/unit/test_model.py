from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import temporalio.common
from pydantic import ValidationError

from jobspec.errors import InvalidDefinitionError, JobspecError
from jobspec.spec.model import (
    CalendarSpec,
    IntervalSpec,
    JobSpec,
    OverlapPolicy,
    Priority,
    RetryPolicy,
    RunOptions,
    ScheduleSpec,
    WorkflowRef,
)
from jobspec.spec.validation import validate_job
from jobspec.timing.cron import parse_cron
from jobspec.timing.upcoming import Interval

if TYPE_CHECKING:
    from jobspec.spec.frozen_model import SpecPart

JOB: dict[str, Any] = {"name": "orders", "queue": "q", "workflow": "shop.workflows:Sync"}
HOUR = timedelta(hours=1)
GOOD_NAMES = ["a", "0", "orders-sync", "A.b_c:d/e-f", "a" * 200]
BAD_NAMES = ["", "-a", ".a", "a b", "é", "a" * 201, "a\n", "a*", "a@b"]


def job(**more: Any) -> JobSpec:
    return JobSpec.model_validate(JOB | more)


def schedule(**more: Any) -> ScheduleSpec:
    return ScheduleSpec.model_validate({"interval": "1h"} | more)


def run(**more: Any) -> RunOptions:
    return RunOptions.model_validate(more)


def codes(make: Any, **more: Any) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        make(**more)
    return [detail["type"] for detail in raised.value.errors()]


# A job


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_names_and_workflow_ids_are_words_that_any_shell_can_carry(name: str) -> None:
    assert job(name=name, run={"workflow_id": name}).workflow_id == name


@pytest.mark.parametrize("name", BAD_NAMES)
def test_other_names_and_workflow_ids_are_refused(name: str) -> None:
    assert codes(job, name=name) == codes(run, workflow_id=name) == ["JS201"]


def test_the_workflow_id_is_the_name_unless_it_is_set() -> None:
    assert job().workflow_id == "orders"
    assert job(run={"workflow_id": "other"}).workflow_id == "other"


@pytest.mark.parametrize("queue", ["q", "a b", "ü", "q" * 1000])
def test_a_task_queue_is_nearly_any_text(queue: str) -> None:
    assert job(queue=queue).queue == queue


@pytest.mark.parametrize("queue", ["", " ", " q", "q\n", "a\x00b", "a\x7fb", "/_sys/x", "q" * 1001, "é" * 501])
def test_a_task_queue_that_cannot_work_is_refused(queue: str) -> None:
    assert codes(job, queue=queue) == ["JS203"]


@pytest.mark.parametrize(
    ("written", "type_", "path"),
    [
        ("shop.workflows:Sync", "Sync", "shop.workflows:Sync"),
        ("shop:Outer.Inner", "Inner", "shop:Outer.Inner"),
        ({"type": "sync", "class": "shop.workflows:Sync"}, "sync", "shop.workflows:Sync"),
        ({"type": "sync-orders"}, "sync-orders", None),
    ],
)
def test_a_workflow_has_a_type_and_for_python_a_class(written: Any, type_: str, path: str | None) -> None:
    found = job(workflow=written).workflow
    assert (found.type, found.import_path) == (type_, path)
    assert job(workflow=found).workflow == found


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("shop.workflows.Sync", ["JS202"]),
        ("Sync", ["JS202"]),
        ("shop:", ["JS202"]),
        (":Sync", ["JS202"]),
        ("shop:Sync()", ["JS202"]),
        ("shop:a:b", ["JS202"]),
        (5, ["JS110"]),
        (["a:b"], ["JS110"]),
        ({"class": "a:B"}, ["missing"]),
        ({"type": ""}, ["JS203"]),
        ({"type": 5}, ["JS110"]),
        ({"type": "a", "klass": "a:B"}, ["extra_forbidden"]),
    ],
)
def test_other_workflows_are_refused(written: Any, found: list[str]) -> None:
    assert codes(job, workflow=written) == found


def test_words_for_people_are_text() -> None:
    found = job(description="d", owner="o", tags=["a", "b"])
    assert (found.description, found.owner, found.tags) == ("d", "o", ("a", "b"))
    assert codes(job, description=5, owner=5, tags="a") == ["string_type", "string_type", "tuple_type"]


def test_activities_are_import_paths() -> None:
    assert job(activities=["a:b", "a.b:c"]).activities == ("a:b", "a.b:c")
    assert codes(job, activities=["a.b", 5]) == ["JS202", "JS110"]


def test_arguments_are_the_input_or_args_or_none() -> None:
    assert job().arguments == ()
    assert job(input=None).arguments == (None,)
    assert job(input={"a": 1}).arguments == ({"a": 1},)
    assert job(args=[1, None]).arguments == (1, None)
    assert job(args=[]).arguments == ()


def test_input_is_kept_as_it_is() -> None:
    value = {"a": [1, 1.0, True, None, "x"], "b": {}}
    assert repr(job(input=value).input) == repr(value)


@pytest.mark.parametrize(
    "both",
    [
        {"input": 1, "args": [1]},
        {"input": None, "args": []},
        {"input_model": "a:B", "input_schema": "a.json"},
        {"args": [1], "input_schema": "a.json"},
    ],
)
def test_keys_that_exclude_each_other_are_refused(both: dict[str, Any]) -> None:
    assert codes(job, **both) == ["JS120"]


def test_unknown_and_missing_keys_are_refused() -> None:
    assert codes(JobSpec.model_validate, obj={"nme": "a"}) == ["missing", "missing", "missing", "extra_forbidden"]


# Run options


TIMEOUTS = ["execution_timeout", "run_timeout", "task_timeout"]


@pytest.mark.parametrize("key", TIMEOUTS)
def test_timeouts_are_durations_longer_than_zero(key: str) -> None:
    assert getattr(run(**{key: "1h"}), key) == getattr(run(**{key: HOUR}), key) == HOUR
    assert getattr(run(**{key: "36500d"}), key) == timedelta(days=36500)
    assert getattr(run(), key) is None
    assert codes(run, **{key: "0s"}) == codes(run, **{key: "36501d"}) == ["JS211"]
    for wrong in (5, 1.5, True, "5", "1 hour", "", [1], timedelta(seconds=-1)):
        assert codes(run, **{key: wrong}) == ["JS210"]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"execution_timeout": "1h", "run_timeout": "1h"}, {"execution_timeout": "1h", "run_timeout": "61m"}),
        ({"run_timeout": "1h", "task_timeout": "1h"}, {"run_timeout": "1h", "task_timeout": "61m"}),
        ({"execution_timeout": "1h", "task_timeout": "1h"}, {"execution_timeout": "1h", "task_timeout": "61m"}),
    ],
)
def test_an_inner_timeout_is_no_longer_than_an_outer_one(good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert run(**good).model_fields_set == set(good)
    assert codes(run, **bad) == ["JS211"]


def test_a_retry_policy_has_temporals_words_and_defaults() -> None:
    policy = RetryPolicy()
    assert (policy.initial_interval, policy.backoff_coefficient, policy.maximum_interval) == (
        timedelta(seconds=1),
        2.0,
        None,
    )
    assert (policy.maximum_attempts, policy.non_retryable_error_types) == (0, ())
    full = RetryPolicy.model_validate(
        {
            "initial_interval": "500ms",
            "backoff_coefficient": 1,
            "maximum_interval": "500ms",
            "maximum_attempts": 3,
            "non_retryable_error_types": ["BadOrder"],
        }
    )
    assert (full.maximum_attempts, full.non_retryable_error_types) == (3, ("BadOrder",))


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ({"backoff_coefficient": 0.99}, "JS230"),
        ({"backoff_coefficient": float("inf")}, "JS230"),
        ({"backoff_coefficient": float("nan")}, "JS230"),
        ({"maximum_attempts": -1}, "JS230"),
        ({"initial_interval": "2s", "maximum_interval": "1s"}, "JS230"),
        ({"maximum_interval": "500ms"}, "JS230"),
        ({"initial_interval": "0s"}, "JS211"),
        ({"initial_interval": 1}, "JS210"),
        ({"maximum_attempts": True}, "int_type"),
        ({"non_retryable_error_types": "BadOrder"}, "tuple_type"),
        ({"attempts": 3}, "extra_forbidden"),
    ],
)
def test_a_retry_policy_that_cannot_work_is_refused(policy: dict[str, Any], found: str) -> None:
    assert codes(RetryPolicy.model_validate, obj=policy) == [found]


@pytest.mark.parametrize("key", ["backoff_coefficient", "fairness_weight"])
@pytest.mark.parametrize("wrong", ["2", True])
def test_a_factor_is_a_number_and_no_text(key: str, wrong: Any) -> None:
    model = RetryPolicy if key == "backoff_coefficient" else Priority
    assert codes(model.model_validate, obj={key: wrong}) == ["float_type"]


def test_a_priority_has_temporals_words() -> None:
    found = Priority.model_validate({"priority_key": 1, "fairness_key": "k" * 64, "fairness_weight": 1000})
    assert (found.priority_key, found.fairness_key, found.fairness_weight) == (1, "k" * 64, 1000)


@pytest.mark.parametrize(
    "priority",
    [{"priority_key": 0}, {"fairness_key": "k" * 65}, {"fairness_weight": 0}, {"fairness_weight": 1000.1}],
)
def test_a_priority_that_cannot_work_is_refused(priority: dict[str, Any]) -> None:
    assert codes(Priority.model_validate, obj=priority) == ["JS231"]


def test_memo_and_search_attributes_keep_their_types() -> None:
    attributes = {"A": "x", "B": 1, "C": 1.5, "D": True, "E": ["x", "y"]}
    found = run(memo={"a": {"b": None}}, search_attributes=attributes)
    assert found.memo == {"a": {"b": None}}
    assert repr(found.search_attributes) == repr(attributes | {"E": ("x", "y")})


@pytest.mark.parametrize("value", [{}, [1], [], None])
def test_other_search_attributes_are_refused(value: Any) -> None:
    assert codes(run, search_attributes={"A": value})


def test_a_summary_and_details_are_text() -> None:
    found = run(static_summary="s", static_details="d\nd")
    assert (found.static_summary, found.static_details) == ("s", "d\nd")
    assert codes(run, static_summary=1, static_details=[]) == ["string_type", "string_type"]


# Schedules


def test_a_schedule_has_temporals_defaults() -> None:
    found = schedule()
    assert (found.timezone, found.skip, found.start_at, found.end_at) == ("UTC", (), None, None)
    assert (found.jitter, found.overlap, found.catchup_window) == (
        timedelta(0),
        OverlapPolicy.SKIP,
        timedelta(days=365),
    )
    assert (found.pause_on_failure, found.paused) == (False, None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1h", [(HOUR, timedelta(0))]),
        (HOUR, [(HOUR, timedelta(0))]),
        ({"every": "1h", "offset": "59m59s"}, [(HOUR, timedelta(minutes=59, seconds=59))]),
        (["1s", {"every": "1h"}], [(timedelta(seconds=1), timedelta(0)), (HOUR, timedelta(0))]),
        (IntervalSpec(every=HOUR), [(HOUR, timedelta(0))]),
    ],
)
def test_an_interval_is_a_duration_a_mapping_or_a_list(written: Any, expected: list[Any]) -> None:
    found = schedule(interval=written).interval
    assert [(interval.every, interval.offset) for interval in found] == expected


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("500ms", "JS212"),
        ("1.5s", "JS212"),
        ("0s", "JS212"),
        (5, "JS210"),
        (True, "JS210"),
        ({"every": "1h", "offset": "1h"}, "JS212"),
        ({"every": "1h", "offset": "1ms"}, "JS212"),
        ({"every": "1h", "phase": "1m"}, "extra_forbidden"),
        ({"offset": "1m"}, "missing"),
        ([], "JS120"),
        (None, "model_type"),
    ],
)
def test_other_intervals_are_refused(written: Any, found: str) -> None:
    assert found in codes(schedule, interval=written)


def test_cron_is_kept_as_text_one_or_several() -> None:
    assert ScheduleSpec.model_validate({"cron": "0 9 * * MON-FRI"}).cron == ("0 9 * * MON-FRI",)
    assert ScheduleSpec.model_validate({"cron": ["@daily", "0 9 * * * 2027"]}).cron == ("@daily", "0 9 * * * 2027")


@pytest.mark.parametrize(
    "cron", ["", "* * * *", "60 * * * *", "@every 1h", "CRON_TZ=UTC 0 9 * * *", "0 9 * * *#x", 5, None, {"a": 1}]
)
def test_other_cron_is_refused(cron: Any) -> None:
    assert codes(ScheduleSpec.model_validate, obj={"cron": cron}) == ["JS220"]


CALENDARS = [
    ("second", 59, 60),
    ("minute", "*/15", "*/0"),
    ("hour", "9-17", "17-9"),
    ("day_of_month", "1,15", 0),
    ("month", "JAN-MAR", 13),
    ("year", 2027, 1999),
    ("day_of_week", "MON-FRI", 8),
]


@pytest.mark.parametrize(("key", "good", "bad"), CALENDARS)
def test_calendar_fields_are_kept_as_written(key: str, good: Any, bad: Any) -> None:
    assert getattr(CalendarSpec.model_validate({key: good}), key) == good
    assert getattr(CalendarSpec.model_validate({key: [good]}), key) == (good,)
    for wrong in (bad, [good, bad], True, 1.5, "", []):
        assert codes(CalendarSpec.model_validate, obj={key: wrong}) == ["JS221"]


def test_a_comment_has_200_bytes_at_most() -> None:
    assert CalendarSpec(comment="é" * 100).comment == "é" * 100
    assert codes(CalendarSpec.model_validate, obj={"comment": "é" * 101}) == ["JS221"]


def test_what_a_calendar_leaves_out_depends_on_where_it_stands() -> None:
    calendar = CalendarSpec(day_of_week="MON")
    assert calendar.compile(left_out="start").hour == (0,)
    assert calendar.compile(left_out="every").hour == tuple(range(24))
    assert calendar.compile(left_out="start").day_of_month == tuple(range(1, 32))


def test_exactly_one_kind_of_schedule_is_wanted() -> None:
    assert codes(ScheduleSpec.model_validate, obj={}) == ["JS120"]
    assert codes(schedule, cron="@daily") == codes(schedule, calendar={"hour": 1}) == ["JS120"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_time_zones_are_names_of_the_iana_database(zone: str) -> None:
    assert schedule(timezone=zone).timezone == zone


@pytest.mark.parametrize("zone", ["Berlin", "Europe/Berln", "", "../etc/passwd", "+01:00", 5, None, "Local"])
def test_other_time_zones_are_refused(zone: Any) -> None:
    assert codes(schedule, timezone=zone) == ["JS216"]


def test_skip_takes_dates_and_calendars() -> None:
    found = schedule(skip=["2026-12-25", {"month": 1, "day_of_month": 1}, date(2027, 1, 6)]).skip
    assert [(c.year, c.month, c.day_of_month) for c in found] == [(2026, 12, 25), (None, 1, 1), (2027, 1, 6)]


@pytest.mark.parametrize(
    "wrong", ["2026-02-30", "25.12.2026", "2026-1-1", "20261225", "2026-12-25T00:00:00Z", 5, None, []]
)
def test_other_dates_to_skip_are_refused(wrong: Any) -> None:
    assert codes(schedule, skip=[wrong]) == ["JS222"]


def test_skip_is_a_list() -> None:
    assert codes(schedule, skip="2026-12-25") == ["tuple_type"]


@pytest.mark.parametrize("key", ["start_at", "end_at"])
def test_start_and_end_are_times_with_an_offset(key: str) -> None:
    expected = datetime(2027, 1, 1, tzinfo=UTC)
    for written in ("2027-01-01T00:00:00Z", "2027-01-01t01:00:00+01:00", "2027-01-01 00:00:00.000Z", expected):
        assert getattr(schedule(**{key: written}), key) == expected
    elsewhere = datetime(2027, 1, 1, 1, tzinfo=timezone(HOUR))
    assert getattr(schedule(**{key: elsewhere}), key) == expected
    wrongs: tuple[Any, ...] = (
        "2027-01-01",
        "2027-01-01T00:00:00",
        "2027-13-01T00:00:00Z",
        "2027-01-01T00:00:00.1234567Z",
        "tomorrow",
        5,
        datetime(2027, 1, 1),  # noqa: DTZ001 - it must be refused
    )
    for wrong in wrongs:
        assert codes(schedule, **{key: wrong}) == ["JS215"]


def test_jitter_has_milliseconds() -> None:
    assert schedule(jitter="1500ms").jitter == timedelta(seconds=1.5)
    assert schedule(jitter="0s").jitter == timedelta(0)
    assert codes(schedule, jitter="1us") == ["JS213"]
    assert codes(schedule, jitter=5) == ["JS210"]


@pytest.mark.parametrize("policy", list(OverlapPolicy))
def test_an_overlap_policy_is_one_of_temporals(policy: OverlapPolicy) -> None:
    assert schedule(overlap=policy.value).overlap is schedule(overlap=policy).overlap is policy
    assert codes(schedule, overlap=policy.value.upper()) == ["enum"]


def test_a_catchup_window_is_longer_than_zero() -> None:
    assert schedule(catchup_window="10s").catchup_window == timedelta(seconds=10)
    assert codes(schedule, catchup_window="0s") == ["JS214"]
    assert codes(schedule, catchup_window="-1s") == ["JS210"]


def test_paused_is_true_or_a_reason() -> None:
    assert schedule(paused=True).paused is True
    assert schedule(paused="because").paused == "because"
    wrongs: tuple[Any, ...] = (False, "", " ", 5, [])
    for wrong in wrongs:
        assert codes(schedule, paused=wrong) == ["JS217"]


def test_pause_on_failure_is_a_truth_value() -> None:
    assert schedule(pause_on_failure=True).pause_on_failure is True
    assert codes(schedule, pause_on_failure="yes") == ["bool_type"]


def test_the_timetable_has_all_that_decides_when_it_fires() -> None:
    found = ScheduleSpec.model_validate(
        {
            "cron": ["0 9 * * *", "@daily"],
            "skip": [{"month": 1}],
            "timezone": "Europe/Berlin",
            "start_at": "2027-01-01T00:00:00Z",
        }
    ).timetable
    assert found.calendars == (parse_cron("0 9 * * *"), parse_cron("@daily"))
    assert (found.timezone, found.start_at) == ("Europe/Berlin", datetime(2027, 1, 1, tzinfo=UTC))
    assert found.skip[0].second == tuple(range(60))
    assert schedule(interval={"every": "1h", "offset": "1m"}).timetable.intervals == (Interval(every=3600, offset=60),)


def test_a_spec_is_frozen_and_equal_to_another_of_the_same_text() -> None:
    assert job(schedule={"cron": "@daily"}) == job(schedule={"cron": ["@daily"]})
    found = job()
    with pytest.raises(ValidationError):
        found.name = "other"  # type: ignore[misc]
    computed = job(schedule={"interval": "1h"})
    assert computed.schedule is not None
    assert computed.schedule.timetable.intervals
    assert computed == job(schedule={"interval": "1h"})


def test_parts_can_be_made_in_code() -> None:
    made = JobSpec(
        name="orders",
        queue="q",
        workflow=WorkflowRef(type="sync"),
        schedule=ScheduleSpec(interval=(IntervalSpec(every=HOUR),), overlap=OverlapPolicy.ALLOW_ALL),
    )
    written = job(workflow={"type": "sync"}, schedule={"interval": "1h", "overlap": "allow_all"})
    assert made == written


def test_a_part_made_in_code_says_all_that_is_wrong_with_it_in_our_words() -> None:
    with pytest.raises(JobspecError) as caught:
        ScheduleSpec(cron="61 * * * *", timezone="Europe/Berln", catchup_windw="1h")  # type: ignore[call-arg]
    lines = str(caught.value).splitlines()
    assert lines[0] == "the `ScheduleSpec` is invalid:"
    assert [line.split(":")[0] for line in lines[1:]] == ["  cron", "  timezone", "  catchup_windw"]
    assert "did you mean `Europe/Berlin`?" in lines[2]
    assert "did you mean `catchup_window`?" in lines[3]
    assert isinstance(caught.value.__cause__, ValidationError)


@pytest.mark.parametrize(
    ("part", "values", "said"),
    [
        (ScheduleSpec, {}, "the schedule does not say when (set one of `interval`, `cron` and `calendar`)"),
        (IntervalSpec, {}, "lacks `every`"),
        (RetryPolicy, {"backoff_coefficient": 0.5}, "backoff_coefficient: the backoff coefficient must be 1 or more"),
        (RunOptions, {"run_timeout": "2h", "execution_timeout": "1h"}, "run_timeout: `run_timeout` is longer than"),
        (CalendarSpec, {"hour": 25}, "hour: "),
        (WorkflowRef, {"type": ""}, "type: "),
        (JobSpec, {"name": "a b"}, "the job `a b` is invalid:\n  name: the name `a b` is not allowed"),
        (
            RunOptions,
            {"retry_policy": temporalio.common.RetryPolicy(), "priority": temporalio.common.Priority()},
            "`retry_policy` must be a mapping, not Temporal's own `RetryPolicy` (use `jobspec.RetryPolicy`)",
        ),
    ],
)
def test_every_part_raises_our_error(part: type[SpecPart], values: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=re.escape(said)):
        part(**values)


def test_a_workflow_is_named_in_code_by_type_and_import_path() -> None:
    made = WorkflowRef(type="sync", import_path="shop.workflows:Sync")
    assert made == WorkflowRef.model_validate({"type": "sync", "class": "shop.workflows:Sync"})
    assert job(workflow=made).workflow == made
    assert isinstance(validate_job({**JOB, "workflow": {"type": "sync", "import_path": "a:B"}}), tuple)
    with pytest.raises(InvalidDefinitionError, match="has no `:`"):
        WorkflowRef(type="sync", import_path="shop.workflows.Sync")


def test_a_wrong_part_in_a_job_is_still_told_with_the_rest() -> None:
    judged = validate_job({"name": "a b", "queue": "q", "workflow": "x", "schedule": {"cron": "61 * * * *"}})
    assert isinstance(judged, tuple)
    assert {problem.path for problem in judged} == {("name",), ("workflow",), ("schedule", "cron")}
