"""What the jobs ask for, made once for each version of a job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from jobspec.errors import report_bug
from jobspec.planning.desired import DesiredState, convert_jobs_meanwhile
from jobspec.timing.upcoming import fires_plainly, next_run

if TYPE_CHECKING:
    from datetime import datetime

    from jobspec.planning.desired import Conversion, Desired, JobSet
    from jobspec.spec.model import JobSpec


@dataclass(slots=True, kw_only=True)
class _Known:
    """One version of a job.

    Attributes:
        spec: That version; the same object as long as its text is the same.
        desired: What it asks for.
        runs_until: A run that is known to come, until which nobody needs to ask again whether the job is completed;
            None where one look at the schedule told that it never is.
    """

    spec: JobSpec
    desired: Desired
    runs_until: datetime | None


class DesiredCache:
    """Remembers what jobs ask for from one cycle to the next.

    Attributes:
        changed: The jobs that were converted the last time, because they are new or have changed.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self.changed: frozenset[str] = frozenset()

    async def update(self, job_set: JobSet, conversion: Conversion) -> DesiredState:
        """Convert the jobs that have changed, while other tasks have their turns.

        As long as a job has not changed, what it asks for is the same object.

        Args:
            job_set: All jobs.
            conversion: How they are converted.
        """
        scheduled, known = job_set.scheduled, self._known
        changed = {name: spec for name, spec in scheduled.items() if name not in known or known[name].spec is not spec}
        made = await convert_jobs_meanwhile(replace(job_set, specs=changed), conversion)
        self.changed = frozenset(made.jobs)
        for name in known.keys() - (scheduled.keys() - made.failed.keys()):
            del known[name]
        failed = dict(made.failed)
        for name, desired in made.jobs.items():
            self._take(changed[name], desired, conversion.now)
        for name, job in known.items():
            if job.runs_until is None or job.runs_until > conversion.now:
                continue
            try:
                _refresh(job, conversion.now)
            except Exception as error:  # noqa: BLE001  a bug that one job meets is its failure alone
                failed[name] = report_bug(f"find the next run of the job `{name}`", error)
        jobs = {name: job.desired for name, job in known.items() if name not in failed}
        return DesiredState.of(job_set, jobs=jobs, failed=failed)

    def _take(self, spec: JobSpec, desired: Desired, now: datetime) -> None:
        known = self._known.get(spec.name)
        if known is not None and known.desired == desired:  # one copy is enough of what did not change
            desired = replace(desired, canonical=known.desired.canonical, message=known.desired.message)
        if desired.find_source:  # a job that is held is asked in each cycle, and each time its file would be scanned
            desired = replace(desired, find_source=cache(desired.find_source))
        self._known[spec.name] = _Known(spec=spec, desired=desired, runs_until=now)


def _refresh(job: _Known, now: datetime) -> None:
    """Look whether a job is completed by now."""
    schedule = job.spec.schedule
    if schedule is None or fires_plainly(schedule.timetable, now):
        job.runs_until = None
        return
    job.runs_until = next_run(schedule.timetable, now)
    if job.runs_until is None and not job.desired.is_completed:
        job.desired = replace(job.desired, is_completed=True)
