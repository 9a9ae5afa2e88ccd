"""From job specs to what a plan compares."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from temporalio.converter import WorkflowSerializationContext

from jobspec.errors import InvalidDefinitionError
from jobspec.live.messages import make_desired
from jobspec.planning.plan import Source, Wanted
from jobspec.timing.upcoming import has_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from temporalio.converter import DataConverter

    from jobspec.errors import JobspecError
    from jobspec.live.messages import DesiredSchedule
    from jobspec.spec.loaded import Job
    from jobspec.spec.model import JobSpec


_STEP = 8
"""How many jobs are brought into comparable form before other tasks have their turn: a millisecond's work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedSpec:
    """A job and where it is written.

    Attributes:
        spec: The job, complete.
        find_source: Looks up where it is written; None for a job that code defines.
        is_private: Whether no message may quote its values.
    """

    spec: JobSpec
    find_source: Callable[[], Source] | None = field(default=None, compare=False, repr=False)
    is_private: bool = False

    @classmethod
    def of(cls, job: Job, *, is_private: bool = False) -> SourcedSpec:
        """Take a job that was loaded from a file.

        Args:
            job: The job.
            is_private: Whether no message may quote its values.
        """
        return cls(spec=job.spec, find_source=partial(_find_source, job), is_private=is_private)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedJobs:
    """All jobs that have a schedule.

    Attributes:
        wanted: What a plan compares, by name.
        failed: Jobs whose values the data converter cannot convert, by name; their schedules are left as they are.
    """

    wanted: dict[str, Wanted] = field(default_factory=dict)
    failed: dict[str, JobspecError] = field(default_factory=dict)


def want_jobs(jobs: Iterable[SourcedSpec], *, converter: DataConverter, namespace: str, now: datetime) -> WantedJobs:
    """Bring all jobs that have a schedule into comparable form.

    Args:
        jobs: Those that run on demand only are left out.
        converter: Turns inputs into payloads; its codec is not used.
        namespace: Some converters depend on it.
        now: A job with no nominal run after this is completed.
    """
    found = WantedJobs()
    for job in jobs:
        name, schedule = job.spec.name, job.spec.schedule
        if schedule is None:
            continue
        context = WorkflowSerializationContext(namespace=namespace, workflow_id=job.spec.workflow_id)
        try:
            desired = _make_desired(job, converter, context)
        except InvalidDefinitionError as error:
            found.failed[name] = error
            continue
        found.wanted[name] = Wanted(
            desired=desired,
            find_source=job.find_source,
            is_completed=not has_run(schedule.timetable, now),
        )
    return found


async def want_jobs_meanwhile(
    jobs: Sequence[SourcedSpec], *, converter: DataConverter, namespace: str, now: datetime
) -> WantedJobs:
    """Do the same in small steps, while other tasks wait for Temporal; arguments are those of `want_jobs`."""
    found = WantedJobs()
    for start in range(0, len(jobs), _STEP):
        step = want_jobs(jobs[start : start + _STEP], converter=converter, namespace=namespace, now=now)
        found.wanted.update(step.wanted)
        found.failed.update(step.failed)
        await asyncio.sleep(0)
    return found


def _make_desired(job: SourcedSpec, converter: DataConverter, context: WorkflowSerializationContext) -> DesiredSchedule:
    spec = job.spec
    # A converter is user code and may raise anything.
    try:
        fitted = converter.with_context(context)
    except Exception as error:
        raise InvalidDefinitionError(f"the data converter is of no use to `{spec.name}`: {error!r}") from error
    try:
        return make_desired(spec, fitted.payload_converter)
    except Exception as error:
        # The error may quote the input; where a codec or the project hides that, so do we.
        is_private = converter.payload_codec is not None or job.is_private
        said = type(error).__name__ if is_private else repr(error)
        raise InvalidDefinitionError(f"the data converter cannot convert what `{spec.name}` says: {said}") from error


def _find_source(job: Job) -> Source:
    return Source(file=job.path, line=job.line)
