"""Tables on all kinds of outputs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from jobspec.render.tables import Cell, Column, Style, render_table
from jobspec.render.terminal import measure

COLUMNS = (
    Column(heading="STARTED (Europe/Berlin)"),
    Column(heading="STATUS"),
    Column(heading="TOOK", is_number=True),
    Column(heading="SCHEDULED FOR", rank=1),
    Column(heading="NOTE", folds=True, rank=2),
    Column(heading="WORKFLOW ID"),
)
ID = "orders-sync-01a20cc2-946e-7dae-83d2-d0f25dcf6f9a"
ROWS = (
    ("2026-11-24 10:00:00", Cell(text="completed", tone="good"), "3m05s", "2026-11-24 10:00:00", "a b c", ID),
    ("2026-11-24 11:00:00", Cell(text="failed", tone="bad"), "12s", "-", "the quick brown fox jumps over it", "x"),
)


def lines(style: Style) -> list[str]:
    return render_table(COLUMNS, ROWS, style).splitlines()


def test_where_nobody_looks_nothing_is_cut_or_folded() -> None:
    assert render_table(COLUMNS, ROWS, Style()) == (
        "STARTED (Europe/Berlin)  STATUS      TOOK  SCHEDULED FOR        NOTE"
        "                               WORKFLOW ID\n"
        f"2026-11-24 10:00:00      completed  3m05s  2026-11-24 10:00:00  a b c                              {ID}\n"
        "2026-11-24 11:00:00      failed       12s  -                    the quick brown fox jumps over it  x\n"
    )


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (160, "STARTED (Europe/Berlin)|STATUS|TOOK|SCHEDULED FOR|NOTE|WORKFLOW ID"),
        (125, "STARTED (Europe/Berlin)|STATUS|TOOK|SCHEDULED FOR|WORKFLOW ID"),
        (95, "STARTED (Europe/Berlin)|STATUS|TOOK|WORKFLOW ID"),
        (20, "STARTED (Europe/Berlin)|STATUS|TOOK|WORKFLOW ID"),
    ],
)
def test_on_a_narrow_terminal_the_least_needed_columns_go(width: int, headings: str) -> None:
    assert re.split(r"  +", lines(Style(width=width))[0]) == headings.split("|")


def test_what_people_copy_stays_whole() -> None:
    assert all(any(ID in line for line in lines(Style(width=width))) for width in (20, 80, 130, 145, 160))


def test_text_is_folded_to_fit() -> None:
    folded = lines(Style(width=145))
    assert max(map(measure, folded)) <= 145
    assert len(folded) > len(ROWS) + 1


def test_color_is_added_and_changes_nothing_else() -> None:
    colored = render_table(COLUMNS, ROWS, Style(color=True))
    assert "\x1b[32mcompleted" in colored
    plain = "\n".join(line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", colored).splitlines())
    assert plain + "\n" == render_table(COLUMNS, ROWS, Style())


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "COLUMNS", "TTY_INTERACTIVE", "CLICOLOR_FORCE"])
def test_the_environment_changes_nothing_behind_our_back(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    expected = render_table(COLUMNS, ROWS, Style())
    monkeypatch.setenv(variable, "40")
    assert render_table(COLUMNS, ROWS, Style()) == expected


def test_a_table_without_rows_has_a_heading() -> None:
    assert render_table(COLUMNS[:2], [], Style()) == "STARTED (Europe/Berlin)  STATUS\n"


@given(st.lists(st.text(st.characters()), min_size=1, max_size=4), st.booleans())
def test_no_cell_is_obeyed_or_swallowed(texts: list[str], ascii: bool) -> None:  # noqa: A002, FBT001
    style = Style(ascii=ascii)
    columns = [Column(heading="A"), Column(heading="B", folds=True)]
    rendered = render_table(columns, [(text, f"[bold]:smile: {text}") for text in texts], style).split("\n")
    assert len(rendered) == len(texts) + 2
    for text, line in zip(texts, rendered[1:], strict=False):
        assert line.startswith(style.fit(text).rstrip())
        assert f"[bold]:smile: {style.fit(text)}".rstrip() in line
        assert line.isascii() or not ascii
