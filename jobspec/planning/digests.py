"""Digests of specs and live schedules, by which a saved plan knows that neither has changed.

A digest of a short secret could be undone by trying, whatever salt stands beside it. So all are made with a key that
only those can read who can read the values themselves, wherever they are kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobspec.planning.desired import Desired
    from jobspec.temporal.schedules.canonical import CanonicalSchedule

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Digester:
    """Makes digests.

    Attributes:
        key: What only those know who can read what the digests are of.
    """

    key: bytes

    def of_spec(self, desired: Desired) -> str:
        """Make the digest of what a job asks for."""
        return self._digest([_encode(desired.canonical), desired.paused])

    def of_live(self, schedule: CanonicalSchedule) -> str:
        """Make the digest of a live schedule; what an operator paused is not part of it, since every write keeps it."""
        return self._digest(_encode(schedule))

    def _digest(self, value: Any) -> str:
        return make_digest(value, self.key)


def make_digest(value: Any, key: bytes) -> str:
    """Make the digest of a value, as JSON has it; a stranger's schedule may hold numbers that JSON lacks."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()


def _encode(value: Any) -> Any:
    """Write a value as JSON has it, the same in every process: sets have no order."""
    if is_dataclass(value):
        return {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted((_encode(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, tuple | list):
        return [_encode(item) for item in value]
    return {"bytes": value.hex()} if isinstance(value, bytes) else value
