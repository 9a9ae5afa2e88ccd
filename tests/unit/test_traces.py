"""Tracebacks without the words that may quote values."""

from __future__ import annotations

import io
import logging
import sys
from typing import TYPE_CHECKING

import pytest
from planted import SHAPES

from jobspec.render.traces import MaskedFormatter, list_links, render_trace

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = "Paris" + " in spring"
TOKEN = SHAPES["github"]


def fail() -> Exception:
    """Raise what a worker raises that cannot decode its input."""
    try:
        try:
            raise ValueError(PLAIN)  # noqa: TRY301
        except ValueError as error:
            raise RuntimeError("Failed decoding arguments") from error
    except RuntimeError as error:
        return error


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("of-a-test")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


@pytest.mark.parametrize("hides_payloads", [True, False])
def test_what_failed_to_decode_is_told_unless_a_codec_hides_it(log: io.StringIO, *, hides_payloads: bool) -> None:
    logger = logging.getLogger("of-a-test")
    logger.handlers[-1].setFormatter(MaskedFormatter(hides_payloads=hides_payloads))
    logger.error("a workflow has %s", TOKEN, exc_info=fail())
    assert "RuntimeError: Failed decoding arguments" in log.getvalue()
    assert (f"ValueError: {PLAIN}" in log.getvalue()) is not hides_payloads
    assert TOKEN not in log.getvalue()


def test_only_types_are_told_by_default_the_first_one_on_top() -> None:
    trace = render_trace(fail())
    assert [line for line in trace.splitlines() if line.endswith("Error")] == ["ValueError", "RuntimeError"]
    assert PLAIN not in trace


def test_secrets_in_lines_of_the_source_are_masked() -> None:
    code = compile(f"key = '{TOKEN}'; key.missing", "planted.py", "exec")
    import linecache

    linecache.cache["planted.py"] = (0, None, [f"key = '{TOKEN}'; key.missing\n"], "planted.py")
    try:
        exec(code, {})  # noqa: S102  a line of source with a secret in it
    except AttributeError:
        error = sys.exc_info()[1]
    assert error
    trace = render_trace(error)
    assert "planted.py" in trace
    assert TOKEN not in trace


def test_a_circle_of_causes_has_an_end() -> None:
    one, other = ValueError(), TypeError()
    one.__cause__, other.__cause__ = other, one
    assert list(list_links(one)) == [one, other]
