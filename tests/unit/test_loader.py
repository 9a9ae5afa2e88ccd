from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobspec.diagnostics import RULES, Diagnostic, Severity
from jobspec.spec import cache as cache_module, job_collection
from jobspec.spec.cache import Cache
from jobspec.spec.loader import Checked, load, load_all_environments, load_listings
from jobspec.spec.model import JobSpec
from jobspec.spec.project import Environment, Project
from jobspec.spec.spec_files import Listing, SourceFile, refuse
from jobspec.spec.workspace import make_workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jobspec.spec.loaded_jobs import Loaded

NOW = datetime(2027, 6, 1, tzinfo=UTC)
JOB = "name: {name}\nqueue: q\nworkflow: a.b:C\n"


def read(files: Mapping[str, str], env: str | None = None, environments: Sequence[str] = (), **options: Any) -> Loaded:
    """Load files that are only in memory; those that are no specs are there for jobs to name."""
    project = Project(env={name: Environment() for name in environments})
    sources = {path: SourceFile(path=path, data=text.encode()) for path, text in files.items()}
    missing = refuse("JS001", "", "there is no such file", "")
    listing = Listing(root="specs", files=tuple(f for p, f in sorted(sources.items()) if not p.endswith(".json")))
    return load_listings(
        [listing],
        read=lambda path: sources.get(path) or SourceFile(path=path, problem=missing),
        env=env,
        project=project,
        **options,
    )


def job(name: str = "orders", more: str = "") -> str:
    return JOB.format(name=name) + more


def said(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[str, str]]:
    return [(found.code, str(found.location)) for found in diagnostics]


def only(loaded: Loaded) -> Diagnostic:
    [diagnostic] = loaded.diagnostics
    return diagnostic


# Files and what they hold


def test_a_file_with_job_keys_is_one_job() -> None:
    loaded = read({"specs/a.yaml": job()})
    assert list(loaded.jobs) == ["orders"]
    assert loaded.jobs["orders"].spec == JobSpec.model_validate({"name": "orders", "queue": "q", "workflow": "a.b:C"})
    assert (loaded.frozen, loaded.diagnostics, loaded.incomplete) == (frozenset(), (), False)


def test_a_file_with_a_list_holds_several_jobs_with_their_defaults() -> None:
    text = "x-note: 1\ndefaults: {queue: q, workflow: a:B}\njobs:\n- name: two\n- name: one\n  queue: other\n"
    loaded = read({"specs/a.yaml": text})
    assert {name: found.spec.queue for name, found in loaded.jobs.items()} == {"one": "other", "two": "q"}
    assert list(loaded.jobs) == ["one", "two"]


def test_null_defaults_and_an_empty_list_are_no_mistake() -> None:
    assert read({"specs/a.yaml": "defaults:\njobs: []\n"}).diagnostics == ()


@pytest.mark.parametrize(
    ("text", "place", "code", "hint"),
    [
        ("jobs: []\nqueue: q\n", "2:1", "JS104", "put it into `defaults`, or into each job"),
        ("jobs: []\nenv: {}\n", "2:1", "JS104", "put it into `defaults`, or into each job"),
        ("jobs: []\ndefault: {}\n", "2:1", "JS104", "did you mean `defaults`?"),
        ("jobs: {name: a}\n", "1:7", "JS110", "begin each job with `- name: …`"),
        ("jobs:\n", "1:6", "JS110", "begin each job with `- name: …`"),
        ("jobs:\n-\n", "2:2", "JS110", "remove the empty entry"),
        ("jobs:\n- orders\n", "2:3", "JS110", ""),
        ("defaults: []\njobs: []\n", "1:11", "JS110", ""),
        ("defaults: {name: a}\njobs: []\n", "1:12", "JS103", "move it into the job"),
        ("defaults: {quue: a}\njobs: []\n", "1:12", "JS101", "did you mean `queue`?"),
    ],
)
def test_the_form_of_a_file_is_checked(text: str, place: str, code: str, hint: str) -> None:
    found = only(read({"specs/a.yaml": text}))
    assert (found.code, str(found.location), found.hint) == (code, f"specs/a.yaml:{place}", hint)


def test_defaults_need_jobs_beside_them() -> None:
    loaded = read({"specs/a.yaml": job(more="defaults: {owner: me}\n")})
    assert ("JS104", "specs/a.yaml:4:1") in said(loaded.diagnostics)


