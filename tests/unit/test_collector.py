from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Sequence  # noqa: TC003  the SDK reads annotations
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from temporalio import activity, workflow
from temporalio.common import RawValue  # noqa: TC002  see above

from jobspec import Definition, Registry, WorkflowRef
from jobspec.errors import InvalidDefinitionError, NotRegisteredError
from jobspec.library.collector import Collector, collect
from jobspec.spec.loader import load
from jobspec.spec.model import JobSpec
from jobspec.spec.project import Project
from jobspec.spec.workspace import make_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = Path(__file__).parent.parent / "data" / "checks"
HERE = __name__
NEEDS_INSTANCE = (
    "needs an instance of its class (make one in the module and name its method, as `shop.activities:orders.fetch`)"
)


@pytest.fixture(autouse=True)
def _clean_path() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path


def job(workflow: str | dict[str, str], **fields: Any) -> JobSpec:
    if isinstance(workflow, str) and ":" not in workflow:
        workflow = f"good:{workflow}"
    return JobSpec.model_validate({"name": "job", "queue": "queue", "workflow": workflow, **fields})


@workflow.defn(dynamic=True)
class Dynamic:
    @workflow.run
    async def run(self, values: Sequence[RawValue]) -> None: ...


@workflow.defn
class Sync:
    @workflow.run
    async def run(self) -> None: ...


class Subclass(Sync):
    """Needs a decorator of its own."""


@activity.defn
async def fetch() -> None: ...


@activity.defn(name="fetch")
def fetch_in_a_thread() -> None: ...


def undecorated() -> None: ...


class Shelf:
    @activity.defn
    def count(self) -> int:
        return 0


@activity.defn
class Caller:
    async def __call__(self) -> None: ...


def test_collects_once_per_queue_and_type() -> None:
    specs = [
        job("TakesNothing", queue="a", activities=["good:fetch", "good:shelf.count"]),
        job("good:TakesNothing", name="second", queue="a", activities=["good:shelf.count"]),
        job("TakesBasket", name="third", queue="b", activities=["good:fetch"]),
        job({"type": "elsewhere"}, name="fourth", queue="c"),
    ]
    registrations = collect(specs, DATA)
    assert list(registrations) == ["a", "b"]
    assert [workflow.__name__ for workflow in registrations["a"].workflows] == ["TakesNothing"]
    assert [activity.__name__ for activity in registrations["a"].activities] == ["count", "fetch"]
    assert registrations["a"].threads
    assert registrations["a"].sources == ("job `job`", "job `second`")
    assert not registrations["b"].threads


def test_jobs_and_objects_end_in_one_worker() -> None:
    collector = Collector()
    collector.add_spec(job("TakesNothing", activities=["good:store"]), DATA)
    collector.add_workflow("queue", Sync, source="job `sync`")
    collector.add_activity("queue", fetch)
    collector.add_activity("other", Shelf().count)
    found = collector.finish()
    assert [each.__name__ for each in found["queue"].workflows] == ["Sync", "TakesNothing"]
    assert [each.__name__ for each in found["queue"].activities] == ["fetch", "store"]
    assert found["queue"].sources == ("job `job`", "job `sync`")
    assert (list(found), found["other"].threads) == (["other", "queue"], True)


def test_the_same_again_changes_nothing() -> None:
    collector, shelf, caller = Collector(), Shelf(), Caller()

    def add() -> None:
        collector.add_spec(job("TakesNothing", activities=["good:shelf.count"]), DATA)
        collector.add_workflow("queue", Sync, source="first")
        collector.add_activity("other", shelf.count, source="first")  # a bound method is a new object each time
        collector.add_activity("queue", caller)

    add()
    once = collector.finish()
    add()
    assert collector.finish() == once
    assert len(once["queue"].activities) == 2


