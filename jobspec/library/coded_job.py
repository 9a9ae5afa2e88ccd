"""What a definition is made of: the job, where its code is, and whose its schedule is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobspec.library.construction import refuse
from jobspec.library.decorated_code import ActivityCode, Mistake, WorkflowCode
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from temporalio.client import WorkflowHandle

    from jobspec.library.collector import Collector
    from jobspec.library.job_code import CodeSource, JobCode
    from jobspec.library.owned_job import OwnedJob
    from jobspec.spec.input_schema import InputSchema
    from jobspec.spec.model import JobSpec

    StartWorkflow = Callable[..., Awaitable[WorkflowHandle[Any, Any]]]
    """Has the arguments of `temporalio.client.Client.start_workflow`, by keyword but the workflow type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedJob:
    """What a definition is made of.

    Attributes:
        spec: The job as a spec file would say it.
        source: Where its code is.
        project: The ownership mark of its schedule; None where there is none.
        also_owns: Former ids of the project; schedules that still bear one are its own.
        schema: The JSON Schema of its input; None without one.
        redaction: Which of its arguments no message may quote.
        register: Adds more to a collector than the job's own code.
        execute: Starts runs in place of the client.
    """

    spec: JobSpec
    source: CodeSource
    project: str | None = None
    also_owns: frozenset[str] = frozenset()
    schema: InputSchema | None = None
    redaction: Redaction = NOTHING_REDACTED
    register: Callable[[Collector], None] | None = None
    execute: StartWorkflow | None = None

    @property
    def owned(self) -> OwnedJob:
        """The job and whose its schedule is."""
        from jobspec.library.owned_job import OwnedJob

        return OwnedJob(spec=self.spec, project=self.project, also_owns=self.also_owns, redaction=self.redaction)

    @property
    def owners(self) -> frozenset[str]:
        """The marks that its own runs and its schedule can have."""
        return self.also_owns | {self.project} if self.project else frozenset()

    @property
    def has_code(self) -> bool:
        """Whether a worker has anything to run for it."""
        return bool(self.source.workflow or self.source.activities or self.register)

    def load_code(self) -> JobCode:
        """Import its code.

        Raises:
            InvalidDefinitionError: Some of it cannot be imported or used; lists every mistake.
        """
        code = self.source.load()
        found = [each.code for each in (code.workflow, *code.activities) if each]
        refuse(self.spec.name, [each.at() for each in (*found, code.model) if isinstance(each, Mistake)])
        return code

    def collect_code(self, collector: Collector) -> None:
        """Add the workflow and the activities to what a worker registers, then what `register` adds.

        Raises:
            InvalidDefinitionError: Some of the code cannot be used.
        """
        if self.source.is_named:  # the import paths are followed when a worker of the queue is made
            collector.add_spec(self.spec, self.source.root)
        else:
            self._collect_objects(collector)
        if self.register is not None:
            self.register(collector)

    def _collect_objects(self, collector: Collector) -> None:
        code, queue, job = self.load_code(), self.spec.queue, f"job `{self.spec.name}`"
        if code.workflow and isinstance(code.workflow.code, WorkflowCode):
            collector.add_workflow(queue, code.workflow.code.implementation, source=job)
        for activity in code.activities:
            if isinstance(activity.code, ActivityCode):
                collector.add_activity(queue, activity.code.implementation, source=job)
