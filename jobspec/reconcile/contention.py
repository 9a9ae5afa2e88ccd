"""Jobs that somebody else who writes for the same project keeps changing back.

Two writers with different specs, such as the daemon of an old checkout beside that of a new one, would undo each
other's work for ever. So writes are remembered for a while: where the very change is needed again that was made
already, it was reverted. Twice may be an accident; from then on the job waits longer each time, and says so. A job
whose change held for the whole window, or that asks for something new, begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jobspec.planning.pauses import Pause, read_retirement

if TYPE_CHECKING:
    from jobspec.planning.plan import Action, Change
    from jobspec.temporal.schedules.canonical import CanonicalSchedule

TOLERATED: Final = 2
"""How often a change may be reverted before the job is contended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deed:
    """What a change makes of what; two equal ones mean that the first was reverted."""

    action: Action
    before: CanonicalSchedule | None
    was: Pause | None
    after: CanonicalSchedule | None
    pause: Pause

    @classmethod
    def of(cls, change: Change) -> _Deed:
        return cls(
            action=change.action,
            before=change.before,
            was=_timeless(change.was),
            after=change.after,
            pause=_timeless(change.pause) or change.pause,
        )


@dataclass(slots=True, kw_only=True)
class _Dispute:
    """A change that was made to a job, perhaps several times."""

    deed: _Deed
    reverted: int
    written_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contended:
    """A job that waits.

    Attributes:
        reverted: How often its change was reverted.
        until: When it will be written again.
    """

    reverted: int
    until: float


class Contention:
    """Remembers writes. Times are seconds of any clock that never goes back.

    Args:
        window: How long a change must hold so that nothing is held against it.
        first_wait: How long a contended job waits at first; it doubles each time.
        longest_wait: How long it waits at most.
    """

    def __init__(self, *, window: float, first_wait: float, longest_wait: float) -> None:
        self._window = window
        self._first_wait = first_wait
        self._longest_wait = min(longest_wait, window)
        self._disputes: dict[str, _Dispute] = {}

    def judge(self, change: Change, now: float) -> Contended | None:
        """Say whether a change has to wait; None where it may be written."""
        dispute = self._disputes.get(change.name)
        if dispute is None or dispute.deed != _Deed.of(change) or self._is_over(dispute, now):
            return None
        reverted = dispute.reverted + 1
        if reverted < TOLERATED:
            return None
        return Contended(reverted=reverted, until=dispute.written_at + self._wait(reverted))

    def note(self, change: Change, now: float) -> None:
        """Take note that a change was written."""
        deed = _Deed.of(change)
        dispute = self._disputes.get(change.name)
        if dispute is None or dispute.deed != deed or self._is_over(dispute, now):
            self._disputes[change.name] = _Dispute(deed=deed, reverted=0, written_at=now)
        else:
            dispute.reverted += 1
            dispute.written_at = now

    def tidy(self, now: float) -> None:
        """Forget the writes that have held."""
        for name in [name for name, dispute in self._disputes.items() if self._is_over(dispute, now)]:
            del self._disputes[name]

    def _is_over(self, dispute: _Dispute, now: float) -> bool:
        return now - dispute.written_at > self._window

    def _wait(self, reverted: int) -> float:
        return min(self._first_wait * 2.0 ** (reverted - TOLERATED), self._longest_wait)


def _timeless(pause: Pause | None) -> Pause | None:
    """Leave the times out of the note of a retired job: each retirement has its own."""
    retirement = read_retirement(pause) if pause else None
    return Pause(paused=True, note="retired") if retirement else pause
