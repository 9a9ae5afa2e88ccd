"""What an operator does to a job's live schedule: pause and resume it, have it start runs, delete it.

Every function asks on a fresh read whose the schedule is, and touches nothing but what it says.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from jobspec.errors import ConflictError, RefusedError, UsageError
from jobspec.library.call_arguments import check_name
from jobspec.library.owned_job import find_own_schedule, require_schedule
from jobspec.planning.apply import ATTEMPTS
from jobspec.planning.desired import Conversion, convert_job
from jobspec.planning.diff import explain_difference
from jobspec.planning.pauses import pause_of, read_retirement, spec_reason
from jobspec.results import PauseOutcome
from jobspec.spec.schedule import OverlapPolicy
from jobspec.spec.vocabulary import join_words
from jobspec.temporal.schedules import patches as patching
from jobspec.temporal.schedules.canonical import CanonicalSchedule, uncommented
from jobspec.temporal.schedules.gateway import Schedules
from jobspec.timing.upcoming import next_run, upcoming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from temporalio.client import Client

    from jobspec.library.owned_job import OwnedJob
    from jobspec.spec.model import JobSpec
    from jobspec.temporal.schedules.live_schedule import LiveSchedule

_TIMETABLE: Final = ("calendars", "intervals", "skip", "start_at", "end_at", "timezone")
"""Fields that decide the nominal times."""

_OWN_NOTES: Final = "jobspec:"
"""How the notes of pauses begin that are no operator's."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def delete_schedule(client: Client, job: OwnedJob) -> None:
    """Delete a job's live schedule at once; runs that it started go on.

    Args:
        client: Connected.
        job: The job.

    Raises:
        ScheduleNotFoundError: There is none.
        NoScheduleError: There is none, and the job asks for none.
        ForeignScheduleError: It bears another mark, or none.
        InvalidDefinitionError: The job has no project.
        ConflictError: Somebody else keeps changing it.
    """
    schedules = Schedules(client)
    for attempt in range(ATTEMPTS):
        live = await find_own_schedule(schedules, job)
        try:
            await schedules.delete(live)
        except ConflictError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


async def pause_schedule(client: Client, job: OwnedJob, *, reason: str = "", by: str | None = None) -> PauseOutcome:
    """Pause a job's live schedule, with a note that says who and why.

    The pause is the operator's: no apply undoes it. A schedule that somebody has paused already stays as it is, with
    their note.

    Args:
        client: Connected.
        job: The job.
        reason: Why.
        by: Who; default: the client's identity.

    Raises:
        NoScheduleError: The job runs on demand.
        RefusedError: The job itself sets `paused`, or its schedule is retired.
        UsageError: The reason is too long, or reads like a note of jobspec's own.
        ScheduleNotFoundError: There is no schedule.
        ForeignScheduleError: It bears another mark, or none.
        InvalidDefinitionError: The job has no project.
        ConflictError: Somebody else undid it at once.
    """
    return await _change_pause(client, job, paused=True, reason=reason, by=by)


async def resume_schedule(client: Client, job: OwnedJob, *, reason: str = "", by: str | None = None) -> PauseOutcome:
    """Let a job's paused schedule go on, with a note that says who and why.

    One that is not paused stays as it is. Arguments and errors are those of `pause_schedule`.
    """
    return await _change_pause(client, job, paused=False, reason=reason, by=by)


async def _change_pause(client: Client, job: OwnedJob, *, paused: bool, reason: str, by: str | None) -> PauseOutcome:
    if by is not None:
        check_name(by, "`by`")
    _refuse_paused_by_spec(job.spec)
    note = make_note("paused" if paused else "resumed", reason, by or client.identity)
    schedules = Schedules(client)
    live = await find_own_schedule(schedules, job)
    _refuse_retired(live)
    # What paused it for a spec that no longer does so is left to whoever pauses it now.
    is_so = live.paused == paused and not (paused and spec_reason(pause_of(live)) is not None)
    if is_so:
        return _tell(live, changed=False)
    return _tell(await patching.set_paused(schedules, live, paused=paused, note=note), changed=True)


def make_note(verb: str, reason: str, by: str) -> str:
    """Write a note that says who and why.

    Args:
        verb: What they did: `paused` or `resumed`.
        reason: Why; may be empty.
        by: Who.

    Raises:
        UsageError: The reason is too long, or reads like a note of jobspec's own, so that an apply would undo it.
    """
    reason, signature = reason.strip(), f"{verb} by {by}"
    if reason.startswith(_OWN_NOTES):
        raise UsageError(f"a reason cannot begin with `{_OWN_NOTES}`, for so do the pauses that jobspec undoes itself")
    note = f"{reason} ({signature})" if reason else signature
    patching.check_note(note)
    return note


def _refuse_paused_by_spec(spec: JobSpec) -> None:
    if require_schedule(spec).paused is not None:
        raise RefusedError(
            f"the job `{spec.name}` sets `schedule.paused` itself, and the next apply would bring that back; change it "
            "there and apply the job"
        )


def _refuse_retired(live: LiveSchedule) -> None:
    if read_retirement(pause_of(live)) is not None:
        raise RefusedError(f"the schedule `{live.name}` is retired; apply the job, which restores it as it was")


def _tell(live: LiveSchedule, *, changed: bool) -> PauseOutcome:
    return PauseOutcome(name=live.name, paused=live.paused, note=live.note, changed=changed)


