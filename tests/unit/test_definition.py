"""Definitions: what is judged when one is made, and that it is a value."""

from __future__ import annotations

import copy
import math
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, ConfigDict, PrivateAttr
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from jobspec import (
    Definition,
    InvalidDefinitionError,
    NotRegisteredError,
    RetryPolicy,
    RunOptions,
    ScheduleSpec,
    WorkflowRef,
)

if TYPE_CHECKING:
    from pathlib import Path


class Batch(BaseModel):
    region: str
    size: int = 10


@dataclass
class Letter:
    subject: str = "Hello"


@workflow.defn
class Sync:
    @workflow.run
    async def run(self, batch: Batch) -> str:
        return batch.region


@workflow.defn(name="send-letter")
class Send:
    @workflow.run
    async def run(self, letter: Letter) -> None: ...


@activity.defn
async def fetch(region: str) -> int:
    return len(region)


def _make_activity() -> Any:
    @activity.defn
    async def local() -> None: ...

    return local


def test_it_wraps_one_spec_in_the_words_of_a_file() -> None:
    definition = Definition(
        "orders-sync",
        "sync-orders",
        workflow=Sync,
        activities=[fetch],
        input_model=Batch,
        input=Batch(region="eu"),
        run=RunOptions(execution_timeout=timedelta(hours=2), retry_policy=RetryPolicy(maximum_attempts=3)),
        schedule=ScheduleSpec(cron="0 2 * * *", timezone="Europe/Berlin"),
        description="Pull new orders",
        owner="team-orders",
        tags=["orders"],
        project="shop",
    )
    spec = definition.spec
    assert (definition.name, definition.task_queue, definition.project) == ("orders-sync", "sync-orders", "shop")
    assert (spec.workflow.type, spec.workflow.import_path) == ("Sync", f"{__name__}:Sync")
    assert spec.activities == (f"{__name__}:fetch",)
    assert spec.input_model == f"{__name__}:Batch"
    assert (definition.description, definition.owner, definition.tags) == (
        "Pull new orders",
        "team-orders",
        ("orders",),
    )
    assert definition.schedule is not None
    assert definition.schedule.cron == ("0 2 * * *",)


def test_the_workflow_type_is_the_classs_own_name() -> None:
    assert Definition("letter", "q", workflow=Send).spec.workflow.type == "send-letter"


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidDefinitionError) as caught:
        Definition(
            "orders sync",
            "",
            workflow="shop.workflows.Sync",
            owner="",
            input=1,
            args=[1],
        )
    said = str(caught.value)
    assert said.startswith("the job `orders sync` is invalid:\n")
    for part in ("name: the name `orders sync` is not allowed", "queue: ", "write `shop.workflows:Sync`", "exclude"):
        assert part in said


def test_wrong_code_functions_and_project_are_said_with_the_rest() -> None:
    wrong: dict[str, Any] = {"workflow": Batch, "activities": [fetch, len], "input_model": 5, "tags": "hourly"}
    with pytest.raises(InvalidDefinitionError) as caught:
        Definition("a b", "q", project="My Shop", register=5, execute="x", args="abc", **wrong)  # type: ignore[arg-type]
    said = str(caught.value)
    for part in (
        "name: ",
        "without `@workflow.defn`",
        "activities[1]: ",
        "input_model: ",
        "`My Shop` is no project id",
    ):
        assert part in said
    for part in (
        "`register` must be a function",
        "`execute` must be",
        "`tags` must be a list",
        "`args` must be a list",
    ):
        assert part in said


def test_text_is_no_list_of_activities() -> None:
    with pytest.raises(InvalidDefinitionError, match="`activities` must be a list, not text"):
        Definition("a", "q", workflow=Sync, activities="shop.activities:fetch")


def test_an_input_that_does_not_fit_names_its_path_and_the_model() -> None:
    with pytest.raises(InvalidDefinitionError, match=r"input\.size: `input\.size` must be a whole number, not text"):
        Definition("a", "q", workflow=Sync, input={"region": "eu", "size": "many"})
    with pytest.raises(InvalidDefinitionError, match=r"`region` is missing, which .*Batch.* requires"):
        Definition("a", "q", workflow=Sync, input_model=Batch, input={"size": 1})


@workflow.defn
class TakesAnything:
    @workflow.run
    async def run(self, value: Any) -> None: ...


class Opaque:
    """Nothing that pydantic knows."""


@workflow.defn
class TakesOpaque:
    @workflow.run
    async def run(self, value: Opaque) -> None: ...


def test_an_input_that_the_worker_could_not_read_is_refused() -> None:
    with pytest.raises(InvalidDefinitionError, match=r"input: the worker cannot read the input as `Opaque` .*annotate"):
        Definition("a", "q", workflow=TakesOpaque, input={})


