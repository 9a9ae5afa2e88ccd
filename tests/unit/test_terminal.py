from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from jobspec.render.terminal import cut, cut_pair, escape, measure, pad, to_ascii


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("ünï 日本 ☃", "ünï 日本 ☃"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31m", "\\u001b[31m"),
        ("\u202e\u200b\ufeff\u2028\x7f\x9b", "\\u202e\\u200b\\ufeff\\u2028\\u007f\\u009b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_escaped(text: str, shown: str) -> None:
    assert escape(text) == shown


@given(st.text(st.characters()))
def test_escaped_text_is_one_printable_line(text: str) -> None:
    shown = escape(text)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert escape(shown) == shown
    shown.encode("utf-8")


@given(st.text(st.characters()))
def test_ascii_is_ascii(text: str) -> None:
    assert to_ascii(f"a → b… {text}").startswith("a -> b... ")
    assert to_ascii(text).isascii()


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0)])
def test_wide_and_combining_characters_are_measured(text: str, columns: int) -> None:
    assert measure(text) == columns
    assert measure(pad(text, 9)) == 9


@given(st.text(st.characters(codec="utf-8")).map(escape), st.integers(1, 30))
def test_cut_text_fits(text: str, columns: int) -> None:
    assert measure(cut(text, columns)) <= columns
    if measure(text) <= columns:
        assert cut(text, columns) == text


@given(st.text("ab", max_size=80), st.text("ab", max_size=80), st.integers(44, 60))
def test_what_differs_is_shown(before: str, after: str, columns: int) -> None:
    shown_before, shown_after = cut_pair(before, after, columns)
    assert measure(shown_before) + measure(shown_after) <= columns


def test_a_small_difference_of_long_texts_stays_visible() -> None:
    before, after = "x" * 500 + "1" + "y" * 500, "x" * 500 + "2" + "y" * 500
    assert cut_pair(before, after, 40) == ("…xxxxxxxx1yyyyyyyy…", "…xxxxxxxx2yyyyyyyy…")


def test_an_addition_at_the_end_stays_visible() -> None:
    before = "x" * 500
    assert cut_pair(before, before + "!", 40)[1].endswith("x!")
