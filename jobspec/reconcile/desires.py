"""What the jobs ask for, made once for each version of a job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from jobspec.planning.wanted import SourcedSpec, WantedJobs, want_jobs_meanwhile
from jobspec.timing.upcoming import fires_plainly, next_run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from temporalio.converter import DataConverter

    from jobspec.planning.plan import Wanted
    from jobspec.spec.loaded import Job
    from jobspec.spec.model import JobSpec


@dataclass(slots=True, kw_only=True)
class _Desire:
    """What one version of a job asks for.

    Attributes:
        spec: That version; the same object as long as its text is the same.
        wanted: What it asks for.
        runs_until: A run that is known to come, until which nobody needs to ask again whether the job is completed;
            None where one look at the schedule told that it never is.
    """

    spec: JobSpec
    wanted: Wanted
    runs_until: datetime | None


class Desires:
    """Remembers what jobs ask for from one cycle to the next.

    Attributes:
        changed: The jobs that were brought into comparable form the last time, for they are new or have changed.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Desire] = {}
        self.changed: frozenset[str] = frozenset()

    async def want(
        self,
        jobs: Mapping[str, Job],
        *,
        converter: DataConverter,
        namespace: str,
        now: datetime,
        is_private: bool = False,
    ) -> WantedJobs:
        """Bring the jobs that have a schedule into comparable form, only those anew that have changed.

        As long as a job has not changed, what it asks for is the same object.

        Args:
            jobs: All jobs, by name.
            converter: See `want_jobs`.
            namespace: See `want_jobs`.
            now: See `want_jobs`.
            is_private: Whether no message may quote their values.
        """
        scheduled = {name: job for name, job in jobs.items() if job.spec.schedule is not None}
        known = self._known
        changed = [job for name, job in scheduled.items() if name not in known or known[name].spec is not job.spec]
        specs = [SourcedSpec.of(job, is_private=is_private) for job in changed]
        made = await want_jobs_meanwhile(specs, converter=converter, namespace=namespace, now=now)
        self.changed = frozenset(made.wanted)
        for job in changed:
            self._take(job, made.wanted.get(job.spec.name), now)
        for name in known.keys() - scheduled.keys():
            del known[name]
        for desire in known.values():
            if desire.runs_until is not None and desire.runs_until <= now:
                _refresh(desire, now)
        return WantedJobs(wanted={name: desire.wanted for name, desire in known.items()}, failed=made.failed)

    def _take(self, job: Job, wanted: Wanted | None, now: datetime) -> None:
        schedule = job.spec.schedule
        if wanted is None or schedule is None:
            self._known.pop(job.spec.name, None)
            return
        is_plain = fires_plainly(schedule.timetable, now)
        runs_until = None if is_plain else next_run(schedule.timetable, now)
        known = self._known.get(job.spec.name)
        if known is not None and known.wanted.desired == wanted.desired:
            wanted = replace(wanted, desired=known.wanted.desired)  # one value is enough of what did not change
        if wanted.find_source:  # a job that is held is asked in each cycle, and each time its file would be scanned
            wanted = replace(wanted, find_source=cache(wanted.find_source))
        self._known[job.spec.name] = _Desire(spec=job.spec, wanted=wanted, runs_until=runs_until)


def _refresh(desire: _Desire, now: datetime) -> None:
    """Look whether a job is completed by now."""
    if desire.spec.schedule is not None:
        desire.runs_until = next_run(desire.spec.schedule.timetable, now)
        if desire.runs_until is None:
            desire.wanted = replace(desire.wanted, is_completed=True)