class Measured(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")

    size: float


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": [1, math.nan]}, "input.a[1]: `input.a[1]` is `nan`, and JSON has finite numbers only"),
        (-math.inf, "input: `input` is `-inf`"),
        ({"a": print}, "input.a: `input.a` cannot be written as JSON: Unable to serialize unknown type"),
        (Measured(size=math.inf), "input: `input` cannot be written as JSON: it holds `Infinity`"),
        ("\ud800", "input: `input` is no Unicode text"),
        (LOOP, "`input[0]` contains itself"),
    ],
)
@pytest.mark.parametrize("workflow", ["shop:Sync", WorkflowRef(type="x"), TakesAnything], ids=str)
def test_an_input_that_is_no_json_is_refused(workflow: Any, value: Any, said: str) -> None:
    with pytest.raises(InvalidDefinitionError) as caught:
        Definition("a", "q", workflow=workflow, input=value)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2


def test_what_was_handed_over_can_be_changed_without_changing_the_job() -> None:
    given, batch, memo = {"tags": ["x"]}, Batch(region="eu"), {"owners": ["ann"]}
    untyped = Definition("a", "q", workflow="shop:Sync", args=[given], run=RunOptions(memo=memo))
    mapped = Definition("a", "q", workflow="shop:Sync", run={"memo": memo})  # type: ignore[arg-type]
    typed = Definition("a", "q", workflow=Sync, input=batch)
    given["tags"].append("y")
    batch.region = "us"
    memo["owners"].append("bob")
    assert mapped.spec.run.memo == {"owners": ["ann"]}
    assert untyped.spec.args == ({"tags": ["x"]},)
    assert untyped.spec.run.memo == {"owners": ["ann"]}
    assert typed.spec.input == Batch(region="eu")


def test_mappings_and_lists_of_any_kind_are_copied() -> None:
    given, numbers, seen = OrderedDict(tags=["x"]), UserNumbers([1]), {1}
    job = Definition("a", "q", workflow="shop:Sync", args=[MappingProxyType(given), numbers, seen])
    given["tags"].append("y")
    numbers.append(2)
    seen.add(2)
    assert job.spec.args == ({"tags": ["x"]}, [1], {1})


class UserNumbers(list[int]):
    """As some libraries have lists of their own."""


class Locked(BaseModel):
    region: str
    _lock: Any = PrivateAttr(default_factory=Lock)


def test_a_model_that_keeps_what_cannot_be_copied_can_be_an_input() -> None:
    given = Locked(region="eu")
    job = Definition("a", "q", workflow="shop:Sync", input=given)
    given.region = "us"
    assert job.spec.input.region == "eu"


def test_options_of_runs_as_a_mapping_are_judged_alike() -> None:
    with pytest.raises(InvalidDefinitionError, match=r"`run\.memo\.x` is `nan`"):
        Definition("a", "q", workflow="shop:Sync", run={"memo": {"x": math.nan}})  # type: ignore[arg-type]


def test_what_the_converter_can_send_is_taken() -> None:
    for value in (b"\xff", {1, 2}, date(2026, 1, 1), Batch(region="eu"), Letter(), RawValue(Payload()), 10**30):
        Definition("a", "q", workflow="shop:Sync", args=[value], run=RunOptions(memo={"x": value}))
    with pytest.raises(InvalidDefinitionError, match=r"run\.memo\.x: `run\.memo\.x` is `nan`"):
        Definition("a", "q", workflow="shop:Sync", run=RunOptions(memo={"x": math.nan}))


def test_a_scheduled_job_whose_workflow_needs_input_must_give_it() -> None:
    with pytest.raises(InvalidDefinitionError, match="requires `batch`, and the job gives no argument"):
        Definition("a", "q", workflow=Sync, schedule=ScheduleSpec(interval="1h"))
    assert Definition("a", "q", workflow=Sync).spec.arguments == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"workflow": Batch}, "without `@workflow.defn`"),
        ({"workflow": Sync, "activities": [len]}, "without `@activity.defn`"),
        ({"workflow": Sync, "input_model": 5}, "cannot judge inputs"),
    ],
)
def test_code_that_is_none_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=said):
        Definition("a", "q", **wrong)


def test_a_project_id_is_judged_too() -> None:
    with pytest.raises(InvalidDefinitionError, match="`My Shop` is no project id"):
        Definition("a", "q", workflow=Sync, project="My Shop")
    assert Definition("a", "q", workflow=Sync).project is None