def test_what_a_spec_names_is_the_object_itself() -> None:
    collector = Collector()
    collector.add_spec(job("TakesNothing", activities=["good:shelf.count"]), DATA)
    [before] = collector.finish().values()
    good = sys.modules["good"]
    collector.add_workflow("queue", good.TakesNothing)
    collector.add_activity("queue", good.shelf.count)
    [after] = collector.finish().values()
    assert (before.workflows, before.activities) == (after.workflows, after.activities)


def test_two_classes_under_one_name_are_refused_with_both_places() -> None:
    specs = [
        job("good:TakesNothing", activities=["good:fetch"]),
        job("clashing:TakesNothing", name="other", activities=["clashing:fetch"]),
    ]
    with pytest.raises(InvalidDefinitionError) as caught:
        collect(specs, DATA)
    assert str(caught.value).splitlines() == [
        f"task queue `queue`: {named} is both `good:{name}` (job `job`) and `clashing:{name}` (job `other`); "
        "give one of them another name"
        for named, name in (("workflow `TakesNothing`", "TakesNothing"), ("activity `fetch`", "fetch"))
    ]


@workflow.defn(name="Sync")
class OtherSync:
    @workflow.run
    async def run(self) -> None: ...


def test_two_workflow_classes_of_one_type_are_refused_with_both_places_however_they_are_given() -> None:
    registry = Registry(
        Definition("a", "queue", workflow=Sync),
        Definition("b", "queue", workflow=OtherSync),
        Definition("c", "queue", workflow=Sync),
        Definition("d", "queue", workflow=WorkflowRef(type="Sync", import_path=f"{HERE}:OtherSync")),
        Definition("e", "elsewhere", workflow=OtherSync),
    )
    collector = Collector()
    registry.register_all(collector)
    with pytest.raises(InvalidDefinitionError) as caught:
        collector.finish()
    assert str(caught.value).splitlines() == [
        f"task queue `queue`: workflow `Sync` is both `{HERE}:Sync` (job `a`) and `{HERE}:OtherSync` (job `{name}`); "
        "give one of them another name"
        for name in "bd"
    ]


def test_objects_under_one_name_are_refused_with_both_places() -> None:
    collector = Collector()
    collector.add_activity("queue", fetch, source="job `a`")
    collector.add_activity("queue", fetch_in_a_thread)
    collector.add_activity("queue", Shelf().count, source="job `a`")
    collector.add_activity("queue", Shelf().count, source="job `b`")
    with pytest.raises(InvalidDefinitionError) as caught:
        collector.finish()
    assert str(caught.value).splitlines() == [
        (
            f"task queue `queue`: activity `fetch` is both `{HERE}:fetch` (job `a`) and `{HERE}:fetch_in_a_thread`; "
            "give one of them another name"
        ),
        (
            f"task queue `queue`: activity `count` is both `{HERE}:Shelf.count` (job `a`) and `{HERE}:Shelf.count` "
            "(job `b`), which are different objects; give one of them another name"
        ),
    ]


def test_two_dynamic_workflows_are_refused() -> None:
    specs = [job({"type": "A", "class": "good:Dynamic"}), job({"type": "B", "class": "good:Dynamic"}, name="b")]
    assert len(collect(specs, DATA)["queue"].workflows) == 1
    collector = Collector()
    collector.add_spec(specs[0], DATA)
    collector.add_workflow("queue", Dynamic)
    with pytest.raises(InvalidDefinitionError, match="a dynamic workflow is both `good:Dynamic`"):
        collector.finish()


