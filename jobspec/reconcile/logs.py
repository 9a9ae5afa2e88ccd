"""The daemon's log: one line an event, for people or for machines, on stderr, secrets masked."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO, TypeAlias

from jobspec.render.terminal import escape
from jobspec.render.traces import render_trace
from jobspec.secrets import mask
from jobspec.timing.moments import write_utc

LogFormat = Literal["text", "json"]
ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

logger = logging.getLogger("jobspec")


def set_up_logging(form: LogFormat, *, stream: TextIO | None = None) -> None:
    """Have everything that this process logs written in one form.

    Args:
        form: `text` for people, `json` for one object a line.
        stream: Where to; default: stderr.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def log(level: int, message: str, **data: Any) -> None:
    """Write an event.

    Args:
        level: Of the module `logging`.
        message: What happened, for people.
        data: The same for machines; None is left out.
    """
    logger.log(level, message, extra={"data": {key: value for key, value in data.items() if value is not None}})


def _read_data(record: logging.LogRecord) -> dict[str, Any]:
    data: dict[str, Any] = getattr(record, "data", {})
    return data


def _read_time(record: logging.LogRecord) -> str:
    return write_utc(datetime.fromtimestamp(record.created, UTC), "milliseconds")


class _JsonFormatter(logging.Formatter):
    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802  the name is that of `logging`
        return _render_trace(ei)

    def format(self, record: logging.LogRecord) -> str:
        event = {"time": _read_time(record), "level": record.levelname.lower(), "message": _read_message(record)}
        event |= {key: _mask(value) for key, value in _read_data(record).items() if key not in event}
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return json.dumps(event, default=str)


class _TextFormatter(logging.Formatter):
    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802  the name is that of `logging`
        return _render_trace(ei)

    def format(self, record: logging.LogRecord) -> str:
        # Messages quote what others wrote; none of it may forge a line or move the cursor.
        line = f"{_read_time(record)} {record.levelname:7} {escape(_read_message(record))}"
        data = "".join(f" {key}={escape(_show(_mask(value)))}" for key, value in _read_data(record).items())
        trace = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return line + data + trace


def _read_message(record: logging.LogRecord) -> str:
    return mask(record.getMessage(), is_prose=True)


def _mask(value: Any) -> Any:
    return mask(value, is_prose=True) if isinstance(value, str) else value


def _render_trace(info: ExceptionInfo) -> str:
    return render_trace(info[1]) if info[1] else ""


def _show(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(sign in text for sign in ' "=') else text
