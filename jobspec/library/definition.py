"""A job as a value with methods: what a spec describes, and everything you can do with it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, cast, final

from typing_extensions import TypeVar

from jobspec.errors import NotRegisteredError
from jobspec.library.call_arguments import check_name, check_run, read_statuses
from jobspec.library.coded_job import CodedJob
from jobspec.library.construction import check_rest, find_source, make_job
from jobspec.library.job_code import CodeSource, check_portable, find_code
from jobspec.library.job_input import UNSET, Unset, check_run_input, fit_run, list_arguments, list_values, read_input
from jobspec.library.job_runs import RunHandle, count_runs
from jobspec.results import TimeRange
from jobspec.spec.model import JobSpec, RunOptions
from jobspec.spec.project import check_project_id
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from temporalio.client import Client

    from jobspec.library.coded_job import StartWorkflow
    from jobspec.library.collector import Collector
    from jobspec.results import (
        DefinitionStats,
        PauseOutcome,
        RunDetail,
        RunHistory,
        RunPage,
        ScheduleDetail,
        ScheduleOutcome,
        Status,
        TaskQueueInfo,
    )
    from jobspec.spec.input_schema import InputSchema
    from jobspec.spec.model import OverlapPolicy, RetryPolicy, ScheduleSpec, WorkflowRef
    from jobspec.temporal.runs.gateway import Runs

InputT = TypeVar("InputT", default=Any)


@final
class Definition(Generic[InputT]):
    """One job: what it runs, with which input, when, and methods for its runs and its schedule.

    You make one in code or load it from spec files with `jobspec.load`; the object is the same either way. It is
    validated when it is made, and the error lists every mistake. It is frozen, can be shared between threads and event
    loops, and can be pickled if its code can be imported by name.

    A job sees only its own runs: a method that names a run acts on it only if a schedule or `execute` started it for a
    job of this name. `signal`, `cancel` and `terminate` also require that the run belongs to this project: `execute`
    marks the runs that it starts, and a run without a mark belongs to its schedule, which must have the project's mark.

    Methods that take a client need a connected one. They also raise `UsageError` for an invalid argument, such as an
    empty workflow id, before they contact the server; `UnreachableError` if Temporal cannot be reached;
    `NamespaceNotFoundError`; and `RequestError` for anything else that the server refuses. Where a method takes a
    `workflow_id` and a `run_id`, None as the run id means the latest run of that workflow id.

    Args:
        name: Unique in the project; also the Schedule ID.
        task_queue: Task queue of the workers that run it.
        workflow: The class, its import path as `package.module:Class`, or `WorkflowRef(type="…")` for a workflow
            that is not Python; with its `import_path` too where the type is not the name of the class.
        activities: What a worker registers besides the workflow: functions and bound methods, or import paths.
        input_model: Type of the one argument, or its import path: anything that pydantic can validate. Default: the
            annotation of `run()`.
        input: The one argument, which may be None; leave it out if there is none.
        args: The arguments if there are several.
        run: Options of every run, scheduled or started by hand.
        schedule: When it runs; without one it runs on demand.
        description: What the job is for; not sent to Temporal.
        owner: Who is responsible for it; not sent to Temporal.
        tags: Words to select jobs by; not sent to Temporal.
        project: The ownership mark of its schedule. There is no default: planning and writing need one.
        register: Called with the collector after the job's own workflow and activities are added, to add more.
        execute: Starts runs instead of `client.start_workflow`; takes the same arguments and returns the same.

    Raises:
        InvalidDefinitionError: The definition has mistakes; lists all of them.
    """

    __slots__ = ("_job",)
    _job: CodedJob

    def __init__(  # noqa: PLR0913  one argument a property of a job, all but two by name
        self,
        name: str,
        task_queue: str,
        *,
        workflow: type | str | WorkflowRef,
        activities: Sequence[Callable[..., Any] | str] = (),
        input_model: type[InputT] | str | None = None,
        input: InputT | Mapping[str, Any] | Literal[Unset.UNSET] = UNSET,  # noqa: A002  the job's own word
        args: Sequence[Any] | Literal[Unset.UNSET] = UNSET,
        run: RunOptions | None = None,
        schedule: ScheduleSpec | None = None,
        description: str = "",
        owner: str = "",
        tags: Iterable[str] = (),
        project: str | None = None,
        register: Callable[[Collector], None] | None = None,
        execute: StartWorkflow | None = None,
    ) -> None:
        values: dict[str, Any] = {
            "name": name,
            "queue": task_queue,
            "description": description,
            "owner": owner,
            "tags": list_values(tags),
            "run": RunOptions() if run is None else run,
            "schedule": schedule,
            **list_arguments(input, args),
        }
        others = check_rest(project=project, register=register, execute=execute)
        spec, source = make_job(
            values, workflow=workflow, activities=activities, input_model=input_model, others=others
        )
        job = CodedJob(spec=spec, source=source, project=project, register=register, execute=execute)
        object.__setattr__(self, "_job", job)  # nothing else sets it

    @classmethod
    def from_spec(
        cls,
        spec: JobSpec,
        *,
        project: str | None = None,
        also_owns: Collection[str] = (),
        root: Path | None = None,
        schema: InputSchema | None = None,
        redaction: Redaction = NOTHING_REDACTED,
    ) -> Definition[Any]:
        """Make the definition of a job that a spec describes; its code is imported when it is first needed.

        Args:
            spec: A valid job.
            project: The ownership mark of its schedule.
            also_owns: Former ids of the project; schedules that still have one belong to the job.
            root: Where import paths start, the directory of `jobspec.toml`; None leaves `sys.path` as it is.
            schema: The JSON Schema that `input_schema` names.
            redaction: Which of its arguments messages must not quote.

        Raises:
            InvalidDefinitionError: `project` is not a valid project id.
        """
        return cls._wrap(
            CodedJob(
                spec=spec,
                source=find_code(spec, root),
                project=_check_project(project),
                also_owns=frozenset(also_owns),
                schema=schema,
                redaction=redaction,
            )
        )

    @classmethod
    def _wrap(cls, job: CodedJob) -> Definition[InputT]:
        made: Definition[InputT] = cls.__new__(cls)
        object.__setattr__(made, "_job", job)
        return made

    def in_project(self, project: str) -> Definition[InputT]:
        """Return the same job with the ownership mark of a project.

        Raises:
            InvalidDefinitionError: It is not a valid project id.
        """
        return self._wrap(replace(self._job, project=_check_project(project)))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a definition is frozen; make another one to change `{name}`")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a definition is frozen; make another one without `{name}`")

    def __copy__(self) -> Definition[InputT]:
        return self

    def __deepcopy__(self, _memo: object) -> Definition[InputT]:
        return self  # frozen, and code is not copied

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it by the names of its code.

        Raises:
            TypeError: Some of its code was made in a function, so another process cannot import it.
        """
        job = self._job
        workflow, activities, model = job.source.list_given()
        pieces = [("workflow", workflow), *(("activity", each) for each in activities), ("input model", model)]
        check_portable(self.name, [*pieces, ("`register`", job.register), ("`execute`", job.execute)])
        bare = replace(job, source=CodeSource(root=job.source.root))
        return _restore, (bare, workflow, activities, model)

    def __eq__(self, other: object) -> bool:
        return self._job == other._job if isinstance(other, Definition) else NotImplemented

    def __hash__(self) -> int:
        return hash((Definition, self.name))

    def __repr__(self) -> str:
        return f"Definition({self.name!r}, {self.task_queue!r}, workflow={self.spec.workflow.type!r})"

    @property
    def spec(self) -> JobSpec:
        """The job as a spec file describes it: input, run options, schedule and everything else."""
        return self._job.spec

    @property
    def name(self) -> str:
        """Unique in the project; also the Schedule ID."""
        return self.spec.name

    @property
    def task_queue(self) -> str:
        """Task queue of the workers that run it."""
        return self.spec.queue

    @property
    def project(self) -> str | None:
        """The ownership mark of its schedule; None if it has none."""
        return self._job.project

    @property
    def schedule(self) -> ScheduleSpec | None:
        """When it runs; None if it runs on demand."""
        return self.spec.schedule

    @property
    def description(self) -> str:
        """What the job is for."""
        return self.spec.description

    @property
    def owner(self) -> str:
        """Who is responsible for it."""
        return self.spec.owner

    @property
    def tags(self) -> tuple[str, ...]:
        """Words to select jobs by."""
        return self.spec.tags

    # Code

    @property
    def has_code(self) -> bool:
        """Whether it has code that a worker can run."""
        return self._job.has_code

    def register(self, collector: Collector) -> None:
        """Add the workflow and the activities to what a worker of the task queue registers.

        Raises:
            NotRegisteredError: The job names no Python code and has no `register`.
            InvalidDefinitionError: Code cannot be imported or used.
        """
        if not self.has_code:
            raise NotRegisteredError(
                f"job `{self.name}` names the workflow type `{self.spec.workflow.type}` without a class, and no "
                "activities, so a worker has nothing to run for it"
            )
        self._job.collect_code(collector)

    def new_input(self) -> InputT:
        """Make the job's input as its workflow will see it, read by the model.

        If the job has no input, it is made from the model's defaults.

        Raises:
            InvalidDefinitionError: There is no model, or the job's input does not fit it.
        """
        return cast("InputT", read_input(self._job))

    # Runs

    async def execute(  # noqa: PLR0913  one argument an option of a run
        self,
        client: Client,
        input: InputT | Mapping[str, Any] | Literal[Unset.UNSET] = UNSET,  # noqa: A002  the job's own word
        *,
        args: Sequence[Any] | Literal[Unset.UNSET] = UNSET,
        workflow_id: str | None = None,
        execution_timeout: timedelta | str | None = None,
        run_timeout: timedelta | str | None = None,
        task_timeout: timedelta | str | None = None,
        retry_policy: RetryPolicy | None = None,
        memo: Mapping[str, Any] | None = None,
    ) -> RunHandle:
        """Start a run now.

        Args:
            client: Connected; its data converter is used.
            input: The argument of this run: an instance of the model, or a value it can be read from. Options that
                are left out, like the input, are the job's own.
            args: The arguments of this run if there are several.
            workflow_id: Its workflow id; default: `<name>-<random uuid>`.
            execution_timeout: Limit for the run with all its retries and continuations.
            run_timeout: Limit for one attempt.
            task_timeout: Limit for one workflow task.
            retry_policy: How a failed run is retried.
            memo: Shown with the run.

        Raises:
            InvalidDefinitionError: The input or an option is invalid, or the job's code cannot be imported.
            AlreadyStartedError: A run with that workflow id is running.
            UsageError: The client's data converter cannot encode the input, or the SDK cannot send an option.
        """
        from temporalio.contrib.pydantic import PydanticPayloadConverter

        from jobspec.temporal.runs.run_starts import make_start_options

        runs = _runs(client)
        given = {
            "execution_timeout": execution_timeout,
            "run_timeout": run_timeout,
            "task_timeout": task_timeout,
            "retry_policy": retry_policy,
            "memo": dict(memo) if isinstance(memo, Mapping) else memo,
            "workflow_id": f"{self.name}-{uuid.uuid4()}" if workflow_id is None else workflow_id,
        }
        options = {key: value for key, value in given.items() if value is not None}
        spec = fit_run(self.spec, options, list_arguments(input, args))
        code = self._job.load_code()
        is_pydantic = issubclass(client.data_converter.payload_converter_class, PydanticPayloadConverter)
        check_run_input(self._job, spec, code, own_converter=not is_pydantic)
        started, run_id = await runs.start(
            self.name,
            self._job.execute or client.start_workflow,
            spec.workflow.type,
            make_start_options(spec),
            project=self.project,
            redaction=self._job.redaction,
        )
        return RunHandle(client=client, workflow_id=started, run_id=run_id, result_type=code.result_type)

    def get_run(self, client: Client, workflow_id: str, run_id: str | None = None) -> RunHandle:
        """Return a handle for a run; the server is contacted only when you ask for its result."""
        check_run(workflow_id, run_id)
        result_type = self._job.source.given().result_type  # nothing is imported for it
        return RunHandle(
            client=client,
            workflow_id=workflow_id,
            run_id=run_id,
            result_type=result_type,
            job=self.name,
        )

    async def describe(self, client: Client, workflow_id: str, run_id: str | None = None) -> RunDetail:
        """Describe one run.

        Raises:
            NotFoundError: The job has no such run.
        """
        check_run(workflow_id, run_id)
        return await _runs(client).describe(self.name, workflow_id, run_id)

    async def list_runs(
        self,
        client: Client,
        *,
        status: Status | str | Iterable[Status | str] | None = None,
        time_range: TimeRange | None = None,
        page_size: int = 100,
        page_token: bytes = b"",
    ) -> RunPage:
        """List the job's runs, newest first; a run that just started may be missing, because the list lags a little.

        Args:
            client: Connected.
            status: Only runs in this state, or in one of these; each a `Status` or its value, such as `failed`.
            time_range: Only runs that started within it.
            page_size: Maximum number of runs, 1 to 1000.
            page_token: `next_page_token` of the previous page; empty for the first.

        Raises:
            UsageError: The state is unknown, a time or the page size is invalid, or the token is from another list.
        """
        statuses, span = read_statuses(status), TimeRange() if time_range is None else time_range
        return await _runs(client).list(
            self.name,
            statuses=statuses,
            time_range=span,
            page_size=page_size,
            page_token=page_token,
        )

    async def history(
        self, client: Client, workflow_id: str, run_id: str | None = None, *, max_events: int | None = 500
    ) -> RunHistory:
        """Read what happened in a run: its activities with attempts, inputs, results and failures.

        Args:
            client: Connected.
            workflow_id: Its workflow id.
            run_id: Its run id.
            max_events: Maximum number of history events to read; None for no limit. `is_truncated` says whether there
                are more.

        Raises:
            NotFoundError: The job has no such run.
            UsageError: `max_events` is below 1.
        """
        check_run(workflow_id, run_id)
        return await _runs(client).history(self.name, workflow_id, run_id, max_events=max_events)

    async def stats(self, client: Client, *, today_only: bool = False, time_zone: str = "UTC") -> DefinitionStats:
        """Count the job's runs by state, in one request.

        Args:
            client: Connected.
            today_only: Count only runs that ended since the last midnight, and those that are running.
            time_zone: IANA name of the zone whose midnight counts.

        Raises:
            UsageError: The zone is unknown.
        """
        return await count_runs(client, self.name, today_only=today_only, time_zone=time_zone)

    async def query(self, client: Client, workflow_id: str, query: str, *args: Any, run_id: str | None = None) -> Any:
        """Query a run; a closed one also answers while a worker is running.

        Raises:
            QueryError: The workflow has no such query, or failed to answer it.
            RequestError: No worker answered in time, or the answer cannot be decoded.
            NotFoundError: The job has no such run.
            UsageError: An argument cannot be sent.
        """
        check_run(workflow_id, run_id)
        check_name(query, "the name of the query")
        return await _runs(client).query(self.name, workflow_id, query, args, run_id)

    async def signal(
        self, client: Client, workflow_id: str, signal: str, *args: Any, run_id: str | None = None
    ) -> None:
        """Send a signal to a run; a workflow without a handler for it keeps it unread.

        Raises:
            AlreadyClosedError: The run is over.
            NotFoundError: The job has no such run.
            RefusedError: The run is not known to belong to this project.
            UsageError: An argument cannot be sent.
        """
        check_run(workflow_id, run_id)
        check_name(signal, "the name of the signal")
        await _runs(client).signal(self.name, workflow_id, signal, args, run_id, owners=self._job.owners)

    async def cancel(self, client: Client, workflow_id: str, run_id: str | None = None) -> None:
        """Request the cancellation of a run; it may clean up first, or ignore the request.

        Raises:
            AlreadyClosedError: The run is over.
            NotFoundError: The job has no such run.
            RefusedError: The run is not known to belong to this project.
        """
        check_run(workflow_id, run_id)
        await _runs(client).cancel(self.name, workflow_id, run_id, owners=self._job.owners)

    async def terminate(self, client: Client, workflow_id: str, run_id: str | None = None, *, reason: str = "") -> None:
        """End a run at once; it cannot clean up.

        Raises:
            AlreadyClosedError: The run is over.
            NotFoundError: The job has no such run.
            RefusedError: The run is not known to belong to this project.
        """
        check_run(workflow_id, run_id)
        await _runs(client).terminate(self.name, workflow_id, run_id, reason=reason, owners=self._job.owners)

    async def task_queue_info(self, client: Client) -> TaskQueueInfo:
        """Find out whether workers poll the task queue."""
        return await _runs(client).task_queue(self.task_queue)

    # The schedule

    async def apply_schedule(self, client: Client) -> ScheduleOutcome:
        """Create, update or restore the live schedule so that it matches the job; if it already does, write nothing.

        An operator's pause stays, and so does everything that the job does not set.

        Raises:
            NoScheduleError: The job runs on demand.
            ForeignScheduleError: A schedule of that name exists and does not belong to this project.
            ConflictError: Somebody else keeps changing it.
            InvalidDefinitionError: The job has no project, or the data converter cannot convert its values.
        """
        from jobspec.library.rollout import apply_schedule

        return await apply_schedule(client, self._job.owned)

    async def delete_schedule(self, client: Client) -> None:
        """Delete the live schedule immediately; runs that it started continue.

        Raises:
            ScheduleNotFoundError: There is none.
            NoScheduleError: There is none, and the job runs on demand.
            ForeignScheduleError: It does not belong to this project.
            InvalidDefinitionError: The job has no project.
            ConflictError: Somebody else keeps changing it.
        """
        from jobspec.library.schedule_control import delete_schedule

        await delete_schedule(client, self._job.owned)

    async def describe_schedule(self, client: Client) -> ScheduleDetail:
        """Describe the live schedule, even another project's: state, differences from the job, recent and next runs.

        Raises:
            ScheduleNotFoundError: There is none.
            NoScheduleError: There is none, and the job runs on demand.
            MalformedScheduleError: It cannot be read.
            InvalidDefinitionError: The data converter cannot convert the job's values.
        """
        from jobspec.library.schedule_details import describe_schedule

        return await describe_schedule(client, self.spec, redaction=self._job.redaction)

    async def pause_schedule(self, client: Client, reason: str = "", *, by: str | None = None) -> PauseOutcome:
        """Pause the schedule, with a note that says who and why; an apply does not undo it.

        A schedule that is already paused by somebody stays as it is, with their note.

        Args:
            client: Connected.
            reason: Why.
            by: Who; default: the client's identity.

        Raises:
            NoScheduleError: The job runs on demand.
            RefusedError: The job itself sets `paused`, or its schedule is retired.
            UsageError: The reason is too long, or looks like one of jobspec's own notes.
            ScheduleNotFoundError: There is no schedule.
            ForeignScheduleError: It does not belong to this project.
            InvalidDefinitionError: The job has no project.
            ConflictError: Somebody else undid it immediately.
        """
        from jobspec.library.schedule_control import pause_schedule

        return await pause_schedule(client, self._job.owned, reason=reason, by=by)

    async def resume_schedule(self, client: Client, reason: str = "", *, by: str | None = None) -> PauseOutcome:
        """Resume a paused schedule, with a note that says who and why; one that is not paused stays as it is.

        Args:
            client: Connected.
            reason: Why.
            by: Who; default: the client's identity.

        Raises:
            NoScheduleError: The job runs on demand.
            RefusedError: The job itself sets `paused`, or its schedule is retired.
            UsageError: The reason is too long, or looks like one of jobspec's own notes.
            ScheduleNotFoundError: There is no schedule.
            ForeignScheduleError: It does not belong to this project.
            InvalidDefinitionError: The job has no project.
            ConflictError: Somebody else undid it immediately.
        """
        from jobspec.library.schedule_control import resume_schedule

        return await resume_schedule(client, self._job.owned, reason=reason, by=by)

    async def trigger_schedule(self, client: Client, *, overlap: OverlapPolicy | None = None) -> None:
        """Have the schedule start a run now, even while it is paused.

        Temporal only confirms the request: the run starts a moment later, or not at all if the overlap policy skips
        it. Of several triggers within one second, only one starts a run.

        Args:
            client: Connected.
            overlap: What happens if another run is still running; default: the schedule's own policy.

        Raises:
            NoScheduleError: The job runs on demand.
            UsageError: The overlap policy is unknown.
            ScheduleNotFoundError: There is no schedule.
            ForeignScheduleError: It does not belong to this project.
            InvalidDefinitionError: The job has no project.
            UnreachableError: Temporal did not answer; the message says if the request may have arrived anyway.
        """
        from jobspec.library.schedule_control import trigger_schedule

        await trigger_schedule(client, self._job.owned, overlap=overlap)

    async def backfill_schedule(
        self, client: Client, start: datetime, end: datetime, *, overlap: OverlapPolicy | None = None
    ) -> tuple[datetime, ...]:
        """Have the schedule start the runs of a time range in the past, even while it is paused.

        Runs that already took place are repeated.

        Args:
            client: Connected.
            start: Start of the range, included; aware.
            end: End of the range, included; aware, not in the future.
            overlap: What happens to a run while another one is running. Default: `buffer_all`, one after the other,
                or `allow_all` if that is the schedule's own policy. Other policies leave runs out.

        Returns:
            The nominal times of the requested runs.

        Raises:
            NoScheduleError: The job runs on demand.
            UsageError: A time is naive, the start is not before the end, the end is in the future, or the overlap
                policy is unknown.
            RefusedError: The live schedule has other times than the job.
            ScheduleNotFoundError: There is no schedule.
            ForeignScheduleError: It does not belong to this project.
            InvalidDefinitionError: The job has no project, or the data converter cannot convert its values.
            UnreachableError: Temporal did not answer; the message says if the request may have arrived anyway.
        """
        from jobspec.library.schedule_control import backfill_schedule

        return await backfill_schedule(client, self._job.owned, start=start, end=end, overlap=overlap)


def _restore(bare: CodedJob, workflow: Any, activities: tuple[Any, ...], model: Any) -> Definition[Any]:
    """Rebuild a pickled definition; it is not validated again."""
    named = bare.spec.workflow if workflow is None else workflow
    source = find_source(named, activities, model, bare.source.root)
    return Definition._wrap(replace(bare, source=source))  # noqa: SLF001  of the same module


def _runs(client: Client) -> Runs:
    """Open the gateway for runs; the SDK is imported here because it is slow to load."""
    from jobspec.temporal.runs.gateway import Runs

    return Runs(client)


def _check_project(project: str | None) -> str | None:
    return None if project is None else check_project_id(project)
