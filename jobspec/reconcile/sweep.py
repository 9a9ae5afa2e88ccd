"""How many schedules are verified when, so that each has its turn in time and the server sees an even trickle."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_SECONDS = 60.0
"""How much time is made up for at once after an outage, or a cycle that took long; all of it would make a burst."""

_HEADROOM = 0.9
"""The part of the period in which all have their turn, for turns come a moment late, and not at all during a cycle."""

_LEAST_PAUSE = 1.0
"""Seconds between two turns: with many schedules several are verified at once, which spares the process wake-ups."""


@dataclass(slots=True, kw_only=True)
class Sweep:
    """Turns of verification. Times are seconds of any clock that never goes back.

    Attributes:
        period: The time within which each schedule has its turn.
        at: The last time that turns were taken; at first, the beginning.
    """

    period: float
    at: float
    _credit: float = 0.0

    def find_next(self, count: int, now: float) -> float:
        """Say when the next turn is.

        Args:
            count: How many schedules there are.
            now: The time.
        """
        if count == 0:
            return now + self.period
        return self.at + max(_LEAST_PAUSE, (1 - self._credit) / self._rate(count))

    def take(self, count: int, now: float) -> int:
        """Say how many schedules have their turn now; it counts from the last time that this was asked."""
        rate = self._rate(count)
        self._credit = min(self._credit + (now - self.at) * rate, max(1.0, _MOST_SECONDS * rate), count)
        self.at = now
        turns = int(self._credit)
        self._credit -= turns
        return turns

    def _rate(self, count: int) -> float:
        """Say how many turns there are in a second."""
        return count / (self.period * _HEADROOM)
