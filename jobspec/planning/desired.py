"""What jobs ask for: from `JobSpec` to `Desired`, the form in which a job is compared and written."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from temporalio.converter import WorkflowSerializationContext

from jobspec.errors import InvalidDefinitionError, JobspecError, report_bug
from jobspec.planning.guards import SpecsFound
from jobspec.planning.plan import Source
from jobspec.spec.hidden_values import list_private_values, tell_error
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction
from jobspec.temporal.schedules.canonical import canonicalize
from jobspec.temporal.schedules.messages import make_schedule
from jobspec.timing.upcoming import has_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from temporalio.api.schedule.v1 import Schedule
    from temporalio.client import Client
    from temporalio.converter import DataConverter, PayloadConverter

    from jobspec.spec.loaded_jobs import Job, Loaded
    from jobspec.spec.model import JobSpec
    from jobspec.temporal.schedules.canonical import CanonicalSchedule

_STEP = 8
"""How many jobs are converted before other tasks have their turn: a millisecond's work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What one job asks for; two are equal that ask for the same, wherever they are written.

    Attributes:
        name: The job's name, which is the Schedule ID.
        canonical: For comparing.
        message: For writing; payloads have not been through the codec.
        paused: The reason or True where the spec pauses, None where the operator decides.
        is_completed: Whether it has no nominal run after now.
        find_source: Looks up where it is written, which scans the file, so only what is shown is looked up; None for a
            job that is written in no file.
    """

    name: str
    canonical: CanonicalSchedule
    message: Schedule
    paused: str | Literal[True] | None = None
    is_completed: bool = field(default=False, compare=False)
    find_source: Callable[[], Source] | None = field(default=None, compare=False, repr=False)

    @property
    def source(self) -> Source | None:
        """Where it is written; None for a job of code."""
        return self.find_source() if self.find_source else None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSet:
    """The jobs to plan for, and all that is known of those that could not be read.

    Attributes:
        specs: The valid jobs by name, those that run on demand included.
        files: Those of them that are written in files.
        frozen: Names that could not be judged, and where the first mistake of each is; their schedules are left alone.
        found: How the specs were found, for the guards.
        environment: The environment that the specs were merged for, for the record.
        redaction: What no message may quote of them.
    """

    specs: Mapping[str, JobSpec]
    files: Mapping[str, Job] = field(default_factory=dict)
    frozen: Mapping[str, Source | None] = field(default_factory=dict)
    found: SpecsFound = field(default_factory=SpecsFound)
    environment: str | None = None
    redaction: Redaction = NOTHING_REDACTED

    @classmethod
    def of_files(cls, loaded: Loaded, environment: str | None) -> JobSet:
        """Take the jobs that were loaded from files.

        Args:
            loaded: The jobs and all that is wrong with them.
            environment: The environment that they were loaded for.
        """
        return cls(
            specs={name: job.spec for name, job in loaded.jobs.items()},
            files=loaded.jobs,
            frozen=_find_mistakes(loaded),
            found=SpecsFound(missing_roots=loaded.missing_roots, is_empty=loaded.is_empty),
            environment=environment,
            redaction=loaded.redaction,
        )

    @property
    def scheduled(self) -> Mapping[str, JobSpec]:
        """The valid jobs that have a schedule."""
        return {name: spec for name, spec in self.specs.items() if spec.schedule is not None}


def _find_mistakes(loaded: Loaded) -> dict[str, Source | None]:
    """Say of each job with mistakes where the first of them is."""
    places = {
        found.job: Source(file=found.location.path, line=found.location.line)
        for found in reversed(loaded.diagnostics)
        if found.job is not None and found.is_error
    }
    return {name: places.get(name) for name in loaded.frozen}


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """The desired side of a plan.

    Attributes:
        jobs: What the jobs that have a schedule ask for, by name.
        failed: Jobs that could not be converted, by name; their schedules are left as they are.
        on_demand: Names of valid jobs without a schedule.
        frozen: See `JobSet`.
        found: See `JobSet`.
        environment: See `JobSet`.
    """

    jobs: Mapping[str, Desired]
    failed: Mapping[str, JobspecError] = field(default_factory=dict)
    on_demand: frozenset[str] = frozenset()
    frozen: Mapping[str, Source | None] = field(default_factory=dict)
    found: SpecsFound = field(default_factory=SpecsFound)
    environment: str | None = None

    @classmethod
    def of(cls, job_set: JobSet, jobs: Mapping[str, Desired], failed: Mapping[str, JobspecError]) -> DesiredState:
        """Put together what the jobs of a set ask for."""
        return cls(
            jobs=jobs,
            failed=failed,
            on_demand=frozenset(name for name, spec in job_set.specs.items() if spec.schedule is None),
            frozen=job_set.frozen,
            found=job_set.found,
            environment=job_set.environment,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What the form of a job depends on beside its spec.

    Attributes:
        converter: Turns inputs into payloads; its codec is not used.
        namespace: Some converters depend on it.
        now: A job with no nominal run after this is completed.
    """

    converter: DataConverter
    namespace: str
    now: datetime

    @classmethod
    def of(cls, client: Client, now: datetime) -> Conversion:
        """Convert as a client does."""
        return cls(converter=client.data_converter, namespace=client.namespace, now=now)


