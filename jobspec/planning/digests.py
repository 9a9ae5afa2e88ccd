"""Digests of specs and live schedules, by which a saved plan knows that neither has changed.

A digest of a short secret could be undone by trying, whatever salt stands beside it. So values that the project redacts
are left out, unless the digests are made with a key that only those can read who can read the values themselves.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from jobspec.live.canonical import CanonicalPayload, canonical_json
from jobspec.spec.redaction import REDACTED, Redaction

if TYPE_CHECKING:
    from jobspec.live.canonical import CanonicalSchedule
    from jobspec.planning.plan import Wanted
    from jobspec.spec.positions import ValuePath

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Digester:
    """Makes digests.

    Attributes:
        key: Secret; empty where there is nobody to keep it.
        redaction: What is left out where there is no key.
    """

    key: bytes = b""
    redaction: Redaction = Redaction()  # noqa: RUF009  immutable

    def of_spec(self, wanted: Wanted) -> str:
        """Make the digest of what a job asks for."""
        return self._digest([self._encode(wanted.desired.canonical), wanted.desired.paused])

    def of_live(self, schedule: CanonicalSchedule) -> str:
        """Make the digest of a live schedule; what an operator paused is not part of it, since every write keeps it."""
        return self._digest(self._encode(schedule))

    def _digest(self, value: Any) -> str:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
        return hmac.digest(self.key, text.encode(), hashlib.sha256).hex()

    def _encode(self, schedule: CanonicalSchedule) -> Any:
        return _encode(schedule if self.key else _redact(schedule, self.redaction))


def _encode(value: Any) -> Any:
    """Write a value as JSON has it, the same in every process: sets have no order."""
    if is_dataclass(value):
        return {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted((_encode(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, tuple | list):
        return [_encode(item) for item in value]
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


def _redact(schedule: CanonicalSchedule, redaction: Redaction) -> CanonicalSchedule:
    if not redaction:
        return schedule

    def hide(payload: CanonicalPayload, *path: str | int) -> CanonicalPayload:
        return _redact_payload(payload, path, redaction)

    summary, details = schedule.static_summary, schedule.static_details
    return replace(
        schedule,
        input=tuple(hide(payload, "args", index) for index, payload in enumerate(schedule.input)),
        memo=tuple((key, hide(payload, "run", "memo", key)) for key, payload in schedule.memo),
        search_attributes=tuple(
            (key, canonical_json(redaction.apply(json.loads(text), ("run", "search_attributes", key))))
            for key, text in schedule.search_attributes
        ),
        static_summary=hide(summary, "run", "static_summary") if summary else None,
        static_details=hide(details, "run", "static_details") if details else None,
    )


def _redact_payload(payload: CanonicalPayload, path: ValuePath, redaction: Redaction) -> CanonicalPayload:
    """Leave out of a payload what must not be told; all of it where only its bytes are known."""
    if not redaction.concerns(path):
        return payload
    if isinstance(payload.value, bytes):
        return replace(payload, value=REDACTED)
    return replace(payload, value=canonical_json(redaction.apply(json.loads(payload.value), path)))
