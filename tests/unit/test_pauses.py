from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from jobspec.planning.pauses import Pause, decide_pause, read_retirement, retire, spec_reason

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
RUNS = Pause(paused=False)
STALE = Pause(paused=False, note="jobspec: paused by the spec")


def test_a_retirement_says_what_it_is_to_whoever_reads_the_note() -> None:
    retired = retire(Pause(paused=True, note='say "hi"'), now=NOW, grace=timedelta(hours=24))
    assert retired == Pause(
        paused=True,
        note="jobspec: retired 2026-03-01T12:00:00Z, no spec wants it; to be deleted after 2026-03-02T12:00:00Z; "
        'before: {"paused": true, "note": "say \\"hi\\""}',
    )


def test_a_retirement_is_due_when_its_time_is_over() -> None:
    retirement = read_retirement(retire(RUNS, now=NOW, grace=timedelta(hours=24)))
    assert retirement is not None
    assert not retirement.is_due(NOW + timedelta(hours=23))
    assert retirement.is_due(NOW + timedelta(hours=24))


OUR_WORDS = "jobspec: retired 2026-03-01T12:00:00Z, no spec wants it; to be deleted after 2026-03-02T12:00:00Z"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "jobspec: retired",
        "jobspec: retired by Ann",
        "jobspec: retired xZ, no spec wants it; to be deleted after yZ; before: {}",
        OUR_WORDS,
        f"{OUR_WORDS}; before: {{}}",
        f"{OUR_WORDS}; before: {{x}}",
        f'{OUR_WORDS}; before: {{"paused": true, "note": ""}} and more',
    ],
)
def test_a_note_that_was_edited_is_no_retirement(note: str) -> None:
    assert read_retirement(Pause(paused=True, note=note)) is None


def test_a_retired_schedule_that_was_unpaused_is_not_retired() -> None:
    note = retire(RUNS, now=NOW, grace=timedelta(hours=1)).note
    assert read_retirement(Pause(paused=False, note=note)) is None


@pytest.mark.parametrize(
    ("live", "spec", "expected"),
    [
        (RUNS, None, RUNS),
        (RUNS, True, Pause(paused=True, note="jobspec: paused by the spec")),
        (RUNS, "why", Pause(paused=True, note="jobspec: paused by the spec: why")),
        (Pause(paused=True, note="mine"), "why", Pause(paused=True, note="mine")),
        (Pause(paused=True, note=""), "why", Pause(paused=True, note="")),
        (Pause(paused=True, note="mine"), None, Pause(paused=True, note="mine")),
        (Pause(paused=False, note="mine"), None, Pause(paused=False, note="mine")),
        (Pause(paused=True, note="jobspec: paused by the spec: old"), None, RUNS),
        (
            Pause(paused=False, note="jobspec: paused by the spec"),
            None,
            Pause(paused=False, note="jobspec: paused by the spec"),
        ),
    ],
)
def test_a_spec_pauses_and_unpauses_only_its_own(
    live: Pause, spec: str | Literal[True] | None, expected: Pause
) -> None:
    assert decide_pause(live, spec) == expected


def test_an_operators_note_comes_back() -> None:
    live = Pause(paused=False, note="checked by Ann")
    paused = decide_pause(decide_pause(live, "one"), "another")
    assert spec_reason(paused) == "another"
    assert decide_pause(paused, None) == live


@pytest.mark.parametrize("note", ["", "checked by Ann", 'a; before: {"note": "b"}', "a; b\n;"])
@pytest.mark.parametrize("reason", ["why", "x; before: ", 'x; before: {"note": "y"}', 'x; before: {"note": "\\u003b"}'])
def test_a_reason_that_looks_like_our_own_words_settles(note: str, reason: str) -> None:
    live = Pause(paused=False, note=note)
    paused = decide_pause(live, reason)
    assert decide_pause(paused, reason) == paused
    assert spec_reason(paused) == reason
    assert decide_pause(paused, None) == live


def test_a_note_of_any_depth_is_read() -> None:
    deep = "[" * 200_000
    assert read_retirement(Pause(paused=True, note=f'{OUR_WORDS}; before: {{"a":{deep}}}')) is None
