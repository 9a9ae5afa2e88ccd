"""What a job is: the vocabulary of a spec, validated and frozen.

One class serves the files and the library: `JobSpec` is what remains of a job
after defaults and the environment were merged, and what code may build by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from jobspec.spec.calendars import CalendarSpec
from jobspec.spec.frozen_model import SpecPart, mistake
from jobspec.spec.run_options import Priority, RetryPolicy, RunOptions, SearchAttributeValue
from jobspec.spec.scalars import ImportPath, JobName, TaskQueue, WorkflowType, as_tuple, check_import_path
from jobspec.spec.schedule import IntervalSpec, OverlapPolicy, ScheduleSpec

__all__ = [
    "EXCLUSIVE_KEYS",
    "CalendarSpec",
    "IntervalSpec",
    "JobSpec",
    "OverlapPolicy",
    "Priority",
    "RetryPolicy",
    "RunOptions",
    "ScheduleSpec",
    "SearchAttributeValue",
    "WorkflowRef",
]

EXCLUSIVE_KEYS = (("input", "args"), ("input_model", "input_schema"), ("args", "input_schema"))
"""Keys of a job of which only one may be set; a schema judges one value, so several arguments have none."""


def _workflow_text(value: Any) -> Any:
    if isinstance(value, Mapping | WorkflowRef):
        return value
    path = check_import_path(value)
    return {"type": path.rpartition(":")[2].rpartition(".")[2], "class": path}


class WorkflowRef(SpecPart):
    """Which workflow a job runs: its type in Temporal and, for Python, where its class is."""

    type: WorkflowType
    """The workflow type that Temporal starts."""

    import_path: Annotated[ImportPath | None, Field(alias="class", examples=["shop.workflows:SyncOrders"])] = None
    """Import path of the class, as `package.module:Class`; left out for workflows in other languages."""

    if TYPE_CHECKING:

        def __init__(self, *, type: str, import_path: str | None = ...) -> None: ...  # noqa: A002  a spec's own word


class JobSpec(SpecPart):
    """One job, complete: defaults and the environment are merged in, all values are checked."""

    name: JobName
    """Unique in the project; is the Schedule ID."""

    description: str = ""
    """What the job is for; stays in the file."""

    owner: Annotated[str, Field(examples=["team-orders"])] = ""
    """Who answers for it; stays in the file."""

    tags: Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(examples=[["orders", "hourly"]])] = ()
    """Words to select by; stay in the file."""

    queue: Annotated[TaskQueue, Field(examples=["sync-orders"])]
    """Task queue of the workers that run it."""

    workflow: Annotated[
        WorkflowRef,
        BeforeValidator(_workflow_text),
        Field(examples=["shop.workflows:SyncOrders", {"type": "sync-orders"}]),
    ]
    """Import path of the workflow class, or `{type, class}` where the type has another name, or `{type}` alone."""

    activities: Annotated[
        tuple[ImportPath, ...], BeforeValidator(as_tuple), Field(examples=[["shop.activities:fetch_orders"]])
    ] = ()
    """Import paths of the activities that a worker registers."""

    input: Annotated[Any, Field(examples=[{"region": "eu", "batch_size": 500}])] = None
    """The one argument of the workflow, any value; `null` is a value."""

    args: Annotated[tuple[Any, ...], BeforeValidator(as_tuple), Field(examples=[["eu", 500]])] = ()
    """The arguments of the workflow where there are several."""

    input_model: Annotated[ImportPath | None, Field(examples=["shop.models:OrdersInput"])] = None
    """Import path of the input's type, anything pydantic can validate; default: the annotation of `run`."""

    input_schema: Annotated[str | None, Field(examples=["orders.schema.json"])] = None
    """JSON Schema file for the input; relative to the file that names it."""

    run: RunOptions = RunOptions()
    """Options of every run."""

    schedule: ScheduleSpec | None = None
    """When it runs; without one it runs on demand."""

    @model_validator(mode="after")
    def _exclusive_fields(self) -> Self:
        for first, second in EXCLUSIVE_KEYS:
            if {first, second} <= self.model_fields_set:
                hint = "keep one of them"
                raise mistake("JS120", f"`{first}` and `{second}` exclude each other", hint, path=(second,))
        return self

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The workflow's arguments as written: none, the one `input`, or `args`."""
        return (self.input,) if "input" in self.model_fields_set else self.args

    @property
    def workflow_id(self) -> str:
        """Workflow id of scheduled runs, without the time that the server adds."""
        return self.run.workflow_id or self.name
