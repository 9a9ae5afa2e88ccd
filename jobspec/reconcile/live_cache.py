"""What is known of the live schedules, when it was last verified, and how it is brought up to date.

A list shows every schedule and of each only a part; a describe shows all of one. So what a describe told is kept
together with what the list showed at that time: as long as the list shows the same, only that can have changed which
no list shows (input, queue, options, policies), and the sweep looks after that, the longest unverified first.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from temporalio.api.schedule.v1 import Schedule, ScheduleInfo

from jobspec.errors import ForeignScheduleError, JobspecError, MalformedScheduleError, report_bug
from jobspec.planning.observe import describe, disown, judge_list
from jobspec.temporal.schedules.live_schedule import LiveSchedule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from jobspec.planning.observe import Observed
    from jobspec.temporal.schedules.gateway import Schedules
    from jobspec.temporal.schedules.live_schedule import Listed

UNLISTED = b""
"""What a list shows of a schedule that is not there."""

_SCHEDULE, _INFO = Schedule(), ScheduleInfo()


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


@dataclass(slots=True, kw_only=True)
class Known:
    """One name.

    Attributes:
        live: As described; None where there is none, an error where it cannot be read.
        shown: What the list showed before that describe; None where no list was asked since the last write.
        verified_at: When it was described, in seconds of a clock that never goes back.
    """

    live: Observed | None
    shown: bytes | None
    verified_at: float


class LiveCache:
    """All names that matter: the jobs of the specs and what else is ours."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}  # the longest unverified first

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    @property
    def live(self) -> dict[str, Observed]:
        """What there is, by name."""
        return {name: known.live for name, known in self._known.items() if known.live is not None}

    def find_unread(self) -> list[str]:
        """Name the schedules that could not be read when they were described last, for a reason that may pass."""
        return [name for name, known in self._known.items() if _may_pass(known.live)]

    def find_oldest(self, count: int) -> list[str]:
        """Name those that have not been verified for the longest time."""
        return list(islice(self._known, count))

    def age(self, now: float) -> float:
        """Say how long ago that name was verified that was not verified for the longest time, in seconds."""
        oldest = next(iter(self._known.values()), None)
        return now - oldest.verified_at if oldest else 0.0

    async def refresh(self, schedules: Schedules, names: Collection[str], *, owners: frozenset[str]) -> Look:
        """List all schedules, and describe what is unknown or shows something new.

        What the list lacks is described as well, unless it was absent already, or the list may be believed
        (`judge_list`).

        Args:
            schedules: The namespace.
            names: The jobs of the specs.
            owners: Marks that are ours.

        Raises:
            UnreachableError: Temporal cannot be reached, or went away meanwhile.
            NamespaceNotFoundError: There is no such namespace.
        """
        listed = {entry.name: entry for entry in await schedules.list()}
        scope = judge_list(listed.values(), {*names, *self._list_owned(owners)}, owners=owners, known=self._known)
        self._keep(scope.names)
        for name in scope.find_absent(await describe(schedules, scope.sample)):
            self.learn(name, None, shown=UNLISTED, now=time.monotonic())
        shown = {name: _digest(listed[name]) if name in listed else UNLISTED for name in scope.names}
        moved = self.find_moved(shown, listed)
        look = await self._describe(schedules, moved, foreign=scope.foreign, shown=shown)
        return replace(look, listed=len(listed))

    async def read(self, schedules: Schedules, names: Iterable[str]) -> Look:
        """Describe the schedules of some names.

        Raises:
            UnreachableError: Temporal cannot be reached.
            NamespaceNotFoundError: There is no such namespace.
        """
        return await self._describe(schedules, names)

    async def _describe(
        self,
        schedules: Schedules,
        names: Iterable[str],
        *,
        foreign: Collection[str] = (),
        shown: Mapping[str, bytes] | None = None,
    ) -> Look:
        """Describe and remember; arguments are those of `Scope` and of `learn`."""
        distinct = sorted(set(names))
        answers = await describe(schedules, distinct)
        now, news, failed = time.monotonic(), set[str](), 0
        for name in distinct:
            answer = answers.get(name)
            live = disown(answer) if answer is not None and name in foreign else answer
            try:
                is_news = self.learn(name, live, shown=None if shown is None else shown[name], now=now)
            except Exception as error:  # noqa: BLE001  what one schedule brings out is its failure alone
                live, is_news = report_bug(f"compare the schedule `{name}` with what it was", error), True
                self._known[name] = Known(live=live, shown=None, verified_at=now)
            if is_news:
                news.add(name)
            if _may_pass(live):
                failed += 1
                self.doubt(name)
        return Look(described=len(distinct), news=frozenset(news), failed=failed)

    def find_moved(self, shown: Mapping[str, bytes], listed: Mapping[str, Listed]) -> list[str]:
        """Name what must be described: what is unknown, and of what the list shows something new.

        Args:
            shown: What the list shows of each name that matters, as a digest.
            listed: The list.
        """
        return [name for name in shown if self._has_moved(name, shown[name], listed.get(name))]

    def _has_moved(self, name: str, shown: bytes, entry: Listed | None) -> bool:
        known = self._known.get(name)
        if known is None or known.shown != shown:
            return True
        # Search attributes can show in a list before a describe has them.
        return entry is not None and isinstance(known.live, LiveSchedule) and known.live.project != entry.project

    def learn(self, name: str, live: Observed | None, *, shown: bytes | None, now: float) -> bool:
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

    def _keep(self, names: Collection[str]) -> None:
        """Forget all other names."""
        for name in self._known.keys() - names:
            del self._known[name]

    def _list_owned(self, owners: frozenset[str]) -> Iterable[str]:
        return (name for name, live in self.live.items() if getattr(live, "project", None) in owners)


def _digest(entry: Listed) -> bytes:
    """Make a short value of all that a list shows of a schedule and that only an edit changes."""
    try:
        return hashlib.blake2b(entry.visible(), digest_size=16).digest()
    except Exception as error:  # noqa: BLE001  one schedule must not keep the others from being read
        report_bug(f"compare the list's entry of the schedule `{entry.name}`", error)
        return secrets.token_bytes()  # like no other, so that the schedule is described each time


def _may_pass(answer: Observed | None) -> bool:
    """Whether reading failed in a way that another try may mend; a malformed schedule stays so until it is changed."""
    return isinstance(answer, JobspecError) and not isinstance(answer, MalformedScheduleError | ForeignScheduleError)


def _is_same(before: Observed | None, after: Observed | None) -> bool:
    """Whether two describes say the same as far as a plan is concerned."""
    if isinstance(before, LiveSchedule) and isinstance(after, LiveSchedule):
        return _key(before) == _key(after)
    if before is None or after is None:
        return before is after
    return (type(before), str(before)) == (type(after), str(after))


def _key(live: LiveSchedule) -> tuple[object, ...]:
    return live.canonical, live.paused, live.note, live.project


def _trim(live: Observed | None) -> Observed | None:
    """Drop what a plan does not need: every write describes anew."""
    if not isinstance(live, LiveSchedule):
        return live
    return replace(live, message=_SCHEDULE, info=_INFO, conflict_token=b"", search_attributes={}, memo={})