def test_a_mistake_in_the_form_of_a_file_freezes_all_its_jobs() -> None:
    loaded = read({"specs/a.yaml": "jobs:\n- {name: a, queue: q, workflow: 'a:B'}\ntags: []\n", "specs/b.yaml": job()})
    assert (set(loaded.frozen), list(loaded.jobs), loaded.incomplete) == ({"a"}, ["orders"], True)


def test_an_entry_that_is_no_job_leaves_the_others() -> None:
    loaded = read({"specs/a.yaml": "jobs:\n-\n- {name: a, queue: q, workflow: 'a:B'}\n"})
    assert (list(loaded.jobs), loaded.incomplete) == (["a"], True)


# Defaults of directories


def test_defaults_apply_to_every_job_below_nearest_last() -> None:
    loaded = read(
        {
            "specs/defaults.yaml": "queue: outer\nowner: outer\n",
            "specs/a/b/defaults.toml": 'queue = "inner"\n',
            "specs/top.yaml": "name: top\nworkflow: a:B\n",
            "specs/a/b/deep.yaml": "name: deep\nworkflow: a:B\n",
            "specs/a/between.yaml": "name: between\nworkflow: a:B\n",
        }
    )
    found = {name: (job.spec.queue, job.spec.owner) for name, job in loaded.jobs.items()}
    assert found == {"top": ("outer", "outer"), "between": ("outer", "outer"), "deep": ("inner", "outer")}


@pytest.mark.parametrize("broken", ["queue: [", "queue: 5\n", "quue: q\n", "name: a\n", "schedule: 1h\n", ""])
def test_broken_defaults_freeze_the_jobs_below_with_one_diagnostic(broken: str) -> None:
    files = {"specs/a/defaults.yaml": broken, "specs/a/b/x.yaml": "name: x\nschedule: {}\n", "specs/y.yaml": job("y")}
    loaded = read(files)
    assert only(loaded).location.path == "specs/a/defaults.yaml"
    assert (list(loaded.jobs), set(loaded.frozen), loaded.incomplete) == (["y"], {"x"}, True)


def test_what_is_wrong_with_a_job_itself_is_said_beside_its_broken_defaults() -> None:
    text = "name: x\nnonsense: 1\nowner: 5\nschedule: {cron: x, interval: 1h}\n"
    loaded = read({"specs/defaults.yaml": "queue: 5\n", "specs/x.yaml": text})
    assert said(loaded.diagnostics) == [
        ("JS110", "specs/defaults.yaml:1:8"),
        ("JS101", "specs/x.yaml:2:1"),
        ("JS110", "specs/x.yaml:3:8"),
        ("JS120", "specs/x.yaml:4:12"),
        ("JS220", "specs/x.yaml:4:18"),
    ]


def test_a_great_many_mistakes_are_cut_short_and_found_quickly() -> None:
    keys = "".join(f"k{n}: 1\n" for n in range(10_000))
    overlay = "".join(f"    k{n}: 1\n" for n in range(10_000))
    files = {
        "specs/a.yaml": job("a", "tags: [" + "5, " * 20_000 + "]\n"),
        "specs/b.yaml": job("b", keys),
        "specs/c.yaml": job("c", f"env:\n  dev:\n{overlay}"),
        "specs/d.yaml": "jobs:\n" + "- 5\n" * 20_000,
        "specs/e.yaml": "jobs: []\n" + keys,
        "specs/x/defaults.yaml": keys,
    }
    started = time.perf_counter()
    found = read(files).diagnostics
    assert time.perf_counter() - started < 10  # 1 s where nothing else runs; without limits it is minutes
    assert len(found) == 6 * 101
    assert sum(each.code == "JS105" for each in found) == 6


def test_after_too_many_mistakes_the_rest_is_frozen_without_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_collection, "MOST_MISTAKES", 20)
    listed = "jobs:\n" + "".join(f"- {{name: j{n}, queue: 5, workflow: {{type: W}}}}\n" for n in range(50))
    good = "jobs:\n- {name: late, queue: q, workflow: {type: W}}\n"
    loaded = read({"specs/a.yaml": listed, "specs/b.yaml": good})
    assert not loaded.jobs
    assert loaded.frozen == {*(f"j{n}" for n in range(50)), "late"}
    assert [each.code for each in loaded.diagnostics].count("JS110") == 21
    cut = [str(each.location) for each in loaded.diagnostics if each.code == "JS105"]
    assert [place.rpartition(":")[0] for place in cut] == ["specs/a.yaml:23", "specs/b.yaml:2"]