def test_a_bound_method_has_no_import_path() -> None:
    class Shelf:
        @activity.defn
        async def count(self) -> int:
            return 1

    spec = Definition("a", "q", workflow=Sync, activities=[Shelf().count, fetch]).spec
    assert spec.activities == (f"{__name__}:fetch",)


def test_a_wrong_activity_is_named_by_its_place_in_the_list_as_given() -> None:
    class Shelf:
        @activity.defn
        async def count(self) -> int:
            return 1

    mixed: list[Any] = ["shop.activities:fetch", fetch, len, Shelf().count, "no path", Shelf().count, 5]
    with pytest.raises(InvalidDefinitionError) as caught:
        Definition("a", "q", workflow=Sync, activities=mixed)
    assert [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]] == [
        "activities[4]",
        "activities[2]",
        "activities[6]",
    ]
    with pytest.raises(InvalidDefinitionError, match=r"  activities\[2\]: `len` is a function without"):
        Definition("a", "q", workflow=Sync, activities=["shop.activities:fetch", fetch, len])


def test_it_is_a_frozen_value() -> None:
    first, second = (Definition("a", "q", workflow=Sync, input={"region": "eu"}) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != Definition("a", "q", workflow=Sync, input={"region": "us"})
    assert first != "a"
    with pytest.raises(AttributeError, match="frozen"):
        first.project = "shop"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del first._job
    assert copy.copy(first) is copy.deepcopy(first) is first
    assert repr(first) == "Definition('a', 'q', workflow='Sync')"


def start(workflow_type: str, **options: Any) -> Any: ...


@pytest.mark.parametrize(
    "definition",
    [
        Definition(
            "a", "q", workflow=Sync, activities=[fetch, "shop:fetch"], input_model=Batch, input=Batch(region="eu")
        ),
        Definition("a", "q", workflow="shop:Sync", schedule=ScheduleSpec(cron="@daily"), project="shop", tags=["x"]),
        Definition("a", "q", workflow=WorkflowRef(type="x"), input_model=list[int], input=[1], execute=start),
    ],
)
def test_it_can_be_pickled(definition: Definition) -> None:
    again = pickle.loads(pickle.dumps(definition))  # noqa: S301  our own
    assert again == definition
    assert again is not definition
    assert (again.project, again.spec.schedule) == (definition.project, definition.spec.schedule)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ({"register": lambda _: None}, "its `register` `.*<lambda>`; define it at the top of a module"),
        ({"activities": [_make_activity()]}, "its activity `_make_activity.<locals>.local`"),
    ],
)
def test_what_another_process_cannot_import_is_not_pickled(code: dict[str, Any], said: str) -> None:
    definition = Definition("a", "q", workflow=Sync, **code)
    with pytest.raises(TypeError, match=f"the job `a` cannot be pickled: another process cannot import {said}"):
        pickle.dumps(definition)


def test_in_project_changes_the_mark_alone() -> None:
    definition = Definition("a", "q", workflow=Sync)
    assert definition.in_project("shop").project == "shop"
    assert definition.in_project("shop").spec is definition.spec
    assert definition.project is None


def test_new_input_reads_what_the_job_says_with_the_model() -> None:
    assert Definition("a", "q", workflow=Sync, input={"region": "eu"}).new_input() == Batch(region="eu", size=10)
    model = Definition("a", "q", workflow=WorkflowRef(type="x"), input_model=Batch, input=Batch(region="us"))
    assert model.new_input().size == 10
    assert Definition("a", "q", workflow=Send).new_input() == Letter(subject="Hello")


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (Definition("a", "q", workflow=WorkflowRef(type="x")), "has no input model"),
        (Definition("a", "q", workflow=Sync), "cannot be made of its defaults alone: region: Field required"),
        (Definition("a", "q", workflow=WorkflowRef(type="x"), args=[1, 2]), "takes several arguments"),
    ],
)
def test_new_input_says_why_there_is_none(definition: Definition, said: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=said):
        definition.new_input()


def test_a_definition_made_of_import_paths_follows_them_late(tmp_path: Path) -> None:
    late = Definition("a", "q", workflow="nowhere_at_all:Sync", activities=["nowhere_at_all:fetch"], input=1)
    assert late.spec.workflow.type == "Sync"
    with pytest.raises(InvalidDefinitionError, match="nowhere_at_all"):
        late.new_input()
    spec = late.spec
    assert Definition.from_spec(spec, root=tmp_path, project="shop").project == "shop"


def test_a_job_without_code_has_nothing_to_register() -> None:
    from jobspec import Collector

    definition = Definition("a", "q", workflow=WorkflowRef(type="elsewhere"))
    assert not definition.has_code
    with pytest.raises(NotRegisteredError, match="names the workflow type `elsewhere` without a class"):
        definition.register(Collector())
