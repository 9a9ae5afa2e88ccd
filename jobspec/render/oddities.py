"""What changes of the clock do to a job, as sentences."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from jobspec.timing.moments import tell_clock, tell_date, tell_zone
from jobspec.timing.oddities import Oddity, OddityKind
from jobspec.timing.zones import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

_ONE = {
    OddityKind.SKIPPED: "{times} does not exist on {day}, skipped",
    OddityKind.REPEATED: "{times} on {day} fires twice: {runs}",
    OddityKind.MOVED: "{times} on {day} fires at another time: {runs}",
    OddityKind.LOST: "{times} on {day} is left out by Temporal, for the clock is set",
    OddityKind.EXTRA: "{times} on {day} is not asked for, Temporal fires all the same, for the clock is set",
}
_SEVERAL = {
    OddityKind.SKIPPED: "{times} do not exist on {day}, {count} runs skipped",
    OddityKind.REPEATED: "{times} on {day}, {count} runs fire twice, the first of them {runs}",
    OddityKind.MOVED: "{times} on {day}, {count} runs fire at another time, the first of them {runs}",
    OddityKind.LOST: "{times} on {day}, {count} runs are left out by Temporal, for the clock is set",
    OddityKind.EXTRA: "{times} on {day}, {count} runs are not asked for and fire all the same, for the clock is set",
}


def tell_oddities(oddities: Iterable[Oddity], zone: tzinfo) -> Iterator[tuple[int, str]]:
    """Tell what changes of the clock do, what is of one kind and day in one sentence.

    Args:
        oddities: In order.
        zone: The job's.

    Returns:
        Each sentence with the time by which to sort it in among the runs, in seconds since the epoch.
    """
    for _, group in groupby(oddities, key=lambda each: (each.kind, each.wall // DAY)):
        found = list(group)
        yield found[-1].near, _tell(found, zone)


def _tell(found: Sequence[Oddity], zone: tzinfo) -> str:
    first, last = (datetime.fromtimestamp(each.wall, UTC) for each in (found[0], found[-1]))
    runs = [datetime.fromtimestamp(run, zone) for run in found[0].runs]
    times = tell_clock(first) if len(found) == 1 else f"{tell_clock(first)} to {tell_clock(last)}"
    return (_ONE if len(found) == 1 else _SEVERAL)[found[0].kind].format(
        times=times,
        day=tell_date(first),
        count=len(found),
        runs=" and ".join(f"{tell_clock(run)} {tell_zone(run)}" for run in runs),
    )