def test_warnings_and_mistakes_below_the_limit_leave_the_rest_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_collection, "MOST_MISTAKES", 2)
    ended = "schedule: {interval: 1h, end_at: 2020-01-01T00:00:00Z}\n"
    files = {f"specs/{n}.yaml": job(f"j{n}", ended) for n in range(9)} | {"specs/a.yaml": job("a", "tags: 5\n")}
    loaded = read(files, now=NOW)
    assert loaded.frozen == {"a"}
    assert len(loaded.jobs) == 9


def test_texts_of_any_length_give_short_messages() -> None:
    found = read({"specs/a.yaml": job("a", f"tags: {'x' * 100_000}\nschedule: {{cron: '{'* ' * 50_000}'}}\n")})
    assert all(len(each.message) <= 500 and len(each.hint) <= 500 for each in found.diagnostics)
    assert len(found.diagnostics) == 2


def test_a_project_without_declared_environments_cannot_have_any_number_of_them(tmp_path: Path) -> None:
    names = ", ".join(f"e{n}: {{}}" for n in range(101))
    checked = check(tmp_path, {"specs/a.yaml": job(more=f"env: {{{names}}}\n")})
    assert [(found.code, found.location.path) for found in checked.diagnostics] == [("JS140", "jobspec.toml")]
    assert len(checked.by_environment) == 101


def test_broken_defaults_of_a_file_freeze_its_jobs() -> None:
    loaded = read({"specs/a.yaml": "defaults: {queue: 5}\njobs:\n- {name: a, workflow: 'a:B'}\n"})
    assert said(loaded.diagnostics) == [("JS110", "specs/a.yaml:1:19")]
    assert loaded.frozen == {"a"}


def test_two_defaults_files_in_one_directory_freeze_what_is_below() -> None:
    loaded = read({"specs/defaults.toml": 'queue = "a"\n', "specs/defaults.yaml": "queue: b\n", "specs/a.yaml": job()})
    assert said(loaded.diagnostics) == [("JS150", "specs/defaults.yaml")]
    assert [str(each.location) for each in loaded.diagnostics[0].related] == ["specs/defaults.toml"]
    assert loaded.frozen == {"orders"}


def test_each_value_of_defaults_is_judged_where_it_stands_without_any_job() -> None:
    text = (
        "run: {run_timeout: 5, retry_policy: {maximum_attemps: 1}}\n"
        "schedule: {cron: 61 * * * *}\n"
        "env:\n  dev: {queue: 5, name: a, env: {}}\n  prod: text\n  x-note: text\n"
    )
    assert said(read({"specs/defaults.yaml": text}).diagnostics) == [
        ("JS210", "specs/defaults.yaml:1:20"),
        ("JS101", "specs/defaults.yaml:1:38"),
        ("JS220", "specs/defaults.yaml:2:18"),
        ("JS110", "specs/defaults.yaml:4:16"),
        ("JS103", "specs/defaults.yaml:4:19"),
        ("JS103", "specs/defaults.yaml:4:28"),
        ("JS110", "specs/defaults.yaml:5:9"),
    ]


def test_defaults_need_not_be_complete() -> None:
    text = "schedule: {timezone: UTC}\nrun: {retry_policy: {maximum_interval: 500ms}}\n"
    text += "env: {dev: {schedule: {jitter: 1s}}}\n"
    assert read({"specs/defaults.yaml": text}).diagnostics == ()


# Mistakes in jobs


def test_all_mistakes_of_a_job_are_said_at_once_in_the_order_of_lines() -> None:
    more = "taggs: [a]\nschedule:\n  cron: 0 61 * * *\n  interval: 1h\n  overlap: Skip\nrun: {execution_timeout: 5}\n"
    loaded = read({"specs/a.yaml": job(more=more)})
    assert said(loaded.diagnostics) == [
        ("JS101", "specs/a.yaml:4:1"),
        ("JS120", "specs/a.yaml:6:3"),
        ("JS220", "specs/a.yaml:6:11"),
        ("JS111", "specs/a.yaml:8:12"),
        ("JS210", "specs/a.yaml:9:26"),
    ]
    assert loaded.frozen == {"orders"}
    assert {found.job for found in loaded.diagnostics} == {"orders"}


