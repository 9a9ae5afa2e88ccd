"""What a change does to the run times, as lines for people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jobspec.render.terminal import escape, measure
from jobspec.timing.moments import tell_clock, tell_date, tell_rate, tell_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobspec.render.plan_documents import EffectsDocument, RhythmDocument

_BEFORE, _AFTER, _ONLY, _NOTE = "runs before:", "runs after:", "runs:", "note:"
_PAUSED = "none, paused"


def render_effects(effects: EffectsDocument, *, width: int) -> Iterator[str]:
    """Write the effects of one change, a line for each side that tells something.

    Where both sides run alike, nothing is said of either; where a schedule comes or goes, only of the one.

    Args:
        effects: Their document.
        width: Columns; runs that do not fit are left out, one at least is shown.
    """
    before, after = effects.runs_before, effects.runs_after
    if before and before.paused and (after is None or not after.paused):
        before = None  # it did not run, so only what comes is worth telling
    columns = len(_BEFORE) + 1
    if before and after and before != after:
        was, will = [_tell(rhythm, width - columns) for rhythm in (before, after)]
        if was == will:
            yield f"{_ONLY} {will}"
        else:
            yield f"{_BEFORE:{columns}}{was}"
            is_only_paused = after == before.model_copy(update={"paused": True})
            yield f"{_AFTER:{columns}}{_PAUSED if is_only_paused else will}"
    elif before and not after:
        yield f"{_BEFORE:{columns}}{_tell(before, width - columns)}"
        yield f"{_AFTER:{columns}}none"
    elif after and not before:
        yield f"{_ONLY} {_tell(after, width - len(_ONLY) - 1)}"
    for note in effects.notes:
        yield f"{_NOTE} {escape(note.message)}"


def _tell(rhythm: RhythmDocument, width: int) -> str:
    if not rhythm.next_runs:
        return "never"
    start = f"{_PAUSED}; unpaused " if rhythm.paused else ""
    start += f"{tell_rate(rhythm.runs_per_day)}, next " if rhythm.runs_per_day else "next "
    jitter = f" + up to {rhythm.jitter}" if rhythm.jitter else ""
    zone = ZoneInfo(rhythm.timezone)
    told = tell_times([datetime.fromisoformat(time).astimezone(zone) for time in rhythm.next_runs])
    room = width - measure(start) - measure(jitter)
    while len(told) > 1 and measure(", ".join(told)) > room:
        told.pop()
    return f"{start}{', '.join(told)}{jitter}"


def tell_times(times: Iterable[datetime]) -> list[str]:
    """Write ascending local times of one zone, date and zone only where they are not those of the one before."""
    told = []
    date_before = zone_before = ""
    for local in times:
        date, zone = tell_date(local), tell_zone(local)
        text = tell_clock(local) if date == date_before else f"{date} {tell_clock(local)}"
        told.append(text if zone == zone_before else f"{text} {zone}")
        date_before, zone_before = date, zone
    return told
