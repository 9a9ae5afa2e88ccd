"""A job and whose its schedule is: what every function that writes to a schedule asks first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobspec.errors import ForeignScheduleError, InvalidDefinitionError, NoScheduleError, ScheduleNotFoundError
from jobspec.planning.decide import hold_foreign
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction

if TYPE_CHECKING:
    from jobspec.planning.plan import Held
    from jobspec.spec.model import JobSpec, ScheduleSpec
    from jobspec.temporal.schedules.gateway import LiveSchedule, Schedules


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedJob:
    """A job and whose its schedule is.

    Attributes:
        spec: The job.
        project: The mark of its schedule; None where there is none.
        also_owns: Marks that are ours as well: former ids of the project.
        redaction: What no message may quote of the job's values.
    """

    spec: JobSpec
    project: str | None
    also_owns: frozenset[str] = frozenset()
    redaction: Redaction = NOTHING_REDACTED

    def require_project(self) -> str:
        """Give the mark of its schedule.

        Raises:
            InvalidDefinitionError: The job has none, and there is no default.
        """
        if self.project is None:
            raise InvalidDefinitionError(
                f"the job `{self.spec.name}` has no project, so no schedule can be its own; make it with `project=…`, "
                "or set `project` in `jobspec.toml`"
            )
        return self.project

    def require_schedule(self) -> ScheduleSpec:
        """Give what it says about its schedule.

        Raises:
            NoScheduleError: It says nothing.
        """
        return require_schedule(self.spec)


def require_schedule(spec: JobSpec) -> ScheduleSpec:
    """Give what a job says about its schedule.

    Raises:
        NoScheduleError: It says nothing.
    """
    if spec.schedule is None:
        raise NoScheduleError(f"the job `{spec.name}` has no schedule, it runs on demand; give it one first")
    return spec.schedule


async def find_schedule(schedules: Schedules, spec: JobSpec) -> LiveSchedule:
    """Read the schedule that has a job's name, whosever it is.

    Raises:
        ScheduleNotFoundError: There is none.
        NoScheduleError: There is none, and the job asks for none.
    """
    live = await schedules.describe(spec.name)
    if live is None:
        require_schedule(spec)
        raise ScheduleNotFoundError(f"there is no schedule `{spec.name}`; applying the job creates it")
    return live


async def find_own_schedule(schedules: Schedules, job: OwnedJob) -> LiveSchedule:
    """Read a job's schedule in order to write to it.

    Raises:
        InvalidDefinitionError: The job has no project.
        ScheduleNotFoundError: There is no such schedule.
        ForeignScheduleError: It bears another mark, or none.
    """
    owners = {job.require_project(), *job.also_owns}
    live = await find_schedule(schedules, job.spec)
    if live.project not in owners:
        foreign = refuse_foreign(hold_foreign(job.spec.name, None, live.project))
        raise ForeignScheduleError(f"the job `{job.spec.name}` has no schedule of its own: {foreign}")
    return live


def refuse_foreign(held: Held) -> ForeignScheduleError:
    """Say of a schedule that is not ours whose it is, and how it could be ours."""
    return ForeignScheduleError(f"{held.message}; {held.hint}")
