from __future__ import annotations

from typing import Any

import pytest

from jobspec.diagnostics import RULES
from jobspec.spec.loader import load_listings
from jobspec.spec.model import JobSpec
from jobspec.spec.spec_files import Listing, SourceFile
from jobspec.spec.validation import Problem, find_path, find_value, say_path, validate_job
from jobspec.spec.vocabulary import JOB_KEYS, suggest_key, suggest_word

JOB: dict[str, Any] = {"name": "a", "queue": "q", "workflow": "a:B"}


def judge(**more: Any) -> tuple[Problem, ...]:
    found = validate_job(JOB | more)
    assert isinstance(found, tuple)
    return found


def only(**more: Any) -> Problem:
    [problem] = judge(**more)
    return problem


def test_a_good_job_is_a_spec() -> None:
    assert validate_job(JOB) == JobSpec.model_validate(JOB)


# Every mistake at its line and column: the text stands from line 4 on, after name, queue and workflow.

MISTAKES = [
    ("ownr: me", "JS101", "4:1"),
    ("schedule: {cron: '@daily', jiter: 1s}", "JS101", "4:28"),
    ("schedule:\n  calendar:\n  - {hour: 1}\n  - {hours: 1}", "JS101", "7:6"),
    ("run: {retry_policy: {attempts: 1}}", "JS101", "4:22"),
    ("schedule: {interval: {offset: 1m}}", "JS102", "4:22"),
    ("schedule: {interval: [1h, {offset: 1m}]}", "JS102", "4:27"),
    ("owner: 5", "JS110", "4:8"),
    ("tags: orders", "JS110", "4:7"),
    ("tags: [orders, 5]", "JS110", "4:16"),
    ("schedule: 0 9 * * *", "JS110", "4:11"),
    ("run: 5", "JS110", "4:6"),
    ("run: {search_attributes: {A: {b: 1}}}", "JS110", "4:30"),
    ("run: {search_attributes: {A: [x, 1]}}", "JS110", "4:34"),
    ("schedule: {cron: '@daily', overlap: Skip}", "JS111", "4:37"),
    ("schedule: {}", "JS120", "4:11"),
    ("schedule: {timezone: UTC}", "JS120", "4:11"),
    ("schedule:\n  interval: 1h\n  cron: '@daily'", "JS120", "6:3"),
    ("input: 1\nargs: [1]", "JS120", "5:1"),
    ("input_model: a:B\ninput_schema: a.json", "JS120", "5:1"),
    ("run: {workflow_id: a b}", "JS201", "4:20"),
    ("run: {memo: {team: a, jobspec: x}}", "JS201", "4:32"),
    ("input_model: shop.models.Orders", "JS202", "4:14"),
    ("activities: ['a:b', 'a.b.c']", "JS202", "4:21"),
    ("run: {run_timeout: 5}", "JS210", "4:20"),
    ("schedule: {interval: 1 hour}", "JS210", "4:22"),
    ("schedule: {interval: [1h, 5]}", "JS210", "4:27"),
    ("run: {run_timeout: 0s}", "JS211", "4:20"),
    ("run: {run_timeout: 36501d}", "JS211", "4:20"),
    ("run: {execution_timeout: 1h, run_timeout: 2h}", "JS211", "4:43"),
    ("schedule: {interval: 500ms}", "JS212", "4:22"),
    ("schedule: {interval: {every: 1h, offset: 1h}}", "JS212", "4:42"),
    ("schedule: {interval: 1h, jitter: 1us}", "JS213", "4:34"),
    ("schedule: {interval: 1h, catchup_window: 0s}", "JS214", "4:42"),
    ("schedule: {interval: 1h, start_at: 2027-01-01}", "JS215", "4:36"),
    ("schedule: {interval: 1h, timezone: Berlin}", "JS216", "4:36"),
    ("schedule: {interval: 1h, paused: false}", "JS217", "4:34"),
    ("schedule: {cron: 0 61 * * *}", "JS220", "4:20"),
    ("schedule: {cron: ['@daily', '0 61 * * *']}", "JS220", "4:32"),
    ("schedule: {cron: 'CRON_TZ=UTC 0 9 * * *'}", "JS220", "4:19"),
    ("schedule: {calendar: {hour: 24}}", "JS221", "4:29"),
    ("schedule: {calendar: {comment: 'C'}}".replace("C", "c" * 201), "JS221", "4:32"),
    ("schedule: {interval: 1h, skip: [2026-02-30]}", "JS222", "4:33"),
    ("schedule: {interval: 1h, skip: [5]}", "JS222", "4:33"),
    ("run: {retry_policy: {backoff_coefficient: 0.5}}", "JS230", "4:43"),
    ("run: {priority: {priority_key: 0}}", "JS231", "4:32"),
]


