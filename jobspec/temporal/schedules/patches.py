"""Patches of a schedule: pausing it, letting it go on, having it start runs.

A patch touches nothing but what it says, so it cannot undo what somebody else writes at the same time, except for a
note; the API has no conflict token for it. What the server makes of one was measured on both schedulers:

- A pause and its end show in the next describe, and are read back. They move the conflict token.
- A trigger and a backfill cannot be read back: on the workflow-backed scheduler, which takes a patch as a signal, they
  move nothing but the runs themselves, and the overlap policy may start none. The answer says that the server has them.
- That scheduler does a repeated request once, as its request id asks for. CHASM does it twice, but moves its token.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.schedule.v1 import BackfillRequest, SchedulePatch, TriggerImmediatelyRequest
from temporalio.api.workflowservice.v1 import PatchScheduleRequest

from jobspec.errors import ConflictError, ScheduleNotFoundError, UnreachableError, UsageError
from jobspec.temporal.schedules.canonical import MILLISECOND
from jobspec.temporal.schedules.messages import make_overlap_policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from temporalio.client import Client

    from jobspec.temporal.schedules.gateway import Schedules
    from jobspec.temporal.schedules.live_schedule import LiveSchedule

LONGEST_NOTE: Final = 1000
"""In bytes (service/frontend/workflow_handler.go, `Schedule notes exceeds limit.`)."""

READ_BACK_SECONDS: Final = 15.0
"""How long a pause that was taken may need to show; milliseconds mostly."""

ATTEMPTS: Final = 3
"""How often a patch that starts runs is sent, while it is known that none of them arrived."""

_MILLISECOND: Final = timedelta(milliseconds=1)


async def set_paused(schedules: Schedules, live: LiveSchedule, *, paused: bool, note: str) -> LiveSchedule:
    """Pause a schedule or let it go on, and read back that it is so.

    Args:
        schedules: The namespace.
        live: Described a moment ago.
        paused: As it shall be.
        note: As it shall be; not empty, for an empty one asks for nothing.

    Returns:
        The schedule as read back.

    Raises:
        UsageError: The note is too long.
        ScheduleNotFoundError: It was deleted meanwhile.
        ConflictError: Somebody else undid it at once.
    """
    check_note(note)
    patch = SchedulePatch(pause=note) if paused else SchedulePatch(unpause=note)
    what = f"{'pause' if paused else 'resume'} the schedule `{live.name}`"
    request = make_patch_request(schedules.client, live.name, patch)
    await schedules.requests.send(schedules.client.workflow_service.patch_schedule, request, what=what)
    return await _read_back(schedules, live.name, (paused, note), what)


async def _read_back(schedules: Schedules, name: str, target: tuple[bool, str], what: str) -> LiveSchedule:
    deadline = time.monotonic() + READ_BACK_SECONDS
    pause = 0.01
    while True:
        now = await schedules.describe(name)
        if now is None:
            raise ScheduleNotFoundError(f"cannot {what}: somebody else deleted it meanwhile")
        if (now.paused, now.note) == target:
            return now
        if time.monotonic() > deadline:
            raise ConflictError(f"cannot {what}: it was taken but does not show; somebody else may have undone it")
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)


async def trigger(schedules: Schedules, live: LiveSchedule, *, overlap: str | None) -> None:
    """Have a schedule start a run now, also while it is paused.

    Args:
        schedules: The namespace.
        live: Described a moment ago.
        overlap: What becomes of it while another run goes on, in a spec's words; None leaves it to the schedule.

    Raises:
        ScheduleNotFoundError: It was deleted meanwhile.
        UnreachableError: No answer came; the message says when the request may have arrived all the same.
    """
    request = TriggerImmediatelyRequest()
    if overlap:
        request.overlap_policy = make_overlap_policy(overlap)
    await _start_runs(schedules, live, SchedulePatch(trigger_immediately=request), "trigger")


async def backfill(
    schedules: Schedules, live: LiveSchedule, *, window: tuple[datetime, datetime], overlap: str
) -> None:
    """Have a schedule start the runs of a time that is over, also while it is paused.

    Args:
        schedules: The namespace.
        live: Described a moment ago.
        window: From `make_window`.
        overlap: What becomes of a run while another one goes on, in a spec's words.

    Raises:
        ScheduleNotFoundError: It was deleted meanwhile.
        UnreachableError: No answer came; the message says when the request may have arrived all the same.
    """
    start, end = window
    request = BackfillRequest(
        start_time=_timestamp(start), end_time=_timestamp(end), overlap_policy=make_overlap_policy(overlap)
    )
    await _start_runs(schedules, live, SchedulePatch(backfill_request=[request]), "backfill")


def make_window(times: Sequence[datetime], *, following: datetime | None, jitter: int) -> tuple[datetime, datetime]:
    """Make the bounds with which a backfill runs exactly some nominal times.

    The server takes both bounds in (older ones leave the first out) but compares times that its jitter has delayed: by
    less than the jitter, and by less than what is left until the next run (service/worker/scheduler/spec.go).

    Args:
        times: Consecutive nominal times, one at least.
        following: The nominal time after these; None where there is none.
        jitter: In nanoseconds.
    """
    last = times[-1]
    delayed = last + timedelta(milliseconds=jitter // MILLISECOND)
    end = delayed if following is None else min(delayed, following)
    return times[0] - _MILLISECOND, max(end - _MILLISECOND, last)


async def _start_runs(schedules: Schedules, live: LiveSchedule, patch: SchedulePatch, verb: str) -> None:
    """Send a patch that starts runs, and again only where it is known not to have arrived.

    Where no answer came, the token tells: as long as it has not moved, CHASM has not seen the request, and the
    workflow-backed scheduler, where it would not move, does the same request once however often it comes.
    """
    what = f"{verb} the schedule `{live.name}`"
    request = make_patch_request(schedules.client, live.name, patch)
    send = schedules.requests.send
    for attempt in range(ATTEMPTS):
        try:
            await send(schedules.client.workflow_service.patch_schedule, request, what=what, at_most_once=True)
        except UnreachableError:
            if attempt == ATTEMPTS - 1:
                raise
            await _check_not_seen(schedules, live, what)
        else:
            return


async def _check_not_seen(schedules: Schedules, live: LiveSchedule, what: str) -> None:
    now = await schedules.describe(live.name)
    if now is None:
        raise ScheduleNotFoundError(f"cannot {what}: somebody else deleted it meanwhile")
    if now.conflict_token != live.conflict_token:
        raise UnreachableError(
            f"cannot tell whether Temporal was asked to {what}: no answer came, and it has changed since; look at its "
            "runs before you try again"
        )


def make_patch_request(client: Client, name: str, patch: SchedulePatch) -> PatchScheduleRequest:
    """Make the request that patches a schedule."""
    return PatchScheduleRequest(
        namespace=client.namespace,
        schedule_id=name,
        patch=patch,
        identity=client.identity,
        request_id=str(uuid.uuid4()),
    )


def check_note(note: str) -> None:
    """Refuse a note that the server would refuse.

    Raises:
        UsageError: It is empty, too long, or no valid text.
    """
    try:
        size = len(note.encode())
    except UnicodeEncodeError as error:
        raise UsageError("the note is no valid Unicode text; leave out its lone surrogates") from error
    if size > LONGEST_NOTE:
        raise UsageError(f"the note has {size} bytes, and Temporal takes {LONGEST_NOTE}; give a shorter reason")
    if not note:
        raise UsageError("a schedule is paused or resumed with a note; give one")


def _timestamp(when: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(when)
    return stamp
