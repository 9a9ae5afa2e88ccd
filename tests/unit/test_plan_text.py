"""Plans as text for people; `tests/golden` has the common cases, word for word."""

from __future__ import annotations

import re
from typing import Any

import pytest

from jobspec.diagnostics import Diagnostic, Location
from jobspec.planning.diff import FieldChange
from jobspec.planning.effects import NoteKind
from jobspec.planning.plan import Action, Change, Plan, Reason, Source
from jobspec.render.plan_documents import EffectsDocument, NoteDocument, RhythmDocument, plan_document
from jobspec.render.plan_text import render_effects, render_plan


def change(name: str, action: Action = Action.UPDATE, *fields: FieldChange) -> Change:
    return Change(
        name=name,
        action=action,
        reason=Reason.CHANGED,
        source=Source(file="a.yaml", line=3),
        fields=fields,
    )


def plan(*changes: Change) -> Plan:
    return Plan(project="shop", namespace="default", changes=changes)


@pytest.mark.parametrize("width", [1, 40, 80, 120])
def test_lines_fit_whatever_the_values(width: int) -> None:
    field = FieldChange(field="input." + "key." * 50, before="a" * 1000, after=["日本" * 500])
    text = render_plan(plan_document(plan(change("job", Action.UPDATE, field))), width=width)
    assert max(len(line) for line in text.splitlines()[1:]) <= max(width, 40)


def test_names_of_deleted_jobs_are_never_cut() -> None:
    name = "x" * 200
    assert f" {name} " in render_plan(plan_document(plan(change(name, Action.DELETE))), width=40)


def test_text_cannot_move_the_cursor() -> None:
    field = FieldChange(field="input.\x1b[2J", before="\x1b[2J", after={"\u202e": "\r"})
    text = render_plan(plan_document(plan(change("job\x1b[2J", Action.UPDATE, field))))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_ascii_only_output_is_ascii() -> None:
    field = FieldChange(field="input.ü", before="日" * 200, after="☃")
    text = render_plan(plan_document(plan(change("job", Action.UPDATE, field))), ascii=True)
    assert text.isascii()
    assert " -> " in text


def test_colour_adds_nothing_but_colour() -> None:
    document = plan_document(plan(*(change(action.value, action) for action in Action)))
    colored = render_plan(document, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render_plan(document)


def test_what_can_do_harm_comes_first() -> None:
    text = render_plan(plan_document(plan(*(change(action.value, action) for action in Action))))
    places = [text.index(f" {action:8} {action}") for action in ("delete", "retire", "create", "restore", "update")]
    assert places == sorted(places)


def test_a_plan_of_specs_with_mistakes_says_that_apply_writes_nothing() -> None:
    mistake = Diagnostic(code="JS101", message="there is no key `x`", location=Location(path="a.yaml", line=1))
    said = "`jobspec apply` will write nothing of this without `--keep-going`"

    assert said in render_plan(plan_document(plan(change("job")), diagnostics=[mistake]))
    assert said not in render_plan(plan_document(plan(change("job"))))


RUNS = ("2026-11-25T01:00:00Z", "2026-11-26T01:00:00Z", "2026-11-26T02:30:00Z")


def make_rhythm(**more: Any) -> RhythmDocument:
    values = {"next_runs": RUNS, "runs_per_day": 1.5, "timezone": "Europe/Berlin", "jitter": None, "paused": False}
    return RhythmDocument(**{**values, **more})


def draw(before: RhythmDocument | None, after: RhythmDocument | None, *notes: str, width: int = 116) -> list[str]:
    told = tuple(NoteDocument(kind=NoteKind.SOON, message=note) for note in notes)
    return list(render_effects(EffectsDocument(runs_before=before, runs_after=after, notes=told), width=width))


def test_dates_and_zones_are_written_where_they_change() -> None:
    assert draw(None, make_rhythm()) == ["runs: 1.5 a day, next Wed 2026-11-25 02:00 CET, Thu 2026-11-26 02:00, 03:30"]
    over_the_change = ("2027-03-27T01:00:00Z", "2027-03-28T01:00:30Z", "2027-03-29T00:00:00Z")
    assert draw(None, make_rhythm(next_runs=over_the_change)) == [
        "runs: 1.5 a day, next Sat 2027-03-27 02:00 CET, Sun 2027-03-28 03:00:30 CEST, Mon 2027-03-29 02:00"
    ]


def test_runs_that_do_not_fit_are_left_out_and_one_never_is() -> None:
    jittered = make_rhythm(jitter="30s")
    for width in range(20, 120):
        [line] = draw(None, jittered, width=width)
        assert line.startswith("runs: 1.5 a day, next Wed 2026-11-25 02:00 CET")
        assert line.endswith(" + up to 30s")
        assert len(line) <= max(width, len("runs: 1.5 a day, next Wed 2026-11-25 02:00 CET + up to 30s"))


def test_both_sides_are_told_where_they_differ() -> None:
    assert draw(make_rhythm(), make_rhythm(next_runs=RUNS[1:], runs_per_day=0.7143)) == [
        "runs before: 1.5 a day, next Wed 2026-11-25 02:00 CET, Thu 2026-11-26 02:00, 03:30",
        "runs after:  5 a week, next Thu 2026-11-26 02:00 CET, 03:30",
    ]
    assert draw(make_rhythm(), make_rhythm()) == []
    assert draw(make_rhythm(), None)[1] == "runs after:  none"
    assert draw(make_rhythm(), make_rhythm(next_runs=(), runs_per_day=0))[1] == "runs after:  never"
    # Only the fourth run differs, or a rate that reads the same.
    assert draw(make_rhythm(), make_rhythm(runs_per_day=1.51)) == [draw(None, make_rhythm())[0]]


def test_a_pause_is_told_where_it_begins_and_not_where_it_ends() -> None:
    paused = make_rhythm(paused=True)
    assert draw(make_rhythm(), paused)[1] == "runs after:  none, paused"
    assert draw(paused, make_rhythm()) == draw(None, make_rhythm())
    assert draw(paused, None) == []
    assert draw(paused, paused) == []
    assert draw(None, paused)[0].startswith("runs: none, paused; unpaused 1.5 a day, next Wed")
    later = make_rhythm(paused=True, runs_per_day=1)
    assert [line[:39] for line in draw(paused, later)] == [
        "runs before: none, paused; unpaused 1.5",
        "runs after:  none, paused; unpaused 1 a",
    ]


def test_notes_hold_nothing_that_a_terminal_obeys() -> None:
    assert draw(make_rhythm(), make_rhythm(), "next run\x1b[2J") == ["note: next run\\u001b[2J"]
