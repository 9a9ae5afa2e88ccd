"""Bringing what is known of the live schedules up to date, with as few requests as that takes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobspec.errors import ForeignScheduleError, JobspecError, MalformedScheduleError, UnreachableError
from jobspec.planning.survey import SAMPLE, disown
from jobspec.reconcile.knowledge import UNLISTED, digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from jobspec.live.reading import LiveSchedule
    from jobspec.live.schedules import Schedules
    from jobspec.reconcile.knowledge import Knowledge


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at the live side cost and brought.

    Attributes:
        listed: How many schedules the list showed; 0 where none was asked for.
        described: How many were described.
        news: Names of which something else is known now.
        failed: How many could not be read, for a reason that may pass.
    """

    listed: int = 0
    described: int = 0
    news: frozenset[str] = frozenset()
    failed: int = 0


async def look_at_all(
    knowledge: Knowledge, schedules: Schedules, wanted: Collection[str], *, owners: frozenset[str]
) -> Look:
    """List all schedules, and describe what is unknown or shows something new.

    What the list lacks is described as well, unless it was absent already: a list may lag behind. Only where it shows
    nothing of ours at all, and some names are really absent, is it believed, as by `read_live`.

    Args:
        knowledge: What is known; it is brought up to date.
        schedules: The namespace.
        wanted: The jobs of the specs.
        owners: Marks that are ours.

    Raises:
        UnreachableError: Temporal cannot be reached, or went away meanwhile.
    """
    listed = {entry.name: entry for entry in await schedules.list()}
    ours = {name for name, entry in listed.items() if entry.project in owners}
    names = {*wanted, *ours, *_list_owned(knowledge, owners)}
    knowledge.keep(names)
    shown = {name: digest(listed[name]) for name in names if name in listed}
    moved = knowledge.find_moved(shown, listed, names)
    unlisted = sorted(name for name in moved if name not in listed and name not in knowledge)
    if not ours and len(unlisted) > SAMPLE and not await schedules.describe_all(unlisted[:SAMPLE]):
        for name in unlisted:
            knowledge.learn(name, None, shown=UNLISTED, now=time.monotonic())
        moved = knowledge.find_moved(shown, listed, names)
    look = await _describe(knowledge, schedules, moved, foreign=listed.keys() - ours, shown=shown)
    return Look(listed=len(listed), described=look.described, news=look.news, failed=look.failed)


async def look_at(knowledge: Knowledge, schedules: Schedules, names: Iterable[str]) -> Look:
    """Describe the schedules of some names.

    Raises:
        UnreachableError: Temporal cannot be reached.
    """
    return await _describe(knowledge, schedules, names)


def find_unread(knowledge: Knowledge) -> list[str]:
    """Name the schedules that could not be read when they were described last, for a reason that may pass."""
    return [name for name, answer in knowledge.find_failed().items() if _may_pass(answer)]


def _list_owned(knowledge: Knowledge, owners: frozenset[str]) -> Iterable[str]:
    return (name for name, live in knowledge.live().items() if getattr(live, "project", None) in owners)


async def _describe(
    knowledge: Knowledge,
    schedules: Schedules,
    names: Iterable[str],
    *,
    foreign: Collection[str] = (),
    shown: Mapping[str, bytes] | None = None,
) -> Look:
    """Describe and remember.

    Args:
        knowledge: What is known.
        schedules: The namespace.
        names: What to describe.
        foreign: Names that are not ours by the list.
        shown: What the list showed; None where none was asked for.
    """
    distinct = sorted(set(names))
    answers = await schedules.describe_all(distinct)
    now, news, failed = time.monotonic(), set[str](), 0
    for name in distinct:
        answer = answers.get(name)
        if isinstance(answer, UnreachableError):
            raise answer
        live = disown(answer) if answer is not None and name in foreign else answer
        if knowledge.learn(name, live, shown=None if shown is None else shown.get(name, UNLISTED), now=now):
            news.add(name)
        if _may_pass(answer):
            failed += 1
            knowledge.doubt(name)
    return Look(described=len(distinct), news=frozenset(news), failed=failed)


def _may_pass(answer: LiveSchedule | JobspecError | None) -> bool:
    """Whether reading failed in a way that another try may mend; a malformed schedule stays so until it is changed."""
    return isinstance(answer, JobspecError) and not isinstance(answer, MalformedScheduleError | ForeignScheduleError)
