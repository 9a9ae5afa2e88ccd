"""Registries: jobs by name, whose project they share, and what is loaded from files."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, field_serializer
from temporalio.contrib.pydantic import PydanticPayloadConverter, pydantic_data_converter
from temporalio.converter import DataConverter

import jobspec
from jobspec import (
    Collector,
    Definition,
    DuplicateNameError,
    InvalidDefinitionError,
    NotFoundError,
    ProjectError,
    Registry,
    UsageError,
    WorkflowRef,
)
from jobspec.library.job_input import check_run_input
from jobspec.library.rollout import list_jobs
from jobspec.planning.desired import Conversion, convert_job
from jobspec.spec.redaction import PlanSettings, Redaction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from temporalio.api.common.v1 import Payload


def job(name: str, project: str | None = None) -> Definition:
    return Definition(name, "q", workflow=WorkflowRef(type="x"), project=project)


def test_it_is_a_mapping_in_name_order() -> None:
    registry = Registry(job("b"), job("a"))
    registry.add(job("c"))
    assert registry.names() == tuple(registry) == ("a", "b", "c")
    assert [each.name for each in registry.list()] == ["a", "b", "c"]
    assert len(registry) == 3
    assert registry["a"] is registry.get("a") is registry.must_get("a")
    assert "a" in registry
    assert "z" not in registry
    assert dict(registry.items())["b"].name == "b"
    assert registry.get("z") is None


def test_a_missing_job_is_not_found_and_the_nearest_named() -> None:
    registry = Registry(job("orders-sync"), job("report"))
    with pytest.raises(NotFoundError, match=r"there is no job `order-sync`; did you mean `orders-sync`\?"):
        registry["order-sync"]
    with pytest.raises(NotFoundError, match="`zzz`; there are `orders-sync` and `report`"):
        registry.must_get("zzz")
    with pytest.raises(NotFoundError, match=r"`zzz`; there is `report`$"):
        Registry(job("report")).must_get("zzz")
    with pytest.raises(NotFoundError, match="nor any other"):
        Registry().must_get("a")


def test_a_name_is_taken_once_and_a_failed_add_changes_nothing() -> None:
    with pytest.raises(DuplicateNameError, match="two jobs of the name `a`"):
        Registry(job("a"), job("a"))
    registry = Registry(job("a"))
    with pytest.raises(DuplicateNameError):
        registry.add(job("a"))
    assert registry.names() == ("a",)


def test_the_project_is_everybodys() -> None:
    registry = Registry(job("a"), job("b", "shop"), project="shop")
    assert {each.project for each in registry.list()} == {"shop"}
    with pytest.raises(InvalidDefinitionError, match="belongs to the project `other`, and the registry to `shop`"):
        registry.add(job("c", "other"))
    assert Registry(job("a")).project is None
    with pytest.raises(InvalidDefinitionError, match="no project"):
        Registry(job("a")).require_owners()


def test_adding_from_many_threads_loses_nothing() -> None:
    registry, ready = Registry(), threading.Barrier(8)

    def add(start: int) -> None:
        ready.wait()
        for number in range(start, start + 50):
            registry.add(job(f"job-{number:03}"))
            names = registry.names()
            assert names == tuple(sorted(names))

    threads = [threading.Thread(target=add, args=(50 * index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(registry) == 400


MODULE = """
from pydantic import BaseModel, field_validator
from temporalio import activity, workflow

class Batch(BaseModel):
    number: int

    @field_validator("number")
    @classmethod
    def check(cls, number):
        print("user code prints")
        return number

@activity.defn
async def work(batch: Batch) -> None: ...

@workflow.defn
class Work:
    @workflow.run
    async def run(self, batch: Batch) -> None: ...