def load_text(text: str) -> list[tuple[str, str]]:
    file = SourceFile(path="a.yaml", data=f"name: a\nqueue: q\nworkflow: a:B\n{text}\n".encode())
    loaded = load_listings([Listing(root=".", files=(file,))], read=lambda path: SourceFile(path=path))
    return [(found.code, str(found.location)) for found in loaded.diagnostics]


@pytest.mark.parametrize(("text", "code", "place"), MISTAKES)
def test_each_mistake_is_told_at_its_place(text: str, code: str, place: str) -> None:
    assert load_text(text) == [(code, f"a.yaml:{place}")]


def test_a_queue_is_judged_at_its_place() -> None:
    file = SourceFile(path="a.yaml", data=b"name: a\nqueue: ' q'\nworkflow: a:B\n")
    loaded = load_listings([Listing(root=".", files=(file,))], read=lambda path: SourceFile(path=path))
    assert [(found.code, str(found.location)) for found in loaded.diagnostics] == [("JS203", "a.yaml:2:8")]


def test_the_table_above_has_every_code_that_a_job_alone_can_have() -> None:
    elsewhere = {
        "JS103",
        "JS104",
        "JS105",
        "JS130",
        "JS140",
        "JS150",
        "JS203",
        "JS240",
        "JS241",
    }  # tested with the loader
    codes = {code for code in RULES if code.startswith(("JS1", "JS2"))}
    assert {code for _, code, _ in MISTAKES} == codes - elsewhere


# Unknown keys


@pytest.mark.parametrize(
    ("key", "path", "hint"),
    [
        ("nmae", (), "did you mean `name`?"),
        ("descripton", (), "did you mean `description`?"),
        ("Queue", (), "write `queue`"),
        ("input-model", (), "write `input_model`"),
        ("concurrencyPolicy", (), "jobspec calls it `schedule.overlap`"),
        ("concurrencyPolicy", ("schedule",), "write `overlap`"),
        ("task_queue", (), "write `queue`"),
        ("taskQueue", (), "write `queue`"),
        ("timeZone", (), "jobspec calls it `schedule.timezone`"),
        ("timeZone", ("schedule",), "write `timezone`"),
        ("time_zone", ("schedule",), "write `timezone`"),
        ("tz", ("schedule",), "write `timezone`"),
        ("timezone", (), "it belongs under `schedule`"),
        ("startingDeadlineSeconds", (), "jobspec calls it `schedule.catchup_window`"),
        ("suspend", (), "jobspec calls it `schedule.paused`"),
        ("crontab", (), "jobspec calls it `schedule.cron`"),
        ("cron_expressions", ("schedule",), "write `cron`"),
        ("cron", (), "it belongs under `schedule`"),
        ("paused", (), "it belongs under `schedule`"),
        ("every", ("schedule",), "it belongs under `schedule.interval`"),
        ("hour", ("schedule",), "it belongs under `schedule.calendar`"),
        ("day_of_month", (), "it belongs under `schedule.calendar`"),
        ("schedule_id", (), "write `name`"),
        ("id", (), "write `name`"),
        ("workflow_type", (), "write `workflow`"),
        ("params", (), "write `input`"),
        ("payload", (), "write `input`"),
        ("retries", (), "jobspec calls it `run.retry_policy.maximum_attempts`"),
        ("retry_policy", (), "it belongs under `run`"),
        ("retryPolicy", ("run",), "write `retry_policy`"),
        ("maximum_attempts", ("run",), "it belongs under `run.retry_policy`"),
        ("timeout", (), "jobspec calls it `run.execution_timeout`"),
        ("executionTimeout", ("run",), "write `execution_timeout`"),
        ("execution_timeout", (), "it belongs under `run`"),
        ("memo", (), "it belongs under `run`"),
        ("exclude", ("schedule",), "write `skip`"),
        ("skip_dates", (), "jobspec calls it `schedule.skip`"),
        ("start_date", ("schedule",), "write `start_at`"),
        ("catchup", ("schedule",), "write `catchup_window`"),
        ("queue", ("schedule",), "it belongs at the top of the job"),
        ("clas", ("workflow",), "did you mean `class`?"),
        ("zzz", ("schedule", "interval", 3), "allowed here: `every` and `offset`"),
        ("input", ("run",), "it belongs at the top of the job"),
    ],
)
def test_an_unknown_key_gets_a_hint(key: str, path: Any, hint: str) -> None:
    assert suggest_key(key, path) == hint


