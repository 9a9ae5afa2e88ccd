"""Failures as text."""

from __future__ import annotations

from jobspec.render.failure_text import render_failure, tell_root
from jobspec.render.tables import Style
from jobspec.results import (
    Failure,
    Raw,
)

PLAIN = Style()


ROOT = Failure(
    message="refused\nby \x1b[31mpeer", type="ConnectionError", details=({"host": "db"}, Raw(encoding="x/y", data=b"1"))
)


FAILURE = Failure(
    message="cannot sync",
    type="SyncError",
    cause=Failure(message="Activity task failed", type="activity", subject="fetch_orders", cause=ROOT, stack_trace="…"),
)


def test_a_failure_says_all_that_it_was_raised_from() -> None:
    assert tell_root(FAILURE) == "ConnectionError: refused by \x1b[31mpeer"
    assert render_failure(Failure(message="", type="canceled"), PLAIN) == "canceled"
    assert render_failure(Failure(message="ä"), Style(ascii=True), indent="  ") == "  \\u00e4"
