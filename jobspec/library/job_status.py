"""The status of a registry's jobs: their specs, live schedules and runs together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jobspec.errors import ForeignScheduleError, JobspecError
from jobspec.library.call_arguments import check_list, check_name
from jobspec.library.rollout import list_jobs
from jobspec.planning.decide import explain_live, hold_foreign
from jobspec.planning.desired import Conversion, convert_jobs_meanwhile
from jobspec.planning.observe import describe
from jobspec.planning.pauses import pause_of, read_retirement, spec_reason
from jobspec.planning.planner import Terms, read_both
from jobspec.results import JobOverview, JobState
from jobspec.secrets import mask
from jobspec.temporal.requests import Requests
from jobspec.temporal.runs.latest_runs import LatestRuns, read_latest_runs
from jobspec.temporal.runs.run_descriptions import read_time
from jobspec.temporal.schedules.gateway import LiveSchedule, Schedules

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from temporalio.client import Client

    from jobspec.library.registry import Registry
    from jobspec.planning.desired import Desired, DesiredState
    from jobspec.planning.observe import Observed
    from jobspec.planning.pauses import Retirement

NO_RUNS = LatestRuns()


async def survey_jobs(client: Client, registry: Registry, names: Collection[str] = ()) -> tuple[JobOverview, ...]:
    """Find out the status of jobs.

    Each live schedule is described, as for a plan; one request covers the runs of a hundred jobs.

    Args:
        client: Connected; its data converter is used to compare.
        registry: The jobs.
        names: Only these; default: all jobs, those with mistakes, and the project's schedules without a job.

    Returns:
        In name order.

    Raises:
        InvalidDefinitionError: The registry has no project.
        NotFoundError: One of the names is neither a job nor a schedule of the project.
        UnreachableError: Temporal cannot be reached.
        NamespaceNotFoundError: The namespace does not exist.
        UsageError: `names` is a string, or contains an empty name.
    """
    check_list(names, "names")
    names = tuple(names)
    for name in names:
        check_name(name, "the name of a job")
    owners = registry.require_owners()
    schedules, requests = Schedules(client), Requests()  # visibility has a pace of its own
    known = frozenset(names) or frozenset(registry) | registry.frozen
    (desired, live), runs = await asyncio.gather(
        _read_schedules(schedules, registry, frozenset(names)),
        read_latest_runs(client, requests, known),
    )
    ours = {name for name, found in live.items() if isinstance(found, LiveSchedule) and found.project in owners}
    for name in names:
        if name not in ours and name not in registry.frozen:
            registry.must_get(name)  # says what may be meant
    unwanted = ours - known
    runs = {**runs, **await read_latest_runs(client, requests, unwanted)}
    judge = _Judge(registry=registry, owners=owners, desired=desired, now=datetime.now(UTC))
    chosen = sorted(known | unwanted)
    return tuple(_add_runs(judge.judge(name, live.get(name)), runs.get(name, NO_RUNS)) for name in chosen)


async def _read_schedules(
    schedules: Schedules, registry: Registry, names: frozenset[str]
) -> tuple[DesiredState, Mapping[str, Observed]]:
    """Read the live side while the desired one is made; with names, only those jobs."""
    job_set = list_jobs(registry)
    terms = Terms(
        project=registry.project or "", owners=registry.require_owners(), now=datetime.now(UTC), grace=timedelta(0)
    )
    if not names:
        return await read_both(schedules, job_set, terms)
    reading = asyncio.ensure_future(describe(schedules, names))
    chosen = replace(job_set, specs={name: spec for name, spec in job_set.specs.items() if name in names})
    desired = await convert_jobs_meanwhile(chosen, Conversion.of(schedules.client, terms.now))
    return desired, await reading


def _add_runs(job: JobOverview, runs: LatestRuns) -> JobOverview:
    return replace(job, last_run=runs.last, running=runs.running, running_since=runs.running_since)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Decides the state of each job from what is known of the desired side.

    Attributes:
        registry: The jobs.
        owners: Marks that are ours.
        desired: What the jobs ask for.
        now: The present moment.
    """

    registry: Registry
    owners: frozenset[str]
    desired: DesiredState
    now: datetime

    def judge(self, name: str, live: Observed | None) -> JobOverview:
        """Decide the state of one job.

        Args:
            name: The job, or a schedule without a job.
            live: The live schedule; an error if it cannot be read.
        """
        if isinstance(live, JobspecError):
            state = JobState.FOREIGN if isinstance(live, ForeignScheduleError) else JobState.UNREADABLE
            return JobOverview(name=name, state=state, message=str(live))
        is_ours = live is not None and live.project in self.owners
        next_run = _find_next_run(live, self.now) if live is not None and is_ours else None
        if mistakes := self._find_mistakes(name):
            return JobOverview(name=name, state=JobState.INVALID, message=mistakes, next_run=next_run)
        desired = self.desired.jobs.get(name)
        if live is None:
            return JobOverview(name=name, state=_state_of_absent(desired))
        if desired is None:
            return self._judge_unwanted(live, next_run) if is_ours else JobOverview(name=name, state=JobState.ON_DEMAND)
        if not is_ours:
            held = hold_foreign(name, None, live.project)
            return JobOverview(name=name, state=JobState.FOREIGN, message=f"{held.message}; {held.hint}")
        return _judge_owned(desired, live, next_run)

    def _find_mistakes(self, name: str) -> str:
        if name in self.desired.failed:
            return str(self.desired.failed[name])
        if name not in self.registry.frozen:
            return ""
        said = [found.message for found in self.registry.diagnostics if found.job == name and found.is_error]
        return "; ".join(said) or "its spec cannot be judged; `jobspec validate` says why"

    def _judge_unwanted(self, live: LiveSchedule, next_run: datetime | None) -> JobOverview:
        retirement = _read_retirement(live)
        if retirement:
            return JobOverview(name=live.name, state=JobState.RETIRED, delete_after=retirement.delete_after)
        origin = self.registry.origin
        if origin is not None and origin.loaded.incomplete:
            message = "no spec names it, but not all specs can be used"
        elif live.name in self.registry:
            message = "its spec has no schedule any more; the next apply retires it"
        else:
            message = "no spec names it; the next apply retires it"
        return JobOverview(name=live.name, state=JobState.UNWANTED, message=message, next_run=next_run)