def test_a_mistake_inside_a_text_is_marked_there() -> None:
    found = only(read({"specs/a.yaml": job(more='schedule: {cron: "0 61 * * *"}\n')}))
    assert (str(found.location), found.location.length) == ("specs/a.yaml:4:21", 2)
    assert found.location.excerpt[found.location.column - 1 :].startswith("61")


def test_a_mistake_inside_an_escaped_text_marks_the_text() -> None:
    found = only(read({"specs/a.yaml": job(more='schedule: {cron: "0\\u0020\\x361 * * *"}\n')}))
    assert str(found.location) == "specs/a.yaml:4:18"


def test_a_mistake_in_a_job_leaves_the_other_jobs_of_its_file() -> None:
    text = "defaults: {queue: q, workflow: 'a:B'}\njobs:\n- {name: a}\n- {name: b, tags: 5}\n"
    loaded = read({"specs/a.yaml": text})
    assert (list(loaded.jobs), set(loaded.frozen), loaded.incomplete) == (["a"], {"b"}, True)


def test_a_job_lacks_what_neither_it_nor_its_defaults_set() -> None:
    loaded = read({"specs/a.yaml": "jobs:\n- {name: a, workflow: 'a:B'}\n- {queue: q, workflow: 'a:B'}\n"})
    assert said(loaded.diagnostics) == [("JS102", "specs/a.yaml:2:3"), ("JS102", "specs/a.yaml:3:3")]
    assert loaded.frozen == {"a"}


def test_the_same_name_twice_names_both_places_and_freezes_both() -> None:
    loaded = read({"specs/a.yaml": job(), "specs/b.toml": 'name = "orders"\nqueue = "q"\nworkflow = "a:B"\n'})
    found = only(loaded)
    assert (found.code, str(found.location)) == ("JS130", "specs/b.toml:1:8")
    assert [str(related.location) for related in found.related] == ["specs/a.yaml:1:7"]
    assert (set(loaded.frozen), list(loaded.jobs)) == ({"orders"}, [])


def test_the_same_name_twice_is_found_in_broken_jobs_and_other_environments_too() -> None:
    absent = job(more="env: {dev: null}\n")
    for other in (absent, job(more="nonsense: 1\n")):
        loaded = read({"specs/a.yaml": job(), "specs/b.yaml": other}, env="dev")
        assert "JS130" in {found.code for found in loaded.diagnostics}
        assert (set(loaded.frozen), set(loaded.absent)) == ({"orders"}, set())


def test_of_two_values_that_do_not_fit_the_one_laid_over_the_other_is_shown() -> None:
    files = {
        "specs/defaults.yaml": "queue: q\nworkflow: a:B\nrun: {task_timeout: 2h}\n",
        "specs/a.yaml": "name: a\nrun: {run_timeout: 1h}\n",
        "specs/b.yaml": "name: b\nrun: {run_timeout: 3h}\nenv: {dev: {run: {run_timeout: 1h}}}\n",
    }
    for env, place in ((None, "specs/a.yaml:2:20"), ("dev", "specs/b.yaml:3:32")):
        found = next(each for each in read(files, env=env).diagnostics if place.startswith(each.location.path))
        assert (found.code, str(found.location)) == ("JS211", place)
        assert [(related.message, str(related.location)) for related in found.related] == [
            ("`task_timeout` is set here", "specs/defaults.yaml:3:21")
        ]


def test_what_is_inherited_and_excluded_is_unset_with_null() -> None:
    files = {
        "specs/defaults.yaml": "queue: q\nworkflow: a:B\ninput_model: a:M\n",
        "specs/a.yaml": "name: a\ninput_schema: s.json\n",
    }
    found = only(read(files))
    assert (found.code, str(found.location)) == ("JS120", "specs/a.yaml:2:1")
    assert found.hint == "write `input_model: null` beside it to unset what is inherited"
    assert [str(related.location) for related in found.related] == ["specs/defaults.yaml:3:1"]


