"""How long to wait after a change until nobody writes any more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Settling:
    """Waits for quiet, but not for ever: who writes all the time must not keep his changes from being read.

    Times are seconds of any clock that never goes back.

    Attributes:
        quiet: How long nothing may have changed.
        patience: The longest wait after the first change.
    """

    quiet: float
    patience: float
    _first: float | None = None
    _last: float = 0.0

    @property
    def due_at(self) -> float | None:
        """When the changes are to be read; None where there are none."""
        return None if self._first is None else min(self._last + self.quiet, self._first + self.patience)

    def note(self, now: float) -> None:
        """Take a change into account."""
        self._first = now if self._first is None else self._first
        self._last = now

    def clear(self) -> None:
        """Begin anew: all changes up to now are about to be read."""
        self._first = None
