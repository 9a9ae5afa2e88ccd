"""What may be shown of a change: its fields without what the project hides, and a checksum of all that is shown.

The checksum stands for what somebody approved. So it covers what a plan tells, and what the project redacts by a keyed
digest, for a short secret could be guessed from a plain one. What a codec hides it does not cover, since more people
know that key than the codec's. Nor does it cover times: when a retired job will be deleted moves with every plan.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jobspec.planning.diff import ABSENT, FieldChange, explain_settings
from jobspec.planning.digests import make_digest
from jobspec.planning.pauses import spec_reason
from jobspec.planning.plan import Action, Reason
from jobspec.secrets import mask
from jobspec.spec.redaction import NOTHING_REDACTED, REDACTED, Redaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.planning.plan import Change, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """What is not shown.

    Attributes:
        redaction: Values that the project names.
        hides_input: Whether inputs, memo and texts go through a codec, so that it is only said that they differ.
        shows_input: Whether somebody asked to see them all the same.
        key: What only those know who can read live schedules; with it checksums cover what is redacted. May be empty.
    """

    redaction: Redaction = NOTHING_REDACTED
    hides_input: bool = False
    shows_input: bool = False
    key: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """One difference, as it may be shown.

    Attributes:
        field: Where it stands in a spec.
        values: The sides that there are, `before` and `after`; empty where they are hidden.
        is_hidden: Whether the values are hidden altogether.
        is_redacted: Whether the values, or parts of them, are left out.
        is_drift: Whether it would differ without what made the change.
        digest: Stands for what is redacted; empty where nothing is, or where there is no key.
    """

    field: str
    values: dict[str, Any]
    is_hidden: bool = False
    is_redacted: bool = False
    is_drift: bool = False
    digest: str = ""


def show_fields(change: Change, privacy: Privacy) -> Iterator[ShownField]:
    """Tell the fields of a change: what differs; of a new schedule, all that is set.

    What a codec hides is one line for each private field, so that not even its keys are told.
    """
    hidden: set[str] = set()
    for field in _explain(change):
        owner, is_drift = field.private_field, field.field in change.drifted
        if owner is None or privacy.shows_input or not privacy.hides_input:
            yield _show(field, privacy, is_drift=is_drift)
        elif owner not in hidden:
            hidden.add(owner)
            yield ShownField(field=owner, values={}, is_hidden=True, is_drift=is_drift)


def _explain(change: Change) -> tuple[FieldChange, ...]:
    """Say what differs; of what was not known, say all that is set; of a restored one, leave its retirement out."""
    if change.action is Action.RESTORE:
        return tuple(field for field in change.fields if field.field != "schedule.paused")
    is_new = change.action is Action.CREATE or change.reason is Reason.MENDED
    if not is_new or change.after is None:
        return change.fields
    fields = explain_settings(change.after, name=change.name)
    if change.pause.paused:
        fields += (FieldChange(field="schedule.paused", before=ABSENT, after=spec_reason(change.pause) or True),)
    return fields


def _show(field: FieldChange, privacy: Privacy, *, is_drift: bool) -> ShownField:
    redaction = privacy.redaction
    sides = {"before": field.before, "after": field.after}
    values = {side: value for side, value in sides.items() if value is not ABSENT}
    if field.is_raw and redaction.concerns(field.path):
        shown: dict[str, Any] = dict.fromkeys(values, REDACTED)
    else:
        shown = {side: redaction.apply(value, field.path) for side, value in values.items()}
    is_redacted = any(shown[side] is not values[side] for side in values)
    plain = {side: _plain(value) for side, value in shown.items()}
    digest = make_digest(_plain(values), privacy.key) if is_redacted and privacy.key else ""
    return ShownField(field=mask(field.field), values=plain, is_redacted=is_redacted, is_drift=is_drift, digest=digest)


def _plain(value: Any) -> Any:
    """Sort keys, and replace the numbers that JSON lacks; a stranger's schedule may hold any."""
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def make_checksum(plan: Plan, privacy: Privacy, *, shown: Sequence[tuple[ShownField, ...]] | None = None) -> str:
    """Make the checksum of all that a plan would do, as far as no codec hides it: `sha256:` and 64 digits.

    Args:
        plan: What would be done.
        privacy: What is not shown; that somebody asked to see it changes no checksum.
        shown: The fields of the changes in their order, where they were made already; default: they are made.
    """
    if shown is None or privacy.shows_input:
        shown = [tuple(show_fields(change, replace(privacy, shows_input=False))) for change in plan.changes]
    states = [_state(change, fields) for change, fields in zip(plan.changes, shown, strict=True)]
    text = json.dumps([plan.project, plan.namespace, plan.environment, states], separators=(",", ":"), allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _state(change: Change, shown: Sequence[ShownField]) -> list[Any]:
    fields = [[field.field, field.is_hidden, field.values, *filter(None, [field.digest])] for field in shown]
    # An operator's pause is carried over whatever it is; that a restored schedule stays paused is told.
    pause = [change.pause.paused, change.pause.note] if change.action is Action.RESTORE else None
    return [change.name, change.action, fields, pause]