def test_the_keys_are_those_of_the_models() -> None:
    assert set(JOB_KEYS.inside) == set(JobSpec.model_fields)
    workflow = JOB_KEYS.at(("workflow",))
    assert workflow is not None
    assert set(workflow.inside) == {"type", "class"}
    assert JOB_KEYS.at(("schedule", "skip", 3)) == JOB_KEYS.at(("schedule", "calendar"))
    assert JOB_KEYS.at(("input", "anything")) is None


def test_the_nearest_word_is_asked_for() -> None:
    assert suggest_word("stagin", ["prod", "staging"]) == "did you mean `staging`?"
    assert suggest_word("x", ["prod", "staging"]) == ""


def test_a_misspelt_key_is_not_also_missing() -> None:
    found = validate_job({"nmae": "a", "queue": "q", "workflow": "a:B"})
    assert isinstance(found, tuple)
    assert [(problem.code, problem.path) for problem in found] == [("JS101", ("nmae",))]


# Types


@pytest.mark.parametrize(
    ("more", "message", "hint"),
    [
        ({"owner": 5}, "`owner` must be text, not the number `5`", 'write "5" in quotes'),
        ({"owner": True}, "`owner` must be text, not `true`", 'write "true" in quotes'),
        ({"owner": ["a"]}, "`owner` must be text, not a list", ""),
        ({"tags": "a"}, "`tags` must be a list, not text", "write `[a]`"),
        ({"tags": ["a", None]}, "`tags[1]` must be text, not null", ""),
        ({"run": []}, "`run` must be a mapping, not a list", ""),
        ({"run": {"memo": "x"}}, "`memo` must be a mapping, not text", ""),
        (
            {"schedule": {"cron": "@daily", "pause_on_failure": "yes"}},
            "`pause_on_failure` must be `true` or `false`, not text",
            "write `true`; YAML 1.2 reads `yes` as text",
        ),
        ({"schedule": "0 9 * * *"}, "`schedule` must be a mapping, not text", 'write `schedule: {cron: "0 9 * * *"}`'),
        ({"schedule": "1h"}, "`schedule` must be a mapping, not text", "write `schedule: {interval: 1h}`"),
        (
            {"schedule": "never"},
            "`schedule` must be a mapping, not text",
            "write it as a mapping with `interval`, `cron` or `calendar`",
        ),
        (
            {"run": {"retry_policy": {"maximum_attempts": 1.5}}},
            "`maximum_attempts` must be a whole number, not the number `1.5`",
            "",
        ),
        (
            {"run": {"search_attributes": {"A": {}}}},
            "`A` must be text, a number, `true` or `false` or a list, not a mapping",
            "",
        ),
        ({"workflow": 5}, "an import path must be text, not the number `5`", ""),
        ({"name": 5}, "the name must be text, not the number `5`", 'write "5" in quotes'),
    ],
)
def test_a_wrong_type_is_told_in_a_persons_words(more: dict[str, Any], message: str, hint: str) -> None:
    problem = only(**more)
    assert (problem.code, problem.message, problem.hint) == ("JS110", message, hint)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Skip", "skip"),
        ("SKIP", "skip"),
        ("bufferOne", "buffer_one"),
        ("SCHEDULE_OVERLAP_POLICY_ALLOW_ALL", "allow_all"),
        ("Forbid", "skip"),
        ("Replace", "terminate_other"),
        ("Allow", "allow_all"),
        ("cancel", "cancel_other"),
    ],
)
def test_other_words_for_an_overlap_policy_are_understood_well_enough_to_ask(written: str, meant: str) -> None:
    problem = only(schedule={"cron": "@daily", "overlap": written})
    assert (problem.code, problem.hint) == ("JS111", f"did you mean `{meant}`?")


@pytest.mark.parametrize("written", [5, None, [], "nonsense"])
def test_an_overlap_policy_that_resembles_none_gets_the_list(written: Any) -> None:
    problem = only(schedule={"cron": "@daily", "overlap": written})
    assert problem.code == "JS111"
    assert "`skip`, `buffer_one`" in problem.message


# Paths


