"""How the log is written."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from jobspec.reconcile.logs import log, logger, set_up_logging

if TYPE_CHECKING:
    import io


def test_a_line_of_text_cannot_be_forged(stream: io.StringIO) -> None:
    set_up_logging("text", stream=stream)
    log(logging.INFO, "created `a\n\x1b[31mb`", job="a b", nothing=None)
    [line] = stream.getvalue().splitlines()
    assert line.endswith('Z INFO    created `a\\n\\u001b[31mb` job="a b"')


def test_json_lines_carry_everything(stream: io.StringIO) -> None:
    set_up_logging("json", stream=stream)
    log(logging.WARNING, "that\nhurts", job="a")
    try:
        raise RuntimeError("hunter" + "2")  # noqa: TRY301
    except RuntimeError:
        logger.exception("a bug")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert {**first, "time": ""} == {"time": "", "level": "warning", "message": "that\nhurts", "job": "a"}
    assert second["exception"].endswith("RuntimeError")  # what it says may be any value