def test_a_mistake_of_two_layers_is_said_once_and_names_who_inherits_it() -> None:
    files = {
        "specs/defaults.yaml": "queue: q\nworkflow: a:B\nrun: {run_timeout: 1h}\n",
        "specs/d/defaults.yaml": "run: {task_timeout: 2h}\n",
    }
    files |= {f"specs/d/j{n}.yaml": f"name: j{n}\n" for n in range(5)}
    found = only(read(files))
    assert (found.code, str(found.location), found.job) == ("JS211", "specs/d/defaults.yaml:1:21", None)
    assert [(related.message, str(related.location)) for related in found.related] == [
        ("`run_timeout` is set here", "specs/defaults.yaml:3:20"),
        ("inherited by `j0`", "specs/d/j0.yaml:1:1"),
        ("inherited by `j1`", "specs/d/j1.yaml:1:1"),
        ("inherited by `j2` and 2 other jobs", "specs/d/j2.yaml:1:1"),
    ]


def test_a_file_that_cannot_be_read_or_parsed_makes_the_load_incomplete() -> None:
    loaded = read({"specs/a.yaml": "name: [", "specs/b.yaml": job()})
    assert (list(loaded.jobs), loaded.frozen, loaded.incomplete) == (["orders"], frozenset(), True)


def test_yaml_and_toml_twins_give_equal_specs() -> None:
    yaml = """
name: orders
queue: q
workflow: {type: sync, class: shop.workflows:Sync}
tags: [a, b]
input: {region: eu, day: 2026-12-25, ratio: 1.5}
run: {retry_policy: {maximum_attempts: 3}, memo: {team: a}}
schedule:
  calendar: [{hour: 9, day_of_week: MON-FRI}, {hour: "*/2", minute: [1, 2]}]
  skip: [2026-12-25, {month: 1}]
  start_at: 2027-01-01T00:00:00Z
  paused: true
env: {dev: null, prod: {schedule: {jitter: 1s}}}
"""
    toml = """
name = "orders"
queue = "q"
workflow = {type = "sync", class = "shop.workflows:Sync"}
tags = ["a", "b"]
input = {region = "eu", day = 2026-12-25, ratio = 1.5}
run = {retry_policy = {maximum_attempts = 3}, memo = {team = "a"}}
[schedule]
calendar = [{hour = 9, day_of_week = "MON-FRI"}, {hour = "*/2", minute = [1, 2]}]
skip = [2026-12-25, {month = 1}]
start_at = 2027-01-01T00:00:00Z
paused = true
[env]
dev = false
prod = {schedule = {jitter = "1s"}}
"""
    for env in (None, "prod"):
        one, two = read({"specs/a.yaml": yaml}, env), read({"specs/a.toml": toml}, env)
        assert one.diagnostics == two.diagnostics == ()
        assert one.jobs["orders"].spec == two.jobs["orders"].spec
    assert read({"specs/a.yaml": yaml}, "dev").absent == read({"specs/a.toml": toml}, "dev").absent == {"orders"}


# Environments


def test_a_job_that_is_not_there_in_an_environment_is_absent_and_no_mistake() -> None:
    loaded = read({"specs/a.yaml": job(more="env: {dev: null}\n")}, env="dev")
    assert (list(loaded.jobs), set(loaded.absent)) == ([], {"orders"})
    assert (loaded.incomplete, loaded.is_empty) == (False, False)


@pytest.mark.parametrize("env", [None, "dev"])
def test_parts_for_environments_are_checked_whichever_is_chosen(env: str | None) -> None:
    text = "env:\n  staging:\n    schedule: {jitterr: 1s}\n    name: other\n    env: {}\n  prod: yes please\n"
    loaded = read({"specs/a.yaml": job(more=text)}, env)
    assert said(loaded.diagnostics) == [
        ("JS101", "specs/a.yaml:6:16"),
        ("JS103", "specs/a.yaml:7:5"),
        ("JS103", "specs/a.yaml:8:5"),
        ("JS110", "specs/a.yaml:9:9"),
    ]
    assert loaded.frozen == {"orders"}


def test_an_environment_of_a_wrong_type_is_a_mistake() -> None:
    assert said(read({"specs/a.yaml": job(more="env: 3\n")}).diagnostics) == [("JS110", "specs/a.yaml:4:6")]


def test_environments_must_be_those_of_the_project() -> None:
    loaded = read({"specs/a.yaml": job(more="env: {stagin: null, prod: {}}\n")}, environments=["staging", "prod"])
    found = only(loaded)
    assert (found.code, str(found.location), found.hint) == ("JS140", "specs/a.yaml:4:7", "did you mean `staging`?")
    assert loaded.frozen == {"orders"}


