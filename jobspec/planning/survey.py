"""What is live, as far as a plan needs to know it.

One raw list finds what exists and what is ours; it is eventually consistent and
leaves out half of a schedule, so all that is judged is described as well.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jobspec.errors import (
    ForeignScheduleError,
    JobspecError,
    MalformedScheduleError,
    NamespaceNotFoundError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jobspec.live.schedules import Listed, LiveSchedule, Schedules

SAMPLE = 8
"""How many names are described to find out whether a list that shows nothing of ours lags behind."""


async def read_live(
    schedules: Schedules, names: Collection[str], *, owners: frozenset[str]
) -> Mapping[str, LiveSchedule | JobspecError]:
    """Describe all that has one of the names and all that is ours.

    A name that the list lacks is described too, for the list may lag behind; only where it shows nothing of ours at
    all, and some names are really absent, is it believed, so that a first apply of many jobs does not ask for each.

    Args:
        schedules: The namespace.
        names: The jobs of the specs.
        owners: Marks that are ours.

    Returns:
        By name what is there, and an error where reading one failed; absent names are left out.

    Raises:
        UnreachableError: Temporal cannot be reached, or went away meanwhile.
    """
    wanted = frozenset(names)
    listed, reading = await _list_and_read(schedules, wanted, owners)
    ours = {entry.name for entry in listed if entry.project in owners}
    present = {entry.name for entry in listed}
    if reading is None and not await read_named(schedules, sorted(wanted - present)[:SAMPLE]):
        wanted &= present
    answers = {
        **await (reading or read_named(schedules, wanted)),
        **await read_named(schedules, ours - wanted),
    }
    foreign = present - ours
    return {name: disown(answer) if name in foreign else answer for name, answer in answers.items()}


async def _list_and_read(
    schedules: Schedules, names: Collection[str], owners: frozenset[str]
) -> tuple[list[Listed], asyncio.Future[Mapping[str, LiveSchedule | JobspecError]] | None]:
    """List, and begin to describe as soon as a page shows something of ours, for then all names are described."""
    listed: list[Listed] = []
    reading = None
    try:
        async for page in schedules.list_pages():
            listed += page
            if reading is None and any(entry.project in owners for entry in page):
                reading = asyncio.ensure_future(read_named(schedules, names))
    except JobspecError:
        if reading:
            await asyncio.wait((reading,))  # a request in flight must not be cancelled
        raise
    return listed, reading


async def read_named(schedules: Schedules, names: Collection[str]) -> Mapping[str, LiveSchedule | JobspecError]:
    """Describe what has one of the names.

    Returns:
        See `read_live`.

    Raises:
        UnreachableError: Temporal went away.
        NamespaceNotFoundError: There is no such namespace.
    """
    answers = await schedules.describe_all(sorted(names))
    for answer in answers.values():
        if isinstance(answer, UnreachableError | NamespaceNotFoundError):
            raise answer
    return answers


def disown(answer: LiveSchedule | JobspecError) -> LiveSchedule | JobspecError:
    """Say of what cannot be read that it is not ours, where the list shows that: nobody shall be told to delete it."""
    if not isinstance(answer, MalformedScheduleError):
        return answer
    error = ForeignScheduleError(f"a schedule of that name exists and is not this project's; {answer}")
    error.__cause__ = answer
    return error
