"""A job as a value with behaviour: what a spec describes, and all that can be done with it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, cast, final

from typing_extensions import TypeVar

from jobspec.errors import NotRegisteredError
from jobspec.jobs.call_arguments import check_name, check_run, read_statuses
from jobspec.jobs.coded_job import CodedJob
from jobspec.jobs.construction import check_rest, find_source, make_job
from jobspec.jobs.job_code import CodeSource, check_portable, find_code
from jobspec.jobs.job_input import UNSET, Unset, check_run_input, fit_run, list_arguments, list_values, read_input
from jobspec.jobs.job_runs import RunHandle, count_runs
from jobspec.results import TimeRange
from jobspec.spec.model import JobSpec, RunOptions
from jobspec.spec.project import check_project_id
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from temporalio.client import Client

    from jobspec.jobs.coded_job import StartWorkflow
    from jobspec.jobs.collector import Collector
    from jobspec.live.runs import Runs
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

InputT = TypeVar("InputT", default=Any)


@final
class Definition(Generic[InputT]):
    """One job: what it runs, with which input, when, and everything that can be asked of it.

    Made in code, or loaded from spec files by `jobspec.load`; the same object either way. It is validated when it is
    made, and all that is wrong is said at once. It is frozen, may be shared between threads and event loops, and can be
    pickled where its code can be imported by name.

    A job's runs are its own: every method that names a run acts on it only if a schedule or `execute` started it for a
    job of this name. `signal`, `cancel` and `terminate` also need it to be this project's: `execute` marks the runs
    that it starts, and a run without a mark counts as the schedule's, which must have the project's mark.

    Methods that take a client also raise `UsageError` for an argument that cannot be meant, such as an empty workflow
    id, before the server is asked; `UnreachableError` where Temporal cannot be reached; `NamespaceNotFoundError`; and
    `RequestError` for what the server refuses otherwise.

    Args:
        name: Unique in the project; is the Schedule ID.
        task_queue: Task queue of the workers that run it.
        workflow: The class, its import path as `package.module:Class`, or `WorkflowRef(type="…")` for a workflow
            that is not Python; with its `import_path` too where the type is not the name of the class.
        activities: What a worker registers beside the workflow: functions and bound methods, or import paths.
        input_model: Type of the one argument, or its import path: anything that pydantic can validate. Default: the
            annotation of `run()`.
        input: The one argument, also None; left out, there is none.
        args: The arguments where there are several.
        run: Options of every run, scheduled or started by hand.
        schedule: When it runs; without one it runs on demand.
        description: What the job is for; stays here.
        owner: Who answers for it; stays here.
        tags: Words to select by; stay here.
        project: The ownership mark of its schedule. There is no default: planning or writing needs one.
        register: Called with the collector after the job's own workflow and activities were added; adds more.
        execute: Starts runs in place of `client.start_workflow`, whose arguments and result it has.

    Raises:
        InvalidDefinitionError: Anything is wrong; names it all.
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
        """Make the definition of a job that a spec describes; its import paths are followed when they are needed.

        Args:
            spec: A valid job.
            project: The ownership mark of its schedule.
            also_owns: Former ids of the project; schedules that still bear one are its own.
            root: Where import paths start, the directory of `jobspec.toml`; None leaves `sys.path` as it is.
            schema: What `input_schema` names, read.
            redaction: Which of its arguments no message may quote.

        Raises:
            InvalidDefinitionError: `project` is no project id.
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
        """Give the same job with the ownership mark of a project.

        Raises:
            InvalidDefinitionError: It is no project id.
        """
        return self._wrap(replace(self._job, project=_check_project(project)))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a definition is frozen; make another one to change `{name}`")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a definition is frozen; make another one without `{name}`")

    def __copy__(self) -> Definition[InputT]:
        return self

    def __deepcopy__(self, _memo: object) -> Definition[InputT]:
        return self  # frozen, and its code is no thing to copy

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it by the names of its code.

        Raises:
            TypeError: Some of its code is made in a function, so that another process cannot import it.
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
        """The job as a spec file would say it: input, run options, schedule and all else."""
        return self._job.spec

    @property
    def name(self) -> str:
        """Unique in the project; is the Schedule ID."""
        return self.spec.name

    @property
    def task_queue(self) -> str:
        """Task queue of the workers that run it."""
        return self.spec.queue

    @property
    def project(self) -> str | None:
        """The ownership mark of its schedule; None where there is none."""
        return self._job.project

    @property
    def schedule(self) -> ScheduleSpec | None:
        """When it runs; None where it runs on demand."""
        return self.spec.schedule

    @property
    def description(self) -> str:
        """What the job is for."""
        return self.spec.description

    @property
    def owner(self) -> str:
        """Who answers for it."""
        return self.spec.owner

    @property
    def tags(self) -> tuple[str, ...]:
        """Words to select by."""
        return self.spec.tags

    # Code

    @property
    def has_code(self) -> bool:
        """Whether a worker has anything to run for it."""
        return self._job.has_code

    def register(self, collector: Collector) -> None:
        """Add the workflow and the activities to what a worker of the task queue registers.

        Raises:
            NotRegisteredError: The job names no Python code, and brings no `register`.
            InvalidDefinitionError: Code cannot be imported or used.
            UsageError: There is no collector.
        """
        if not self.has_code:
            raise NotRegisteredError(
                f"job `{self.name}` names the workflow type `{self.spec.workflow.type}` without a class, and no "
                "activities, so a worker has nothing to run for it"
            )
        self._job.collect_code(collector)

    def new_input(self) -> InputT:
        """Make the job's input as its workflow will see it: what the job says, read by the model.

        Where the job says nothing, it is made of the model's defaults alone.

        Raises:
            InvalidDefinitionError: There is no model, or what the job says does not fit it.
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
            input: The argument of this run; default: the job's. An instance of the model, or what it can be read from.
            args: The arguments of this run where there are several.
            workflow_id: Its workflow id; default: `<name>-<random uuid>`.
            execution_timeout: Longest time for the run with all its retries and continuations; default: the job's.
            run_timeout: Longest time for one attempt; default: the job's.
            task_timeout: Longest time for one workflow task; default: the job's.
            retry_policy: How a failed run is tried again; default: the job's.
            memo: Shown with the run; default: the job's.

        Raises:
            InvalidDefinitionError: The input or an option is wrong, or the job's code cannot be imported.
            AlreadyStartedError: A run of that workflow id is running.
            UsageError: The client's data converter cannot encode the input, or the SDK cannot send an option.
        """
        from temporalio.contrib.pydantic import PydanticPayloadConverter

        from jobspec.live.run_starts import make_start_options

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
        """Take a run in hand; nothing is asked of the server until its result is.

        Args:
            client: Connected.
            workflow_id: Its workflow id.
            run_id: Its run id; None means the latest one.

        Raises:
            UsageError: An id is empty or no text, or there is no client.
        """
        check_run(workflow_id, run_id)
        result_type = self._job.source.given().result_type  # what an import path names is not worth an import
        return RunHandle(
            client=client,
            workflow_id=workflow_id,
            run_id=run_id,
            result_type=result_type,
            job=self.name,
        )

    async def describe(self, client: Client, workflow_id: str, run_id: str | None = None) -> RunDetail:
        """Describe one run.

        Args:
            client: Connected.
            workflow_id: Its workflow id.
            run_id: Its run id; None means the latest one.

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
        """List the job's runs, newest first; a run of the last moments may be missing, for the list lags a little.

        Args:
            client: Connected.
            status: Only runs in this state, or in one of these; each a `Status` or its word, such as `failed`.
            time_range: Only runs that started within it.
            page_size: How many at most; 1 to 1000.
            page_token: `next_page_token` of the page before; empty for the first.

        Raises:
            UsageError: There is no such state, a time or the page size is wrong, or the page token is not of this list.
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
        """Tell what happened in a run: its activities with attempts, inputs, results and failures.

        Args:
            client: Connected.
            workflow_id: Its workflow id.
            run_id: Its run id; None means the latest one.
            max_events: How many history events are read; None has no cap. `is_truncated` says whether there are more.

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
            today_only: Whether only runs that ended since the last midnight are counted, and those that run now.
            time_zone: IANA name of the zone whose midnight that is.

        Raises:
            UsageError: There is no such zone.
        """
        return await count_runs(client, self.name, today_only=today_only, time_zone=time_zone)

    async def query(self, client: Client, workflow_id: str, query: str, *args: Any, run_id: str | None = None) -> Any:
        """Ask a run; a closed one answers too while a worker is there.

        Raises:
            QueryError: The workflow knows no such query, or failed to answer it.
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
        """Send a signal to a run; a workflow that knows no such signal keeps it unread.

        Raises:
            AlreadyClosedError: The run is over.
            NotFoundError: The job has no such run.
            RefusedError: The run is not known to be this project's.
            UsageError: An argument cannot be sent.
        """
        check_run(workflow_id, run_id)
        check_name(signal, "the name of the signal")
        await _runs(client).signal(self.name, workflow_id, signal, args, run_id, owners=self._job.owners)

    async def cancel(self, client: Client, workflow_id: str, run_id: str | None = None) -> None:
        """Ask a run to end; it may clean up first, or go on.

        Raises:
            AlreadyClosedError: The run is over.
            NotFoundError: The job has no such run.
            RefusedError: The run is not known to be this project's.
        """
        check_run(workflow_id, run_id)
        await _runs(client).cancel(self.name, workflow_id, run_id, owners=self._job.owners)

    async def terminate(self, client: Client, workflow_id: str, run_id: str | None = None, *, reason: str = "") -> None:
        """End a run at once; it cannot clean up.

        Raises:
            AlreadyClosedError: The run is over.
            NotFoundError: The job has no such run.
            RefusedError: The run is not known to be this project's.
        """
        check_run(workflow_id, run_id)
        await _runs(client).terminate(self.name, workflow_id, run_id, reason=reason, owners=self._job.owners)

    async def task_queue_info(self, client: Client) -> TaskQueueInfo:
        """Tell whether workers poll the task queue."""
        return await _runs(client).task_queue(self.task_queue)

    # The schedule

    async def apply_schedule(self, client: Client) -> ScheduleOutcome:
        """Make the live schedule as the job says: create, update or restore it, or leave it where it is so already.

        An operator's pause stays, and so does all that the job does not say.

        Raises:
            NoScheduleError: The job runs on demand.
            ForeignScheduleError: A schedule of that name exists and is not this project's.
            ConflictError: Somebody else keeps changing it.
            InvalidDefinitionError: The job has no project, or the data converter cannot convert what it says.
        """
        from jobspec.jobs.rollout import apply_schedule

        return await apply_schedule(client, self._job.owned)

    async def delete_schedule(self, client: Client) -> None:
        """Delete the live schedule at once; runs that it started go on.

        Raises:
            ScheduleNotFoundError: There is none.
            NoScheduleError: There is none, and the job asks for none.
            ForeignScheduleError: It is not this project's.
            InvalidDefinitionError: The job has no project.
            ConflictError: Somebody else keeps changing it.
        """
        from jobspec.jobs.schedule_control import delete_schedule

        await delete_schedule(client, self._job.owned)

    async def describe_schedule(self, client: Client) -> ScheduleDetail:
        """Tell what is live, whosever it is: state, differences from the job, recent runs, next times, counters.

        Raises:
            ScheduleNotFoundError: There is none.
            NoScheduleError: There is none, and the job asks for none.
            MalformedScheduleError: It cannot be read.
            InvalidDefinitionError: The data converter cannot convert what the job says.
        """
        from jobspec.jobs.schedule_details import describe_schedule

        return await describe_schedule(client, self.spec, redaction=self._job.redaction)

    async def pause_schedule(self, client: Client, reason: str = "", *, by: str | None = None) -> PauseOutcome:
        """Pause the schedule, with a note that says who and why; no apply undoes it.

        A schedule that somebody has paused already stays as it is, with their note.

        Args:
            client: Connected.
            reason: Why.
            by: Who; default: the client's identity.

        Raises:
            NoScheduleError: The job runs on demand.
            RefusedError: The job itself sets `paused`, or its schedule is retired.
            UsageError: The reason is too long, or reads like a note of jobspec's own.
            ScheduleNotFoundError: There is no schedule.
            ForeignScheduleError: It is not this project's.
            InvalidDefinitionError: The job has no project.
            ConflictError: Somebody else undid it at once.
        """
        from jobspec.jobs.schedule_control import pause_schedule

        return await pause_schedule(client, self._job.owned, reason=reason, by=by)

    async def resume_schedule(self, client: Client, reason: str = "", *, by: str | None = None) -> PauseOutcome:
        """Let a paused schedule go on, with a note that says who and why; one that is not paused stays as it is.

        Args:
            client: Connected.
            reason: Why.
            by: Who; default: the client's identity.

        Raises:
            NoScheduleError: The job runs on demand.
            RefusedError: The job itself sets `paused`, or its schedule is retired.
            UsageError: The reason is too long, or reads like a note of jobspec's own.
            ScheduleNotFoundError: There is no schedule.
            ForeignScheduleError: It is not this project's.
            InvalidDefinitionError: The job has no project.
            ConflictError: Somebody else undid it at once.
        """
        from jobspec.jobs.schedule_control import resume_schedule

        return await resume_schedule(client, self._job.owned, reason=reason, by=by)

    async def trigger_schedule(self, client: Client, *, overlap: OverlapPolicy | None = None) -> None:
        """Have the schedule start a run now, also while it is paused.

        Temporal only tells that it has the request: the run starts a moment later, and not at all where the overlap
        policy skips it. Of several triggers within one second only one starts a run.

        Args:
            client: Connected.
            overlap: What becomes of it while another run goes on; default: the schedule's own policy.

        Raises:
            NoScheduleError: The job runs on demand.
            UsageError: There is no such overlap policy.
            ScheduleNotFoundError: There is no schedule.
            ForeignScheduleError: It is not this project's.
            InvalidDefinitionError: The job has no project.
            UnreachableError: No answer came; the message says when the request may have arrived all the same.
        """
        from jobspec.jobs.schedule_control import trigger_schedule

        await trigger_schedule(client, self._job.owned, overlap=overlap)

    async def backfill_schedule(
        self, client: Client, start: datetime, end: datetime, *, overlap: OverlapPolicy | None = None
    ) -> tuple[datetime, ...]:
        """Have the schedule start the runs of a time that is over, also while it is paused.

        Runs that took place already take place again.

        Args:
            client: Connected.
            start: The first time that counts; aware.
            end: The last time that counts; aware, not in the future.
            overlap: What becomes of a run while another one goes on. Default: `buffer_all`, one after the other, or
                `allow_all` where that is the schedule's own policy. With others runs are left out.

        Returns:
            The nominal times whose runs were asked for.

        Raises:
            NoScheduleError: The job runs on demand.
            UsageError: A time is naive, the start is not before the end, the end is in the future, or there is no such
                overlap policy.
            RefusedError: The live schedule has other times than the job.
            ScheduleNotFoundError: There is no schedule.
            ForeignScheduleError: It is not this project's.
            InvalidDefinitionError: The job has no project, or the data converter cannot convert what it says.
            UnreachableError: No answer came; the message says when the request may have arrived all the same.
        """
        from jobspec.jobs.schedule_control import backfill_schedule

        return await backfill_schedule(client, self._job.owned, start=start, end=end, overlap=overlap)


def _restore(bare: CodedJob, workflow: Any, activities: tuple[Any, ...], model: Any) -> Definition[Any]:
    """Make a pickled definition again; what was valid there is not judged anew."""
    named = bare.spec.workflow if workflow is None else workflow
    source = find_source(named, activities, model, bare.source.root)
    return Definition._wrap(replace(bare, source=source))  # noqa: SLF001  of the same module


def _runs(client: Client) -> Runs:
    """Open the gateway for runs, and the SDK with it, only when somebody asks for one."""
    from jobspec.live.runs import Runs

    return Runs(client)


def _check_project(project: str | None) -> str | None:
    return None if project is None else check_project_id(project)