async def trigger_schedule(client: Client, job: OwnedJob, *, overlap: OverlapPolicy | None = None) -> None:
    """Have a job's live schedule start a run now, as it is live, also while it is paused.

    Nothing is returned, for all that Temporal tells is that it has the request: the run starts a moment later, and
    not at all where the overlap policy skips it. Of several triggers within one second only one starts a run.

    Args:
        client: Connected.
        job: The job.
        overlap: What becomes of the run while another one goes on; default: the schedule's own policy.

    Raises:
        NoScheduleError: The job runs on demand.
        UsageError: There is no such overlap policy.
        ScheduleNotFoundError: There is no schedule.
        ForeignScheduleError: It bears another mark, or none.
        InvalidDefinitionError: The job has no project.
        UnreachableError: No answer came; the message says when the request may have arrived all the same.
    """
    job.require_schedule()
    policy = None if overlap is None else _read_overlap(overlap)
    schedules = Schedules(client)
    live = await find_own_schedule(schedules, job)
    await patching.trigger(schedules, live, overlap=policy)


async def backfill_schedule(
    client: Client, job: OwnedJob, *, start: datetime, end: datetime, overlap: OverlapPolicy | None = None
) -> tuple[datetime, ...]:
    """Have a job's live schedule start the runs of a time that is over, also while it is paused.

    Runs that took place already take place again. They do not count against limited actions.

    Args:
        client: Connected; its data converter is used to compare.
        job: The job.
        start: The first time that counts; aware.
        end: The last time that counts; aware, not in the future.
        overlap: What becomes of a run while another one goes on. Default: `buffer_all`, one after the other, or
            `allow_all` where that is the schedule's own policy. With others runs are left out: with `skip` of many
            only the first starts.

    Returns:
        The nominal times whose runs were asked for, jitter aside; where there are none, nothing was.

    Raises:
        NoScheduleError: The job runs on demand.
        UsageError: A time is naive, the start is not before the end, the end is in the future, or there is no such
            overlap policy.
        RefusedError: The live schedule has other times than the job.
        ScheduleNotFoundError: There is no schedule.
        ForeignScheduleError: It bears another mark, or none.
        InvalidDefinitionError: The job has no project.
        UnreachableError: No answer came; the message says when the request may have arrived all the same.
    """
    due = list_backfill_times(job.spec, start, end)
    given = None if overlap is None else _read_overlap(overlap)
    schedules = Schedules(client)
    live = await find_own_schedule(schedules, job)
    desired = convert_job(job.spec, Conversion.of(client, datetime.now(UTC)), redaction=job.redaction)
    _refuse_other_times(job.spec, live.canonical, desired.canonical)
    times = tuple(due)
    if times:
        following = next_run(job.require_schedule().timetable, times[-1])
        window = patching.make_window(times, following=following, jitter=live.canonical.jitter)
        policy = given or _choose_overlap(live.canonical.overlap)
        await patching.backfill(schedules, live, window=window, overlap=policy)
    return times


def list_backfill_times(spec: JobSpec, start: datetime, end: datetime) -> Iterator[datetime]:
    """List the nominal times that a backfill would run, one by one, computed as they are asked for.

    Args:
        spec: The job.
        start: The first time that counts; aware.
        end: The last time that counts; aware, not in the future.

    Raises:
        NoScheduleError: The job runs on demand.
        UsageError: A time is naive, the start is not before the end, or the end is in the future.
    """
    timetable = require_schedule(spec).timetable
    for name, when in (("start", start), ("end", end)):
        if when.utcoffset() is None:
            raise UsageError(f"the {name} of a backfill needs a time zone; `{when.isoformat()}` has none")
    if start >= end:
        raise UsageError(f"a backfill must start before it ends, not at {start.isoformat()} and {end.isoformat()}")
    if end > datetime.now(UTC):
        raise UsageError(f"a backfill makes up for what is over, and {end.isoformat()} is still to come")
    return upcoming(timetable, max(start, _EPOCH) - timedelta(microseconds=1), until=end)


def _read_overlap(word: str) -> OverlapPolicy:
    try:
        return OverlapPolicy(word)
    except ValueError as error:
        known = join_words(list(OverlapPolicy), "or")
        raise UsageError(f"there is no overlap policy `{word}`; write {known}") from error


def _choose_overlap(own: str) -> OverlapPolicy:
    """Choose a policy under which every run of a backfill takes place."""
    return OverlapPolicy.ALLOW_ALL if own == OverlapPolicy.ALLOW_ALL else OverlapPolicy.BUFFER_ALL


def _refuse_other_times(spec: JobSpec, live: CanonicalSchedule, desired: CanonicalSchedule) -> None:
    times = replace(live, **{field: getattr(desired, field) for field in _TIMETABLE if _differ(field, live, desired)})
    differing = [change.field for change in explain_difference(live, times)]
    if differing:
        raise RefusedError(
            f"the live schedule `{spec.name}` has other times than the job ({', '.join(differing)}), and a backfill "
            "follows the live ones; apply the job first"
        )


def _differ(field: str, live: CanonicalSchedule, desired: CanonicalSchedule) -> bool:
    """Whether two schedules differ in a field by more than the comments of calendars."""
    before, after = getattr(live, field), getattr(desired, field)
    return bool(uncommented(before) != uncommented(after) if field in ("calendars", "skip") else before != after)
