"""Effects as lines; `tests/golden` has the common cases, word for word."""

from __future__ import annotations

from typing import Any

from jobspec.planning.effects import NoteKind
from jobspec.render.plan_documents import EffectsDocument, NoteDocument, RhythmDocument
from jobspec.render.plan_text import render_effects

RUNS = ("2026-11-25T01:00:00Z", "2026-11-26T01:00:00Z", "2026-11-26T02:30:00Z")


def make(**more: Any) -> RhythmDocument:
    values = {"next_runs": RUNS, "runs_per_day": 1.5, "timezone": "Europe/Berlin", "jitter": None, "paused": False}
    return RhythmDocument(**{**values, **more})


def render(before: RhythmDocument | None, after: RhythmDocument | None, *notes: str, width: int = 116) -> list[str]:
    told = tuple(NoteDocument(kind=NoteKind.SOON, message=note) for note in notes)
    return list(render_effects(EffectsDocument(runs_before=before, runs_after=after, notes=told), width=width))


def test_dates_and_zones_are_written_where_they_change() -> None:
    assert render(None, make()) == ["runs: 1.5 a day, next Wed 2026-11-25 02:00 CET, Thu 2026-11-26 02:00, 03:30"]
    over_the_change = ("2027-03-27T01:00:00Z", "2027-03-28T01:00:30Z", "2027-03-29T00:00:00Z")
    assert render(None, make(next_runs=over_the_change)) == [
        "runs: 1.5 a day, next Sat 2027-03-27 02:00 CET, Sun 2027-03-28 03:00:30 CEST, Mon 2027-03-29 02:00"
    ]


def test_runs_that_do_not_fit_are_left_out_and_one_never_is() -> None:
    jittered = make(jitter="30s")
    for width in range(20, 120):
        [line] = render(None, jittered, width=width)
        assert line.startswith("runs: 1.5 a day, next Wed 2026-11-25 02:00 CET")
        assert line.endswith(" + up to 30s")
        assert len(line) <= max(width, len("runs: 1.5 a day, next Wed 2026-11-25 02:00 CET + up to 30s"))


def test_both_sides_are_told_where_they_differ() -> None:
    assert render(make(), make(next_runs=RUNS[1:], runs_per_day=0.7143)) == [
        "runs before: 1.5 a day, next Wed 2026-11-25 02:00 CET, Thu 2026-11-26 02:00, 03:30",
        "runs after:  5 a week, next Thu 2026-11-26 02:00 CET, 03:30",
    ]
    assert render(make(), make()) == []
    assert render(make(), None)[1] == "runs after:  none"
    assert render(make(), make(next_runs=(), runs_per_day=0))[1] == "runs after:  never"
    # Only the fourth run differs, or a rate that reads the same.
    assert render(make(), make(runs_per_day=1.51)) == [render(None, make())[0]]


def test_a_pause_is_told_where_it_begins_and_not_where_it_ends() -> None:
    paused = make(paused=True)
    assert render(make(), paused)[1] == "runs after:  none, paused"
    assert render(paused, make()) == render(None, make())
    assert render(paused, None) == []
    assert render(paused, paused) == []
    assert render(None, paused)[0].startswith("runs: none, paused; unpaused 1.5 a day, next Wed")
    later = make(paused=True, runs_per_day=1)
    assert [line[:39] for line in render(paused, later)] == [
        "runs before: none, paused; unpaused 1.5",
        "runs after:  none, paused; unpaused 1 a",
    ]


def test_notes_hold_nothing_that_a_terminal_obeys() -> None:
    assert render(make(), make(), "next run\x1b[2J") == ["note: next run\\u001b[2J"]