def test_defaults_that_name_an_unknown_environment_are_broken() -> None:
    files = {"specs/defaults.yaml": "env: {other: null}\n", "specs/a.yaml": job()}
    loaded = read(files, environments=["staging"])
    assert said(loaded.diagnostics) == [("JS140", "specs/defaults.yaml:1:7")]
    assert loaded.frozen == {"orders"}


def test_environments_that_files_name_are_known_afterwards() -> None:
    loaded = read({"specs/a.yaml": job(more="env: {a: null, x-b: 1}\n"), "specs/defaults.yaml": "env: {c: {}}\n"})
    assert loaded.environments == {"a", "c"}


# Warnings


@pytest.mark.parametrize(
    ("schedule", "code", "place"),
    [
        ("{cron: '@daily', end_at: 2027-01-01T00:00:00Z}", "JS240", "4:36"),
        ("{interval: 1h, end_at: 2027-06-01T00:00:00Z}", "JS240", "4:34"),
        ("{cron: 0 0 30 2 *}", "JS241", "4:18"),
        ("{calendar: {year: 2020}}", "JS241", "4:22"),
        ("{interval: 1h, skip: [{}]}", "JS241", "4:22"),
        ("{interval: 1h, start_at: 2030-01-01T00:00:00Z, end_at: 2029-01-01T00:00:00Z}", "JS241", "4:66"),
        ("{interval: 1d, start_at: 2028-01-01T00:00:01Z, end_at: 2028-01-01T00:00:02Z}", "JS241", "4:22"),
    ],
)
def test_a_schedule_without_runs_is_a_warning(schedule: str, code: str, place: str) -> None:
    loaded = read({"specs/a.yaml": job(more=f"schedule: {schedule}\n")}, now=NOW)
    found = only(loaded)
    assert (found.code, found.severity, str(found.location)) == (code, Severity.WARNING, f"specs/a.yaml:{place}")
    assert (list(loaded.jobs), loaded.incomplete) == (["orders"], False)
    assert RULES[code].severity is Severity.WARNING


@pytest.mark.parametrize("schedule", ["{cron: '@daily'}", "{interval: 1h}", "{calendar: {year: 2028}}"])
def test_a_schedule_that_fires_needs_no_warning(schedule: str) -> None:
    assert read({"specs/a.yaml": job(more=f"schedule: {schedule}\n")}, now=NOW).diagnostics == ()


def test_without_a_time_nothing_is_said_about_runs() -> None:
    assert read({"specs/a.yaml": job(more="schedule: {cron: 0 0 30 2 *}\n")}).diagnostics == ()


# Places of values


def test_a_job_knows_the_place_of_every_value() -> None:
    files = {
        "specs/defaults.yaml": "queue: q\nenv:\n  dev: {owner: dev}\n",
        "specs/a.yaml": "jobs:\n- name: a\n  workflow: a:B\n  input: {list: [1, {b: 2}]}\n",
    }
    found = read(files, env="dev").jobs["a"]
    assert str(found.location) == "specs/a.yaml:2:3"
    assert str(found.locate(("queue",))) == "specs/defaults.yaml:1:8"
    assert str(found.locate(("queue",), key=True)) == "specs/defaults.yaml:1:1"
    assert str(found.locate(("owner",))) == "specs/defaults.yaml:3:16"
    assert str(found.locate(("input", "list", 1, "b"))) == "specs/a.yaml:4:25"
    assert str(found.locate(("schedule", "cron"))) == "specs/a.yaml:2:3"
    assert found.path == "specs/a.yaml"
    assert found.merged["queue"] == "q"
    assert {path[0]: str(place.location) for path, place in found.trace().items()} == {
        "queue": "specs/defaults.yaml:1:8",
        "owner": "specs/defaults.yaml:3:16",
        "name": "specs/a.yaml:2:9",
        "workflow": "specs/a.yaml:3:13",
        "input": "specs/a.yaml:4:10",
    }


