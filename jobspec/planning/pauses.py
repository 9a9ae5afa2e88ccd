"""Whose pause it is, read from and written into a schedule's note.

`paused` and `note` belong to the operator. Two pauses are ours and say so in a
note that begins with our mark and ends with what was there before, as JSON: the
one that a spec asks for, and that of a retired job. A note that does not read
exactly so is the operator's and is never changed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from jobspec.timing.moments import write_utc

if TYPE_CHECKING:
    from jobspec.temporal.schedules.live_schedule import LiveSchedule

_SPEC_MARK = "jobspec: paused by the spec"
_BEFORE = "; before: "
# A reason may read like the end of a note; only the last of those ends is ours, and its JSON holds no semicolon.
_SPEC_NOTE = re.compile(rf"{_SPEC_MARK}(?:: (?P<reason>.*?))?(?:{_BEFORE}(?P<before>\{{[^;]*\}}))?", re.DOTALL)
_RETIRED_NOTE = re.compile(
    r"jobspec: retired (?P<since>\S+Z), no spec wants it; to be deleted after (?P<delete_after>\S+Z)"
    r"; before: (?P<before>\{.*\})",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """The part of a schedule's state that belongs to the operator.

    Attributes:
        paused: Whether the schedule takes no action.
        note: The note beside it, also kept by schedules that run.
    """

    paused: bool
    note: str = ""


def pause_of(live: LiveSchedule) -> Pause:
    """Take from a live schedule the part that belongs to the operator."""
    return Pause(paused=live.paused, note=live.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """What the note of a retired schedule says."""

    since: datetime
    delete_after: datetime
    before: Pause

    def is_due(self, now: datetime) -> bool:
        """Whether the grace time is over."""
        return now >= self.delete_after


def retire(live: Pause, *, now: datetime, grace: timedelta) -> Pause:
    """Make the pause of a job that left the specs; it remembers what was there."""
    since, delete_after = write_utc(now, "seconds"), write_utc(now + grace, "seconds")
    stale = _RETIRED_NOTE.fullmatch(live.note)  # of a retired schedule that somebody unpaused
    note_before = _note_before(stale["before"]) if stale else live.note
    before = json.dumps({"paused": live.paused, "note": note_before}, ensure_ascii=False)
    note = f"jobspec: retired {since}, no spec wants it; to be deleted after {delete_after}; before: {before}"
    return Pause(paused=True, note=note)


def read_retirement(live: Pause) -> Retirement | None:
    """Read the note of a retired schedule; None where it is not retired, or was unpaused since."""
    match = _RETIRED_NOTE.fullmatch(live.note) if live.paused else None
    if match is None:
        return None
    try:
        before = json.loads(match["before"])
        return Retirement(
            since=_parse_time(match["since"]),
            delete_after=_parse_time(match["delete_after"]),
            before=Pause(paused=bool(before["paused"]), note=str(before["note"])),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # somebody edited the note: it is theirs now


def decide_pause(live: Pause, spec: str | Literal[True] | None) -> Pause:
    """Decide the pause of a job that a spec wants.

    Args:
        live: What is there, with a retirement already undone.
        spec: The spec's `paused`: a reason, True, or None where the operator decides.
    """
    ours = _SPEC_NOTE.fullmatch(live.note) if live.paused else None
    if spec is None:
        return Pause(paused=False, note=_note_before(ours["before"])) if ours else live
    if live.paused and ours is None:
        return live
    before = _note_before(ours["before"]) if ours else live.note
    return Pause(paused=True, note=_spec_note(spec, before))


def spec_reason(pause: Pause) -> str | Literal[True] | None:
    """Read back which `paused` of a spec made this pause; None where it was not a spec."""
    match = _SPEC_NOTE.fullmatch(pause.note) if pause.paused else None
    return (match["reason"] or True) if match else None


def _spec_note(spec: str | Literal[True], before: str) -> str:
    note = _SPEC_MARK if spec is True else f"{_SPEC_MARK}: {spec}"
    # A note of a pause that is gone says nothing any more; only an operator's own words are worth keeping.
    kept = "" if before.startswith("jobspec: ") else before
    if kept or _BEFORE in note:
        note += _BEFORE + json.dumps({"note": kept}, ensure_ascii=False).replace(";", "\\u003b")
    return note


def _note_before(text: str | None) -> str:
    try:
        return str(json.loads(text)["note"]) if text else ""
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text)
