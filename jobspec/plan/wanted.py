"""From job specs to what a plan compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from temporalio.converter import WorkflowSerializationContext

from jobspec.live.messages import make_desired
from jobspec.plan.plan import Source, Wanted
from jobspec.timing.upcoming import has_run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from temporalio.converter import DataConverter

    from jobspec.spec.loader import Job


def want_jobs(jobs: Iterable[Job], *, converter: DataConverter, namespace: str, now: datetime) -> dict[str, Wanted]:
    """Bring all jobs that have a schedule into comparable form.

    Args:
        jobs: Loaded jobs; those that run on demand only are left out.
        converter: Turns inputs into payloads; its codec is not used.
        namespace: Some converters depend on it.
        now: A job with no nominal run after this is completed.
    """
    wanted = {}
    for job in jobs:
        schedule = job.spec.schedule
        if schedule is None:
            continue
        context = WorkflowSerializationContext(namespace=namespace, workflow_id=job.spec.workflow_id)
        wanted[job.spec.name] = Wanted(
            desired=make_desired(job.spec, converter.with_context(context).payload_converter),
            source=Source(file=job.location.path, line=job.location.line),
            is_completed=not has_run(schedule.timetable, now),
        )
    return wanted