def _state_of_absent(desired: Desired | None) -> JobState:
    if desired is None:
        return JobState.ON_DEMAND
    return JobState.COMPLETED if desired.is_completed else JobState.NOT_APPLIED


def _judge_owned(desired: Desired, live: LiveSchedule, next_run: datetime | None) -> JobOverview:
    differences = tuple(change.field for change in explain_live(desired, live))
    job = JobOverview(name=live.name, state=JobState.ACTIVE, differences=differences, next_run=next_run)
    if _read_retirement(live):
        return replace(job, state=JobState.RETIRED, message="back in the specs; the next apply restores it")
    if live.paused:
        return replace(job, state=JobState.PAUSED, message=mask(_tell_pause(live), is_prose=True))
    if _is_used_up(live):
        return replace(job, message="has started as many runs as it may")
    return job


def _read_retirement(live: LiveSchedule) -> Retirement | None:
    return read_retirement(pause_of(live))


def _tell_pause(live: LiveSchedule) -> str:
    reason = spec_reason(pause_of(live))
    if reason is None:
        return live.note
    return "by its spec" if reason is True else f"by its spec: {reason}"


def _is_used_up(live: LiveSchedule) -> bool:
    state = live.message.state
    return bool(state.limited_actions and not state.remaining_actions)


def _find_next_run(live: LiveSchedule, now: datetime) -> datetime | None:
    """Take the server's own time, jitter included; for a paused schedule it may be outdated."""
    if live.paused or _is_used_up(live):
        return None
    times = filter(None, map(read_time, live.info.future_action_times))
    return next((when for when in times if when > now), None)