"""


def test_threads_share_a_registry_and_the_code_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shared_by_threads.py").write_text(MODULE)
    spec = GOOD.replace("{type: x}", "shared_by_threads:Work") + "activities: [shared_by_threads:work]\n"
    files = {f"job-{number}": spec.replace("name: a", f"name: job-{number}") for number in range(20)}
    inputs = {name: f"{text}input: {{number: {name[4:]}}}\n" for name, text in files.items()}
    registry = jobspec.load(make_project(tmp_path, **inputs))
    monkeypatch.setattr(sys, "path", [*sys.path])
    interval, stdout, ready = sys.getswitchinterval(), sys.stdout, threading.Barrier(8)
    sys.setswitchinterval(1e-5)

    def use(thread: int) -> int:
        ready.wait()
        registry.add(job(f"more-{thread}", "shop"))
        for name in files:
            assert registry[name].new_input().number == int(name[4:])
            collector = Collector()
            registry.register_all(collector)
            found = collector.finish()["q"]
            sys.stdout.write("the thread's own\n")
            assert (len(found.workflows), len(found.activities)) == (1, 1)
        return len(registry)

    try:
        with ThreadPoolExecutor(8) as threads:
            counts = list(threads.map(use, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert max(counts) == 28
    assert sys.stdout is stdout
    printed = capsys.readouterr()
    assert printed.out == "the thread's own\n" * 8 * 20
    assert printed.err.count("user code prints") >= 8 * 20


def test_register_all_passes_over_jobs_without_code() -> None:
    collector = Collector()
    Registry(job("a")).register_all(collector)
    assert collector.finish() == {}


GOOD = "name: a\nqueue: q\nworkflow: {type: x}\nschedule: {interval: 1h}\n"


def make_project(directory: Path, toml: str = 'project = "shop"\n', **files: str) -> Path:
    (directory / "jobspec.toml").write_text(toml)
    (directory / "specs").mkdir()
    for name, text in files.items():
        (directory / "specs" / f"{name}.yaml").write_text(text)
    return directory


def test_load_gives_the_same_objects_with_their_project(tmp_path: Path) -> None:
    make_project(tmp_path, a=GOOD)
    for path in (tmp_path, tmp_path / "specs", tmp_path / "jobspec.toml", str(tmp_path / "specs")):
        registry = jobspec.load(path)
        assert registry.project == "shop"
        assert registry["a"] == Definition.from_spec(registry["a"].spec, project="shop", root=tmp_path)
        assert registry.diagnostics == ()


def test_load_keeps_good_jobs_and_names_the_others(tmp_path: Path) -> None:
    make_project(tmp_path, a=GOOD, b=GOOD.replace("name: a", "name: b").replace("1h", "1"))
    registry = jobspec.load(tmp_path)
    assert registry.names() == ("a",)
    assert registry.frozen == {"b"}
    with pytest.raises(InvalidDefinitionError, match="the spec of the job `b` has mistakes: `1` has no unit"):
        registry["b"]


def test_load_wants_all_of_a_projects_specs(tmp_path: Path) -> None:
    make_project(tmp_path, 'project = "shop"\nspecs = ["specs", "more"]\n', a=GOOD)
    (tmp_path / "more").mkdir()
    with pytest.raises(UsageError, match="is not all of the specs"):
        jobspec.load(tmp_path / "specs")
    assert jobspec.load(tmp_path).names() == ("a",)


def test_load_without_a_project_file_reads_the_directory(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    registry = jobspec.load(tmp_path)
    assert registry.names() == ("a",)
    assert registry.project is None


@pytest.mark.parametrize("name", ["nowhere", "nowhere/jobspec.toml", "specs/a.yaml"])
def test_load_refuses_what_is_no_directory_and_names_it(tmp_path: Path, name: str) -> None:
    make_project(tmp_path, a=GOOD)
    with pytest.raises(UsageError, match=f"cannot load `{tmp_path / name}`: (no such file|it is no directory)"):
        jobspec.load(tmp_path / name)


@pytest.mark.parametrize("path", [None, "", 5, b""])
def test_load_wants_a_path(path: Any) -> None:
    with pytest.raises(UsageError, match="name a spec directory to load"):
        jobspec.load(path)


def test_load_takes_a_directory_without_jobs_and_leaves_it_to_the_guard(tmp_path: Path) -> None:
    make_project(tmp_path)
    registry = jobspec.load(tmp_path)
    assert registry.names() == ()
    assert list_jobs(registry).found.is_empty


def test_load_refuses_a_misspelt_environment_with_the_near_name(tmp_path: Path) -> None:
    make_project(tmp_path, a=GOOD + "env: {staging: {schedule: {interval: 5m}}}\n")
    with pytest.raises(UsageError, match=r"no spec names the environment `stagin`; did you mean `staging`\?"):
        jobspec.load(tmp_path, env="stagin")
    with pytest.raises(UsageError, match="`env` is the name of an environment, not 5"):
        jobspec.load(tmp_path, env=5)  # type: ignore[arg-type]


def test_load_quotes_nothing_that_the_project_redacts(tmp_path: Path) -> None:
    secret = GOOD + 'input_schema: s.json\ninput: {token: "hunter2"}\n'
    make_project(tmp_path, 'project = "shop"\n[plan]\nredact = ["input.token"]\n', a=secret)
    (tmp_path / "specs" / "s.json").write_text('{"properties": {"token": {"const": "x"}}}')
    registry = jobspec.load(tmp_path)
    assert registry.frozen == {"a"}
    with pytest.raises(InvalidDefinitionError) as caught:
        registry["a"]
    assert "hunter2" not in f"{registry.diagnostics} {caught.value}"
    assert "token" in str(caught.value)


def test_a_loaded_job_quotes_nothing_that_the_project_redacts(tmp_path: Path) -> None:
    model = "from pydantic import BaseModel\nclass Login(BaseModel):\n    token: int\n    user: str = ''\n"
    (tmp_path / "private_models.py").write_text(model)
    spec = GOOD + "input_model: private_models:Login\ninput: {token: 17.25, user: 3.5}\n"
    make_project(tmp_path, 'project = "shop"\n[plan]\nredact = ["input.token"]\n', a=spec)
    with pytest.raises(InvalidDefinitionError) as caught:
        jobspec.load(tmp_path)["a"].new_input()
    assert "17.25" not in str(caught.value)
    assert "`input.token` must be a whole number, not the number `(redacted)`" in str(caught.value)
    assert "`3.5`" in str(caught.value)


class Secretive(BaseModel):
    token: str

    @field_serializer("token")
    def refuse(self, token: str) -> str:
        raise ValueError(token)


def nest(value: Any, levels: int) -> Any:
    return nest([value], levels - 1) if levels else value


RING: list[Any] = []
RING.append(RING)


@pytest.mark.parametrize(
    "value", [Secretive.model_validate({"token": "hunter2"}), nest("hunter2", 300), ["hunter2", RING]]
)
async def test_a_loaded_job_refuses_what_is_no_json_without_quoting_it(tmp_path: Path, value: Any) -> None:
    make_project(tmp_path, 'project = "shop"\n[plan]\nredact = ["input.token"]\n', a=GOOD)
    client: Any = SimpleNamespace(data_converter=pydantic_data_converter, workflow_service=None)
    with pytest.raises(InvalidDefinitionError, match=r"`input.* cannot be written as JSON, and why is") as caught:
        await jobspec.load(tmp_path)["a"].execute(client, value)
    assert "hunter2" not in str(caught.value)


def test_a_loaded_job_can_be_pickled(tmp_path: Path) -> None:
    make_project(tmp_path, a=GOOD + "input_schema: s.json\ninput: 5\n")
    (tmp_path / "specs" / "s.json").write_text('{"type": "integer"}')
    job = jobspec.load(tmp_path)["a"]
    again = pickle.loads(pickle.dumps(job))  # noqa: S301  our own
    assert again == job
    registry = pickle.loads(pickle.dumps(jobspec.load(tmp_path)))  # noqa: S301  our own
    assert dict(registry) == {"a": job}
    assert (registry.project, registry.diagnostics) == ("shop", ())
    assert dict(copy.deepcopy(registry)) == dict(copy.copy(registry)) == dict(registry)
    code = again._job.load_code()
    check_run_input(again._job, job.spec, code, own_converter=False)
    wrong = job.spec.model_copy(update={"input": "x"})
    with pytest.raises(InvalidDefinitionError, match="`input`"):
        check_run_input(again._job, wrong, code, own_converter=False)


def test_load_mutes_what_the_project_mutes(tmp_path: Path) -> None:
    ended = GOOD.replace("1h", "1h, end_at: 2020-01-01T00:00:00Z")
    make_project(tmp_path, a=ended)
    assert [each.code for each in jobspec.load(tmp_path).diagnostics] == ["JS240"]
    (tmp_path / "jobspec.toml").write_text('project = "shop"\n[lint.levels]\nJS240 = "off"\n')
    assert jobspec.load(tmp_path).diagnostics == ()


def test_a_plan_quotes_nothing_of_a_project_that_redacts(tmp_path: Path) -> None:
    make_project(tmp_path, 'project = "shop"\n[plan]\nredact = ["input.token"]\n', a=GOOD)
    registry = jobspec.load(tmp_path)
    registry.add(job("made-in-code"))
    assert list_jobs(registry).redaction
    assert not list_jobs(Registry(job("made-in-code"))).redaction


class Refusing(PydanticPayloadConverter):
    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        raise ValueError(values)


def test_a_converter_that_refuses_an_input_quotes_nothing_of_it(tmp_path: Path) -> None:
    make_project(tmp_path, 'project = "shop"\n[plan]\nredact = ["input.token"]\n', a=GOOD + "input: {token: hunter2}\n")
    spec = jobspec.load(tmp_path)["a"].spec
    converter = dataclasses.replace(DataConverter.default, payload_converter_class=Refusing)
    conversion = Conversion(converter=converter, namespace="n", now=datetime.now(UTC))
    with pytest.raises(InvalidDefinitionError, match=r"ValueError: \[\{'token': '\(redacted\)'\}\]"):
        convert_job(spec, conversion)
    with pytest.raises(InvalidDefinitionError, match=r"cannot convert what `a` says: ValueError$"):
        convert_job(spec, conversion, redaction=Redaction.of(PlanSettings(redact=("input.token",))))


async def test_starting_a_run_with_such_a_converter_quotes_nothing_either(tmp_path: Path) -> None:
    converter = dataclasses.replace(DataConverter.default, payload_converter_class=Refusing)

    async def start(*_arguments: Any, args: Sequence[Any], **_options: Any) -> None:
        await converter.encode(args)

    client: Any = SimpleNamespace(
        namespace="n", data_converter=converter, workflow_service=None, start_workflow=start, identity="me"
    )
    make_project(tmp_path, a=GOOD + "input: {token: hunter2}\n")
    with pytest.raises(UsageError, match=r"ValueError: \[\{'token': '\(redacted\)'\}\]"):
        await jobspec.load(tmp_path)["a"].execute(client)
    (tmp_path / "jobspec.toml").write_text('project = "shop"\n[plan]\nredact = ["input.token"]\n')
    with pytest.raises(UsageError, match=r"cannot encode the arguments: ValueError$"):
        await jobspec.load(tmp_path)["a"].execute(client)


def test_load_says_what_is_wrong_with_the_project(tmp_path: Path) -> None:
    make_project(tmp_path, "project = 5\n")
    with pytest.raises(ProjectError):
        jobspec.load(tmp_path)
    (tmp_path / "jobspec.toml").write_text('project = "shop"\n[env.staging]\n')
    with pytest.raises(UsageError, match="choose an environment"):
        jobspec.load(tmp_path)
    assert jobspec.load(tmp_path, env="staging").names() == ()


def test_an_environment_is_merged(tmp_path: Path) -> None:
    make_project(tmp_path, a=GOOD + "env: {dev: null, staging: {schedule: {interval: 5m}}}\n")
    assert jobspec.load(tmp_path, env="dev").names() == ()
    schedule = jobspec.load(tmp_path, env="staging")["a"].schedule
    assert schedule is not None
    assert schedule.interval[0].every.total_seconds() == 300


def test_the_public_names_are_all_there() -> None:
    for name in dir(jobspec):
        assert getattr(jobspec, name) is not None
    with pytest.raises(AttributeError, match="no attribute `nothing`"):
        jobspec.nothing  # noqa: B018


def test_a_star_import_gives_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from jobspec import *", names)  # noqa: S102  it is allowed at the top of a module alone
    assert names["Definition"] is Definition
    assert {"Registry", "load", "plan", "apply", "RunFailedError"} <= names.keys()
    assert "import_module" not in names
