from __future__ import annotations

from typing import Any

import pytest

from jobspec.spec.merge import Origin, is_touched, merge, origin, trace

JOB = {"name": "orders", "queue": "q", "workflow": "a:B"}


def test_later_layers_win_in_the_order_outermost_nearest_file_job_environment() -> None:
    layers: list[Any] = [
        {"queue": "outermost", "owner": "outermost", "description": "outermost", "input_model": "outermost"},
        {"owner": "nearest", "description": "nearest", "input_model": "nearest"},
        {"description": "file", "input_model": "file"},
        {"input_model": "job", "env": {"prod": {"workflow": "environment"}}},
    ]
    assert merge(layers, "prod") == {
        "queue": "outermost",
        "owner": "nearest",
        "description": "file",
        "input_model": "job",
        "workflow": "environment",
    }


def test_mappings_merge_and_anything_else_replaces() -> None:
    below = {"run": {"run_timeout": "1h", "retry_policy": {"maximum_attempts": 3}}, "tags": ["a", "b"]}
    above = {"run": {"task_timeout": "5s", "retry_policy": {"initial_interval": "2s"}}, "tags": ["c"]}
    assert merge([below, above]) == {
        "run": {
            "run_timeout": "1h",
            "retry_policy": {"maximum_attempts": 3, "initial_interval": "2s"},
            "task_timeout": "5s",
        },
        "tags": ["c"],
    }


def test_a_text_replaces_a_mapping_and_a_mapping_a_text() -> None:
    below = {"workflow": {"type": "x"}, "run": "wrong"}
    assert merge([below, {"workflow": "a:B", "run": {"run_timeout": "1h"}}]) == {
        "workflow": "a:B",
        "run": {"run_timeout": "1h"},
    }


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ({"owner": "me"}, {"owner": None}, {}),
        ({"run": {"run_timeout": "1h"}}, {"run": {"run_timeout": None}}, {"run": {}}),
        ({"run": {"run_timeout": "1h"}}, {"run": None}, {}),
        ({}, {"owner": None, "run": {"run_timeout": None}}, {"run": {}}),
        ({"args": [1]}, {"args": None}, {}),
        ({"run": {"memo": {"team": "a"}}}, {"run": {"memo": {"team": None}}}, {"run": {"memo": {}}}),
    ],
)
def test_null_unsets(below: dict[str, Any], above: dict[str, Any], expected: dict[str, Any]) -> None:
    assert merge([below, above]) == expected


def test_what_was_unset_can_be_set_again_from_nothing() -> None:
    assert merge([{"run": {"run_timeout": "1h"}}, {"run": None}, {"run": {"task_timeout": "5s"}}]) == {
        "run": {"task_timeout": "5s"}
    }


def test_input_null_is_a_value_and_never_unsets() -> None:
    assert merge([{"input": {"a": 1}}, {"input": None}]) == {"input": None}


def test_input_and_args_are_replaced_whole() -> None:
    assert merge([{"input": {"a": 1, "b": 2}}, {"input": {"b": 3}}]) == {"input": {"b": 3}}
    assert merge([{"args": [{"a": 1}]}, {"args": [{"b": 3}]}]) == {"args": [{"b": 3}]}


@pytest.mark.parametrize("kind", ["interval", "cron", "calendar"])
def test_setting_one_kind_of_schedule_drops_its_inherited_siblings(kind: str) -> None:
    kinds = {"interval": "1h", "cron": "@daily", "calendar": {"hour": 1}}
    inherited = {"schedule": {key: value for key, value in kinds.items() if key != kind} | {"jitter": "1s"}}
    assert merge([inherited, {"schedule": {kind: kinds[kind]}}]) == {"schedule": {"jitter": "1s", kind: kinds[kind]}}


def test_setting_input_drops_inherited_args_and_the_other_way_round() -> None:
    assert merge([{"args": [1]}, {"input": {"a": 1}}]) == {"input": {"a": 1}}
    assert merge([{"input": {"a": 1}}, {"args": [1]}]) == {"args": [1]}
    assert merge([{"args": [1]}, {"input": None}]) == {"input": None}


def test_unsetting_one_kind_drops_no_sibling() -> None:
    assert merge([{"schedule": {"interval": "1h"}}, {"schedule": {"cron": None}}]) == {"schedule": {"interval": "1h"}}
    assert merge([{"input": 1}, {"args": None}]) == {"input": 1}


def test_siblings_in_the_same_layer_stay_to_be_reported() -> None:
    both = {"schedule": {"interval": "1h", "cron": "@daily"}, "input": 1, "args": [1]}
    assert merge([{"schedule": {"calendar": {"hour": 1}}}, both]) == both


def test_an_environment_drops_the_siblings_of_the_base() -> None:
    job = {"schedule": {"cron": "@daily"}, "env": {"dev": {"schedule": {"interval": "1h"}}}}
    assert merge([job], "dev") == {"schedule": {"interval": "1h"}}