# Several roots, several loads


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def test_missing_and_empty_roots_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, {"full/a.yaml": job(), "empty/defaults.yaml": "queue: q\n", "broken/a.yaml": "name: ["})
    loaded = load(make_workspace(tmp_path, Project(specs=("full", "empty", "broken", "missing"))))
    assert (loaded.missing_roots, loaded.empty_roots, loaded.is_empty) == (("missing",), ("empty",), True)
    assert not load(make_workspace(tmp_path, Project(specs=("full",)))).is_empty


def test_the_same_name_in_two_roots_is_found(tmp_path: Path) -> None:
    write(tmp_path, {"one/a.yaml": job(), "two/a.yaml": job()})
    loaded = load(make_workspace(tmp_path, Project(specs=("one", "two"))))
    assert said(loaded.diagnostics) == [("JS130", "two/a.yaml:1:7")]


def test_a_root_inside_another_is_read_once_with_all_its_defaults(tmp_path: Path) -> None:
    write(tmp_path, {"specs/defaults.yaml": "owner: outer\n", "specs/sub/a.yaml": job()})
    for roots in (("specs", "specs/sub"), ("specs/sub", "specs"), ("specs", "specs")):
        loaded = load(make_workspace(tmp_path, Project(specs=roots)))
        assert (loaded.diagnostics, loaded.jobs["orders"].spec.owner, loaded.is_empty) == ((), "outer", False)


def test_a_root_may_be_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"defaults.yaml": "owner: me\n", "a.yaml": job()})
    loaded = load(make_workspace(Path(), Project(specs=(".",))))
    assert loaded.jobs["orders"].spec.owner == "me"
    assert str(loaded.jobs["orders"].location) == "a.yaml:1:1"


def test_a_second_load_takes_over_what_has_not_changed() -> None:
    cache = Cache()
    files = {"specs/a.yaml": job("a"), "specs/b.yaml": job("b"), "specs/defaults.yaml": "owner: me\n"}
    first = read(files, cache=cache)
    second = read(files | {"specs/b.yaml": job("b", "tags: [new]\n")}, cache=cache)
    assert second.jobs["a"].spec is first.jobs["a"].spec
    assert second.jobs["b"].spec.tags == ("new",)
    third = read(files | {"specs/defaults.yaml": "owner: you\n"}, cache=cache)
    assert {found.spec.owner for found in third.jobs.values()} == {"you"}


def test_loads_with_and_without_a_cache_are_equal() -> None:
    cache = Cache()
    versions: list[dict[str, str]] = [
        {"specs/a.yaml": job("a"), "specs/b.yaml": "name: ["},
        {"specs/a.yaml": job("a", "nonsense: 1\n"), "specs/b.yaml": job("b")},
        {"specs/b.yaml": job("a"), "specs/defaults.yaml": "quue: 1\n"},
        {"specs/b.yaml": job("a", "env: {dev: {owner: me}}\n")},
        {"specs/a.yaml": job("a"), "specs/b.yaml": job("b")},
        {"specs/a.yaml": job("b"), "specs/b.yaml": job("b")},
        {"specs/a.yaml": job("a"), "specs/b.yaml": job("b")},
        {"specs/a.yaml": job("a"), "specs/b.yaml": job("b"), "specs/defaults.yaml": "env: {dev: null}\n"},
        {},
    ]
    for files in versions:
        for env in (None, "dev"):
            kept, fresh = read(files, env, cache=cache, now=NOW), read(files, env, now=NOW)
            assert {name: found.spec for name, found in kept.jobs.items()} == {
                name: found.spec for name, found in fresh.jobs.items()
            }
            assert (kept.diagnostics, kept.frozen, kept.fingerprint) == (
                fresh.diagnostics,
                fresh.frozen,
                fresh.fingerprint,
            )


def test_fingerprints_are_equal_for_equal_text_and_differ_otherwise() -> None:
    files = {"specs/a.yaml": job(more="input_schema: s.json\ninput: 1\n"), "specs/s.json": "{}"}
    prints = [
        read(files).fingerprint,
        read(files, env="dev").fingerprint,
        read(files | {"specs/a.yaml": job()}).fingerprint,
        read(files | {"specs/s.json": "{ }"}).fingerprint,
        read({"specs/b.yaml": files["specs/a.yaml"], "specs/s.json": "{}"}).fingerprint,
    ]
    assert len(set(prints)) == len(prints)
    assert read(files).fingerprint == prints[0]


