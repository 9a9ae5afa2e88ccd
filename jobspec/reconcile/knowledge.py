"""What is known of the live schedules, and when it was last verified.

A list shows every schedule and of each only a part; a describe shows all of one. So what a describe told is kept
together with what the list showed at that time: as long as the list shows the same, only that can have changed which
no list shows (input, queue, options, policies), and the sweep looks after that, the longest unverified first.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from temporalio.api.schedule.v1 import Schedule, ScheduleInfo

from jobspec.errors import JobspecError
from jobspec.live.reading import LiveSchedule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from jobspec.live.reading import Listed

UNLISTED = b""
"""What a list shows of a schedule that is not there."""

_SCHEDULE, _INFO = Schedule(), ScheduleInfo()


@dataclass(slots=True, kw_only=True)
class Known:
    """One name.

    Attributes:
        live: As described; None where there is none, an error where it cannot be read.
        shown: What the list showed before that describe; None where no list was asked since the last write.
        verified_at: When it was described, in seconds of a clock that never goes back.
    """

    live: LiveSchedule | JobspecError | None
    shown: bytes | None
    verified_at: float


class Knowledge:
    """All names that matter: the jobs of the specs and what else is ours."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}  # the longest unverified first

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def live(self) -> dict[str, LiveSchedule | JobspecError]:
        """Say what there is, by name."""
        return {name: known.live for name, known in self._known.items() if known.live is not None}

    def find_failed(self) -> dict[str, JobspecError]:
        """Say of which names reading failed, and how."""
        return {name: known.live for name, known in self._known.items() if isinstance(known.live, JobspecError)}

    def learn(self, name: str, live: LiveSchedule | JobspecError | None, *, shown: bytes | None, now: float) -> bool:
        """Take in what a describe told, and tell whether it is news.

        Args:
            name: The schedule's.
            live: What is there.
            shown: What a list showed before; None to keep what is known of that.
            now: The time.
        """
        before = self._known.pop(name, None)
        if before is not None and shown is None:
            shown = before.shown
        is_news = before is None or not _is_same(before.live, live)
        kept = _trim(live) if is_news else before.live if before else None
        self._known[name] = Known(live=kept, shown=shown, verified_at=now)
        return is_news

    def doubt(self, name: str) -> None:
        """Take note that a schedule was written, or may have been: the next list does not vouch for it."""
        if name in self._known:
            self._known[name].shown = None

    def keep(self, names: Collection[str]) -> None:
        """Forget all other names."""
        for name in self._known.keys() - names:
            del self._known[name]

    def find_moved(self, shown: Mapping[str, bytes], listed: Mapping[str, Listed], names: Iterable[str]) -> list[str]:
        """Name what must be described: what is unknown, and of what the list shows something new.

        Args:
            shown: What the list shows of each schedule, as `digest`.
            listed: The list.
            names: The names that matter.
        """
        return [name for name in names if self._has_moved(name, shown.get(name, UNLISTED), listed.get(name))]

    def _has_moved(self, name: str, shown: bytes, entry: Listed | None) -> bool:
        known = self._known.get(name)
        if known is None or known.shown != shown:
            return True
        # Search attributes can show in a list before a describe has them.
        return entry is not None and isinstance(known.live, LiveSchedule) and known.live.project != entry.project

    def find_oldest(self, count: int) -> list[str]:
        """Name those that have not been verified for the longest time."""
        return list(islice(self._known, count))

    def age(self, now: float) -> float:
        """Say how long ago that name was verified that was not verified for the longest time, in seconds."""
        oldest = next(iter(self._known.values()), None)
        return now - oldest.verified_at if oldest else 0.0


def digest(entry: Listed) -> bytes:
    """Make a short value of all that a list shows of a schedule and that only an edit changes."""
    return hashlib.blake2b(entry.visible(), digest_size=16).digest()


def _is_same(before: LiveSchedule | JobspecError | None, after: LiveSchedule | JobspecError | None) -> bool:
    """Whether two describes say the same as far as a plan is concerned."""
    if isinstance(before, LiveSchedule) and isinstance(after, LiveSchedule):
        return _key(before) == _key(after)
    if before is None or after is None:
        return before is after
    return (type(before), str(before)) == (type(after), str(after))


def _key(live: LiveSchedule) -> tuple[object, ...]:
    return live.canonical, live.paused, live.note, live.project


def _trim(live: LiveSchedule | JobspecError | None) -> LiveSchedule | JobspecError | None:
    """Drop what a plan does not need: every write describes anew."""
    if not isinstance(live, LiveSchedule):
        return live
    return replace(live, message=_SCHEDULE, info=_INFO, conflict_token=b"", search_attributes={}, memo={})