def test_the_same_name_on_two_queues_is_fine() -> None:
    specs = [job("good:TakesNothing", queue="a"), job("clashing:TakesNothing", queue="b")]
    assert set(collect(specs, DATA)) == {"a", "b"}


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (
            lambda collector: collector.add_workflow("q", Subclass, source="x"),
            "x: `HERE:Subclass` is a class without `@workflow.defn` (put `@workflow.defn` above `class Subclass`)",
        ),
        (
            lambda collector: collector.add_workflow("q", fetch),
            "`HERE:fetch` is no workflow class but a function",
        ),
        (
            lambda collector: collector.add_activity("q", undecorated),
            "`HERE:undecorated` is a function without `@activity.defn` (put `@activity.defn` above it)",
        ),
        (
            lambda collector: collector.add_activity("q", Shelf.count),
            f"`HERE:Shelf.count` {NEEDS_INSTANCE}",
        ),
        (
            lambda collector: collector.add_activity("q", Caller),
            f"`HERE:Caller` {NEEDS_INSTANCE}",
        ),
        (
            lambda collector: collector.add_activity("q", functools.partial(fetch)),
            "`functools:partial` is a function without `@activity.defn` (put `@activity.defn` above it)",
        ),
        (lambda collector: collector.add_activity("q", 7), "`builtins:int` is no activity but an int"),
    ],
)
def test_what_is_not_decorated_is_refused_at_once(add: Callable[[Collector], None], message: str) -> None:
    with pytest.raises(InvalidDefinitionError) as caught:
        add(Collector())
    assert str(caught.value) == message.replace("HERE", HERE)


def test_all_that_cannot_be_registered_is_said_at_once() -> None:
    specs = [
        job("Undecorated"),
        job("Named", name="named"),
        job("TakesNothing", name="third", activities=["good:nope"]),
        job("TakesNothing", name="fourth", queue="elsewhere", activities=["absent:any"]),
    ]
    with pytest.raises(InvalidDefinitionError) as caught:
        collect(specs, DATA)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "job `fourth`",
        "job `job`",
        "job `named`",
        "job `third`",
    ]


def test_only_what_a_queue_needs_is_imported(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from temporalio import activity\n@activity.defn\nasync def work(): ...\n")
    (tmp_path / "theirs.py").write_text("raise RuntimeError('a package of theirs is missing here')\n")
    program = (
        "from pathlib import Path\n"
        "from jobspec.library.collector import collect\n"
        "from jobspec.spec.model import JobSpec\n"
        "specs = [JobSpec(name=name, queue=name, workflow={'type': 'W'}, activities=[f'{name}:work'])"
        " for name in ('mine', 'theirs')]\n"
        "assert list(collect(specs, Path('.'), queues=['mine'])) == ['mine']\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ([], "there is nothing to run on task queue `queue`: no job uses it"),
        (
            [job("TakesNothing", queue="queues"), job("TakesNothing", queue="b")],
            "there is nothing to run on task queue `queue`: no job uses it; did you mean `queues`?",
        ),
        (
            [job("TakesNothing", queue="one"), job("TakesNothing", queue="b")],
            "there is nothing to run on task queue `queue`: no job uses it; jobs use `b`, `one`",
        ),
        (
            [job({"type": "elsewhere"})],
            (
                "there is nothing to run on task queue `queue`: "
                "its jobs (job) name a workflow type without a class, and no activities"
            ),
        ),
    ],
)
def test_a_wanted_queue_without_code_is_refused(specs: list[JobSpec], message: str) -> None:
    with pytest.raises(NotRegisteredError) as caught:
        collect(specs, DATA, queues=["queue"])
    assert str(caught.value) == message


def test_every_wanted_queue_without_code_is_named() -> None:
    with pytest.raises(NotRegisteredError) as caught:
        collect([job("TakesNothing")], DATA, queues=["x", "queue", "a"])
    assert [line.partition("`")[2].partition("`")[0] for line in str(caught.value).splitlines()] == ["a", "x"]


def test_projects_own_specs_fill_two_workers() -> None:
    root = Path(__file__).parent.parent.parent
    loaded = load(make_workspace(root, Project()), now=datetime(2026, 11, 24, tzinfo=UTC))
    found = collect((each.spec for each in loaded.jobs.values()), root)
    assert {queue: (len(each.workflows), len(each.activities)) for queue, each in found.items()} == {
        "shop-office": (5, 6),
        "shop-orders": (1, 2),
    }
