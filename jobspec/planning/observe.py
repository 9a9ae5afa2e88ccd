"""What is live, and when a list of it may be believed.

A list of Temporal is eventually consistent and shows only a part of each schedule. So everything that a plan judges is
described, and a name that the list lacks is described too. There is one exception, so that a first apply of thousands
of jobs does not ask for each: where the list shows nothing of ours, and a sample of what it lacks is really absent, all
that it lacks counts as absent. Commands, library and daemon share this rule (`judge_list`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from jobspec.errors import (
    ForeignScheduleError,
    JobspecError,
    MalformedScheduleError,
    NamespaceNotFoundError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from jobspec.temporal.schedules.gateway import Schedules
    from jobspec.temporal.schedules.live_schedule import Listed, LiveSchedule

Observed: TypeAlias = "LiveSchedule | JobspecError"
"""What is there, or the error with which reading it failed."""

SAMPLE = 8
"""How many names are described to find out whether a list that shows nothing of ours lags behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a list says must be described.

    Attributes:
        names: All names that matter: those asked about, and what the list shows as ours.
        foreign: Names that the list shows and that are not ours.
        sample: Names to describe first: if none of them exists, the list may be believed. Empty where it may not be
            believed anyway, or where that would spare nothing.
        unlisted: Names that matter, that the list lacks, and of which nothing is known otherwise.
    """

    names: frozenset[str]
    foreign: frozenset[str]
    sample: frozenset[str] = frozenset()
    unlisted: frozenset[str] = frozenset()

    def find_absent(self, answers: Collection[str]) -> frozenset[str]:
        """Name what is absent without having been described.

        Args:
            answers: The names in the sample for which the server answered anything but that they do not exist.
        """
        return self.unlisted if self.sample and not answers else frozenset()


def judge_list(
    listed: Iterable[Listed], names: Collection[str], *, owners: frozenset[str], known: Collection[str] = ()
) -> Scope:
    """Decide what a list leaves to describe.

    Args:
        listed: What the list showed.
        names: Names that are asked about, such as those of the jobs.
        owners: Marks that are ours.
        known: Names that were described before, so that the list is not needed to tell whether they exist.
    """
    entries = tuple(listed)
    present = frozenset(entry.name for entry in entries)
    ours = frozenset(entry.name for entry in entries if entry.project in owners)
    unlisted = frozenset(names) - present - frozenset(known)
    may_believe = not ours and len(unlisted) > SAMPLE
    return Scope(
        names=ours.union(names),
        foreign=present - ours,
        sample=frozenset(sorted(unlisted)[:SAMPLE]) if may_believe else frozenset(),
        unlisted=unlisted,
    )


async def observe(schedules: Schedules, names: Collection[str], *, owners: frozenset[str]) -> Mapping[str, Observed]:
    """Describe all that has one of the names and all that is ours.

    Args:
        schedules: The namespace.
        names: The jobs of the specs.
        owners: Marks that are ours.

    Returns:
        By name what is there, and an error where reading one failed; absent names are left out.

    Raises:
        UnreachableError: Temporal cannot be reached, or went away meanwhile.
        NamespaceNotFoundError: There is no such namespace.
    """
    listed, early = await _list_and_describe(schedules, frozenset(names), owners)
    scope = judge_list(listed, names, owners=owners)
    answers = dict(await (early or describe(schedules, scope.sample)))
    asked = frozenset(names) if early else answers.keys()
    answers |= await describe(schedules, scope.names - scope.find_absent(answers) - asked)
    return {name: disown(answer) if name in scope.foreign else answer for name, answer in answers.items()}


async def _list_and_describe(
    schedules: Schedules, names: Collection[str], owners: frozenset[str]
) -> tuple[list[Listed], asyncio.Future[Mapping[str, Observed]] | None]:
    """List, and begin to describe as soon as a page shows something of ours, because then all names are described."""
    listed: list[Listed] = []
    describing = None
    try:
        async for page in schedules.list_pages():
            listed += page
            if describing is None and any(entry.project in owners for entry in page):
                describing = asyncio.ensure_future(describe(schedules, names))
    except JobspecError:
        if describing:
            await asyncio.wait((describing,))  # a request in flight must not be cancelled
        raise
    return listed, describing


async def describe(schedules: Schedules, names: Collection[str]) -> Mapping[str, Observed]:
    """Describe what has one of the names.

    Returns:
        See `observe`.

    Raises:
        UnreachableError: Temporal went away.
        NamespaceNotFoundError: There is no such namespace.
    """
    answers = await schedules.describe_all(sorted(names))
    for answer in answers.values():
        if isinstance(answer, UnreachableError | NamespaceNotFoundError):
            raise answer
    return answers


def disown(answer: Observed) -> Observed:
    """Say of what cannot be read that it is not ours, where the list shows that: nobody shall be told to delete it."""
    if not isinstance(answer, MalformedScheduleError):
        return answer
    error = ForeignScheduleError(f"a schedule of that name exists and is not this project's; {answer}")
    error.__cause__ = answer
    return error