def test_a_warning_comes_when_its_time_comes_though_nothing_changed() -> None:
    cache = Cache()
    files = {"specs/a.yaml": job(more="schedule: {calendar: {year: 2028, month: 1, day_of_month: 1}}\n")}
    assert read(files, cache=cache, now=NOW).diagnostics == ()
    assert read(files, cache=cache, now=datetime(2029, 1, 1, tzinfo=UTC)).diagnostics[0].code == "JS241"


# All environments


def check(tmp_path: Path, files: Mapping[str, str], *, environments: Iterable[str] = (), **options: Any) -> Checked:
    write(tmp_path, files)
    project = Project(env={env: Environment() for env in environments})
    return load_all_environments(make_workspace(tmp_path, project), **options)


def test_all_environments_are_the_base_and_those_that_files_name(tmp_path: Path) -> None:
    text = "tagz: []\nenv:\n  dev: {queue: 5}\n  prod: {queue: 5}\n  test: {}\n"
    checked = check(tmp_path, {"specs/a.yaml": job(more=text)})
    assert list(checked.by_environment) == [None, "dev", "prod", "test"]
    assert [(found.code, str(found.location)) for found in checked.diagnostics] == [
        ("JS101", "specs/a.yaml:4:1"),
        ("JS110", "specs/a.yaml:6:16"),
        ("JS110", "specs/a.yaml:7:17"),
    ]


def test_a_mistake_of_some_environments_names_them(tmp_path: Path) -> None:
    text = "run: {run_timeout: 1h}\nenv:\n  dev: {run: {task_timeout: 2h}}\n  test: {}\n"
    checked = check(tmp_path, {"specs/a.yaml": job(more=text)})
    [found] = checked.diagnostics
    assert found.message == "`task_timeout` is longer than `run_timeout` (in the environment `dev`)"


def test_declared_environments_are_the_only_ones_to_check(tmp_path: Path) -> None:
    files = {"specs/a.yaml": "name: a\nworkflow: a:B\nenv: {dev: {queue: d}, prod: {queue: p}}\n"}
    checked = check(tmp_path, files, environments=["prod", "dev"])
    assert list(checked.by_environment) == ["dev", "prod"]
    assert checked.diagnostics == ()


def test_of_a_project_with_too_many_values_the_largest_files_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "MAX_WEIGHT", 100)
    large = {"specs/a.yaml": job("a", "input: [" + "1," * 80 + "]\n"), "specs/b.toml": "a = [" + "1," * 95 + "]"}
    small = {f"specs/{name}.yaml": job(name) for name in "cdefgh"}
    cache = Cache()
    for _ in range(2):
        loaded = read(large | small, cache=cache)
        assert sorted(loaded.jobs) == list("cdefgh")
        assert said(loaded.diagnostics) == [("JS004", "specs/a.yaml"), ("JS004", "specs/b.toml")]
        assert loaded.incomplete
    assert sorted(read({"specs/a.yaml": large["specs/a.yaml"]}, cache=cache).jobs) == ["a"]


@pytest.mark.parametrize(
    ("path", "values", "text"),
    [
        ("a.yaml", 1000, "[" + "a," * 1000 + "]"),
        ("a.yaml", 1000, "[" * 1000),
        ("a.yaml", 1000, "- a\n" * 1000),
        ("a.yaml", 1000, "-\n" * 1000),
        ("a.yaml", 1000, "a:\n" * 1000),
        ("a.yaml", 1000, "? a\n" * 1000),
        ("a.yaml", 1000, "{" * 1000),
        ("a.toml", 1000, "a=1\n" * 1000),
        ("a.toml", 1000, "a=[" + "1," * 1000 + "]"),
        ("a.toml", 1000, "[a]\n" * 1000),
        ("a.toml", 1000, "a.a.a.a.a=1\n" * 250),
        ("a.toml", 1000, 'a="' + "\\n" * 1000 + '"'),
    ],
)
def test_what_costs_a_parser_time_counts(path: str, values: int, text: str) -> None:
    assert cache_module._weigh(SourceFile(path=path, data=text.encode())) >= values


def test_honest_files_count_about_as_much_as_they_hold() -> None:
    text = job() + "schedule:\n  cron: '0 9 * * MON-FRI'\n  timezone: Europe/Berlin\nlabels: {team: a, tier: b}\n"
    assert (
        cache_module._weigh(SourceFile(path="a.yaml", data=text.encode())) < 18
    )  # eight keys, five of them with values
