"""What is live, as far as a plan needs to know it.

One raw list finds what exists and what is ours; it is eventually consistent and
leaves out half of a schedule, so all that is judged is described as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobspec.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jobspec.errors import JobspecError
    from jobspec.live.schedules import LiveSchedule, Schedules


async def read_live(
    schedules: Schedules, names: Collection[str], *, owners: frozenset[str]
) -> Mapping[str, LiveSchedule | JobspecError]:
    """Describe all that has one of the names and all that is ours.

    A name that the list lacks is described too, for the list may lag behind; only where it shows nothing of ours at
    all is it believed, so that a first apply of many jobs does not ask for each of them.

    Args:
        schedules: The namespace.
        names: The jobs of the specs.
        owners: Marks that are ours.

    Returns:
        By name what is there, and an error where reading one failed; absent names are left out.

    Raises:
        UnreachableError: Temporal cannot be reached, or went away meanwhile.
    """
    listed = await schedules.list()
    ours = {entry.name for entry in listed if entry.project in owners}
    present = {entry.name for entry in listed}
    asked = ours | set(names) if ours else present & set(names)
    answers = await schedules.describe_all(sorted(asked))
    for answer in answers.values():
        if isinstance(answer, UnreachableError):
            raise answer
    return answers