def make_desired(spec: JobSpec, converter: PayloadConverter) -> Desired:
    """Bring a job that has a schedule into the server's vocabulary.

    Args:
        spec: The job.
        converter: Turns input, memo and texts into payloads; the codec comes later.

    Raises:
        UsageError: The job has no schedule.
    """
    return _compare_as(spec, make_schedule(spec, converter))


def _compare_as(spec: JobSpec, message: Schedule) -> Desired:
    paused = spec.schedule.paused if spec.schedule else None
    return Desired(name=spec.name, canonical=canonicalize(message), message=message, paused=paused)


def convert_job(spec: JobSpec, conversion: Conversion, *, redaction: Redaction = NOTHING_REDACTED) -> Desired:
    """Convert one job that has a schedule.

    Args:
        spec: The job.
        conversion: How.
        redaction: What no message may quote of it.

    Raises:
        InvalidDefinitionError: The data converter cannot convert what it says.
        JobspecError: It cannot be converted because of a bug.
    """
    job_set = JobSet(specs={spec.name: spec}, redaction=redaction)
    answer = _convert(spec, job_set, conversion)
    if isinstance(answer, JobspecError):
        raise answer
    return answer


def convert_jobs(job_set: JobSet, conversion: Conversion) -> DesiredState:
    """Convert all jobs that have a schedule."""
    answers = {name: _convert(spec, job_set, conversion) for name, spec in job_set.scheduled.items()}
    return _collect(job_set, answers)


async def convert_jobs_meanwhile(job_set: JobSet, conversion: Conversion) -> DesiredState:
    """Do the same in small steps, while other tasks wait for Temporal."""
    answers: dict[str, Desired | JobspecError] = {}
    for number, (name, spec) in enumerate(job_set.scheduled.items(), 1):
        answers[name] = _convert(spec, job_set, conversion)
        if number % _STEP == 0:
            await asyncio.sleep(0)
    return _collect(job_set, answers)


def _collect(job_set: JobSet, answers: Mapping[str, Desired | JobspecError]) -> DesiredState:
    return DesiredState.of(
        job_set,
        jobs={name: answer for name, answer in answers.items() if isinstance(answer, Desired)},
        failed={name: answer for name, answer in answers.items() if isinstance(answer, JobspecError)},
    )


def _convert(spec: JobSpec, job_set: JobSet, conversion: Conversion) -> Desired | JobspecError:
    """Convert one job; one that fails fails alone."""
    job = job_set.files.get(spec.name)
    try:
        desired = _make_desired(spec, conversion, redaction=job_set.redaction)
        return replace(
            desired,
            is_completed=spec.schedule is not None and not has_run(spec.schedule.timetable, conversion.now),
            find_source=partial(_find_source, job) if job else None,
        )
    except InvalidDefinitionError as error:
        return error
    except Exception as error:  # noqa: BLE001  a bug that one job meets is no reason to leave out the others
        return report_bug(f"convert the job `{spec.name}`", error)


def _make_desired(spec: JobSpec, conversion: Conversion, *, redaction: Redaction) -> Desired:
    converter = conversion.converter
    context = WorkflowSerializationContext(namespace=conversion.namespace, workflow_id=spec.workflow_id)
    # A converter is user code and may raise anything.
    try:
        fitted = converter.with_context(context)
    except Exception as error:
        said = tell_error(error)  # it has seen no value yet
        raise InvalidDefinitionError(f"the data converter is of no use to `{spec.name}`: {said}") from error
    try:
        message = make_schedule(spec, fitted.payload_converter)
    except Exception as error:
        # The error may quote the input; where a codec or the project hides that, so do we.
        has_codec = converter.payload_codec is not None
        said = tell_error(error, list_private_values(spec), redaction=redaction, is_hidden=has_codec)
        raise InvalidDefinitionError(f"the data converter cannot convert what `{spec.name}` says: {said}") from error
    return _compare_as(spec, message)


def _find_source(job: Job) -> Source:
    return Source(file=job.path, line=job.line)