def test_steps_that_the_written_value_lacks_are_left_out() -> None:
    written = {"interval": "1h", "skip": ["2026-12-25", {"month": 1}]}
    assert find_path(("interval", 0, "every"), written) == ("interval",)
    assert find_path(("skip", 0, "month"), written) == ("skip", 0)
    assert find_path(("skip", 1, "month", "int"), written) == ("skip", 1, "month")


def test_paths_are_written_with_dots_and_brackets() -> None:
    assert say_path(("schedule", "skip", 2, "month")) == "schedule.skip[2].month"
    assert say_path(()) == ""


def test_the_value_at_a_path_is_none_where_there_is_none() -> None:
    assert find_value({"a": [1, {"b": 2}]}, ("a", 1, "b")) == 2
    assert find_value({"a": [1]}, ("a", 7)) is None
    assert find_value("text", ("a",)) is None


def test_all_mistakes_come_at_once_relations_of_keys_included() -> None:
    found = judge(input=1, args=[1], owner=5, schedule={"cron": "x", "interval": "1h"})
    assert sorted((problem.code, say_path(problem.path)) for problem in found) == [
        ("JS110", "owner"),
        ("JS120", "args"),
        ("JS120", "schedule.cron"),
        ("JS220", "schedule.cron"),
    ]


def test_what_one_value_lacks_against_another_is_said_beside_all_other_mistakes() -> None:
    policy = {
        "initial_interval": "2m",
        "maximum_interval": "1m",
        "backoff_coefficient": 0.5,
        "maximum_attempts": -1,
        "non_retryable_error_types": "x",
    }
    run = {
        "execution_timeout": "1h",
        "run_timeout": "2h",
        "task_timeout": "3h",
        "workflow_id": "-",
        "retry_policy": policy,
        "priority": {"priority_key": 0, "fairness_weight": 0, "fairness_key": "x" * 65, "weight": 1},
    }
    schedule = {"interval": [{"every": "1h", "offset": "2h", "of": 1}], "jitter": "x"}
    found = judge(run=run, schedule=schedule)
    assert sorted((problem.code, say_path(problem.path)) for problem in found if problem.code > "JS2") == [
        ("JS201", "run.workflow_id"),
        ("JS210", "schedule.jitter"),
        ("JS211", "run.run_timeout"),
        ("JS211", "run.task_timeout"),
        ("JS212", "schedule.interval[0].offset"),
        ("JS230", "run.retry_policy.backoff_coefficient"),
        ("JS230", "run.retry_policy.maximum_attempts"),
        ("JS230", "run.retry_policy.maximum_interval"),
        ("JS231", "run.priority.fairness_key"),
        ("JS231", "run.priority.fairness_weight"),
        ("JS231", "run.priority.priority_key"),
    ]


def test_a_schedule_without_times_is_said_beside_other_mistakes_but_not_beside_a_mistyped_key() -> None:
    found = judge(schedule={"timezone": "Mars"})
    assert sorted((problem.code, say_path(problem.path)) for problem in found) == [
        ("JS120", "schedule"),
        ("JS216", "schedule.timezone"),
    ]
    assert [problem.code for problem in judge(schedule={"timezone": "Mars", "intervl": "1h"})] == ["JS216", "JS101"]
    assert only(schedule={"cronExpression": "@daily"}).hint == "write `cron`"


def test_the_first_wrong_entry_of_a_calendar_field_is_meant() -> None:
    problem = only(schedule={"calendar": {"hour": [9, None, 30]}})
    assert (say_path(problem.path), problem.message) == (
        "schedule.calendar.hour[1]",
        "hour must list numbers and text, not null",
    )


@pytest.mark.parametrize("key", ["queue", "name"])
def test_a_number_where_text_is_meant_needs_quotes(key: str) -> None:
    assert only(**{key: 7}).hint == 'write "7" in quotes'


def test_the_allowed_keys_are_those_of_the_place() -> None:
    assert "`jobs`" not in only(blah=1).hint
    assert only(job=[]).hint == "did you mean `jobs`?"
    listing = Listing(
        root="specs",
        files=(SourceFile(path="specs/defaults.yaml", data=b"blah: 1\nenv: {dev: {blah: 1}}\n"),),
    )
    missing = SourceFile(path="x")
    hints = [found.hint for found in load_listings([listing], read=lambda _: missing).diagnostics]
    assert ["`name`" in hint for hint in hints] == [False, False]
    assert ["`env`" in hint for hint in hints] == [True, False]