def test_an_inherited_schedule_applies_only_to_jobs_that_have_one() -> None:
    defaults = {"schedule": {"cron": "@daily", "timezone": "Europe/Berlin"}}
    assert merge([defaults, JOB]) == JOB
    assert merge([defaults, {**JOB, "schedule": {}}]) == {**JOB, **defaults}


def test_an_inherited_environments_schedule_applies_only_to_jobs_that_have_one() -> None:
    defaults = {"env": {"dev": {"schedule": {"paused": True}, "owner": "dev"}}}
    assert merge([defaults, JOB], "dev") == {**JOB, "owner": "dev"}
    assert merge([defaults, {**JOB, "schedule": {"interval": "1h"}}], "dev") == {
        **JOB,
        "owner": "dev",
        "schedule": {"interval": "1h", "paused": True},
    }


def test_a_schedule_for_one_environment_inherits_there_and_nowhere_else() -> None:
    defaults = {"schedule": {"timezone": "Europe/Berlin"}, "env": {"dev": {"schedule": {"jitter": "1s"}}}}
    job = {**JOB, "env": {"dev": {"schedule": {"cron": "@daily"}}, "prod": {"owner": "me"}}}
    assert merge([defaults, job]) == JOB
    assert merge([defaults, job], "prod") == {**JOB, "owner": "me"}
    assert merge([defaults, job], "dev") == {
        **JOB,
        "schedule": {"timezone": "Europe/Berlin", "jitter": "1s", "cron": "@daily"},
    }


@pytest.mark.parametrize("own", [None, "0 9 * * *", 5, [{"cron": "@daily"}]])
def test_a_schedule_that_is_no_mapping_inherits_nothing(own: Any) -> None:
    merged = merge([{"schedule": {"cron": "@daily"}}, {"schedule": own}])
    assert merged == ({} if own is None else {"schedule": own})


def test_an_environment_can_take_the_schedule_away() -> None:
    job = {**JOB, "schedule": {"cron": "@daily"}, "env": {"dev": {"schedule": None}}}
    assert merge([job], "dev") == JOB


@pytest.mark.parametrize("absence", [None, False])
def test_null_or_false_means_that_the_job_is_not_there(absence: Any) -> None:
    assert merge([{**JOB, "env": {"dev": absence}}], "dev") is None
    assert merge([{**JOB, "env": {"dev": absence}}], "prod") == JOB
    assert merge([{**JOB, "env": {"dev": absence}}]) == JOB


def test_a_later_absence_wins_over_an_earlier_mapping() -> None:
    assert merge([{"env": {"dev": {"owner": "a"}}}, {**JOB, "env": {"dev": None}}], "dev") is None


def test_a_later_mapping_brings_the_job_back_without_what_came_before_the_absence() -> None:
    layers: list[Any] = [
        {"env": {"dev": {"owner": "a"}}},
        {"env": {"dev": None}},
        {**JOB, "env": {"dev": {"queue": "d"}}},
    ]
    assert merge(layers, "dev") == {**JOB, "queue": "d"}


def test_env_null_unsets_what_is_inherited_for_environments() -> None:
    assert merge([{"env": {"dev": None, "prod": {"owner": "a"}}}, {**JOB, "env": None}], "dev") == JOB
    assert merge([{"env": {"dev": None, "prod": {"owner": "a"}}}, {**JOB, "env": None}], "prod") == JOB


def test_parts_for_an_environment_apply_in_the_order_of_the_layers_after_the_base() -> None:
    layers = [
        {"owner": "defaults", "env": {"dev": {"owner": "dev-defaults", "description": "dev-defaults"}}},
        {**JOB, "owner": "job", "env": {"dev": {"description": "dev-job"}}},
    ]
    assert merge(layers, "dev") == {**JOB, "owner": "dev-defaults", "description": "dev-job"}


def test_keys_that_begin_with_x_are_ignored_everywhere_except_in_data() -> None:
    job = {
        "x-anchors": {"a": 1},
        "schedule": {
            "x-why": "because",
            "calendar": [{"hour": 9, "x-note": "mornings"}],
            "skip": [{"month": 1, "x-a": 0}],
        },
        "run": {"x-b": 1, "memo": {"x-team": "a", "more": {"x-deep": 1}}, "search_attributes": {"x-c": 1}},
        "input": {"x-data": 1, "list": [{"x-data": 2}]},
        "env": {"x-note": 1, "dev": {"x-d": 1, "owner": "me"}},
    }
    assert merge([job], "dev") == {
        "schedule": {"calendar": [{"hour": 9}], "skip": [{"month": 1}]},
        "run": {"memo": {"x-team": "a", "more": {"x-deep": 1}}, "search_attributes": {}},
        "input": {"x-data": 1, "list": [{"x-data": 2}]},
        "owner": "me",
    }
    assert merge([{"args": [{"x-data": 1}]}]) == {"args": [{"x-data": 1}]}


def test_null_inside_a_memo_entry_is_data_and_entries_merge() -> None:
    below = {"run": {"memo": {"team": {"name": "a", "lead": "b"}, "other": 1}}}
    above = {"run": {"memo": {"team": {"lead": None}}}}
    assert merge([below, above]) == {"run": {"memo": {"team": {"name": "a", "lead": None}, "other": 1}}}


def test_null_in_entries_of_lists_unsets() -> None:
    assert merge([{"schedule": {"calendar": [{"hour": 1, "minute": None}]}}]) == {
        "schedule": {"calendar": [{"hour": 1}]}
    }


@pytest.mark.parametrize("wrong", [None, 3, "text", [], [1], True])
def test_layers_and_environments_of_wrong_types_count_as_empty(wrong: Any) -> None:
    assert merge([wrong, JOB], "dev") == JOB
    assert merge([{"env": wrong}, JOB], "dev") == JOB
    assert origin([wrong, JOB], ("queue",), "dev") == Origin(layer=1, path=("queue",))
    if wrong is not None:
        assert merge([{**JOB, "env": {"dev": wrong}}], "dev") == JOB


def test_a_job_of_a_wrong_type_takes_what_is_inherited() -> None:
    assert merge([{"queue": "q"}, ["no job"]]) == {"queue": "q"}


def test_merging_changes_no_layer() -> None:
    below = {"run": {"memo": {"a": {"b": 1}}}, "schedule": {"skip": [{"x-a": 1}]}}
    above = {"run": {"memo": {"a": {"c": 1}}, "run_timeout": "1h"}, "schedule": {"cron": "@daily"}}
    merge([below, above, {"run": {"memo": {"a": None}, "run_timeout": None}, "schedule": {"skip": []}}])
    assert below == {"run": {"memo": {"a": {"b": 1}}}, "schedule": {"skip": [{"x-a": 1}]}}
    assert above == {"run": {"memo": {"a": {"c": 1}}, "run_timeout": "1h"}, "schedule": {"cron": "@daily"}}


LAYERS: list[Any] = [
    {"queue": "q", "run": {"run_timeout": "1h", "task_timeout": "1s"}, "schedule": {"timezone": "UTC"}},
    {"run": {"task_timeout": "2s"}, "env": {"dev": {"run": {"run_timeout": "2h"}}}},
    {"name": "a", "input": {"list": [1, {"b": 2}]}, "schedule": {"cron": "@daily"}, "env": {"dev": {"owner": "me"}}},
]


@pytest.mark.parametrize(
    ("path", "env", "layer", "place"),
    [
        (("queue",), None, 0, ("queue",)),
        (("run", "run_timeout"), None, 0, ("run", "run_timeout")),
        (("run", "run_timeout"), "dev", 1, ("env", "dev", "run", "run_timeout")),
        (("run", "task_timeout"), "dev", 1, ("run", "task_timeout")),
        (("schedule", "timezone"), None, 0, ("schedule", "timezone")),
        (("owner",), "dev", 2, ("env", "dev", "owner")),
        (("input", "list", 1, "b"), None, 2, ("input", "list", 1, "b")),
        (("input", "list", 7), None, 2, ("input", "list")),
        (("schedule", "jitter"), None, 2, ("schedule",)),
        (("workflow",), None, 2, ()),
        ((), "dev", 2, ()),
    ],
)
def test_the_origin_of_a_value_is_the_layer_that_set_it(path: Any, env: Any, layer: int, place: Any) -> None:
    assert origin(LAYERS, path, env) == Origin(layer=layer, path=place)


def test_the_origin_of_a_value_is_never_a_schedule_that_does_not_apply() -> None:
    assert origin([{"schedule": {"cron": "@daily"}}, JOB], ("schedule", "cron")) == Origin(layer=1, path=())


def test_the_trace_names_every_leaf() -> None:
    assert trace(LAYERS, "dev") == {
        ("queue",): Origin(layer=0, path=("queue",)),
        ("run", "run_timeout"): Origin(layer=1, path=("env", "dev", "run", "run_timeout")),
        ("run", "task_timeout"): Origin(layer=1, path=("run", "task_timeout")),
        ("schedule", "timezone"): Origin(layer=0, path=("schedule", "timezone")),
        ("schedule", "cron"): Origin(layer=2, path=("schedule", "cron")),
        ("name",): Origin(layer=2, path=("name",)),
        ("input",): Origin(layer=2, path=("input",)),
        ("owner",): Origin(layer=2, path=("env", "dev", "owner")),
    }
    assert trace([{"env": {"dev": None}}], "dev") == {}


def test_a_job_is_touched_by_an_environment_that_any_layer_names() -> None:
    assert is_touched(LAYERS, "dev")
    assert is_touched([{"env": {"dev": None}}, JOB], "dev")
    assert not is_touched([*LAYERS, {"env": 3}, None], "prod")
