"""What goes on while a command waits: one line that changes on a terminal, a line per change elsewhere."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from jobspec.render.terminal import cut

if TYPE_CHECKING:
    from typing import TextIO

_CLEAR: Final = "\r\x1b[2K"
_MINUTE: Final = 60


class Progress:
    """Tells on a stream how far something is.

    Args:
        stream: Where to; stderr, since it is no data.
    """

    def __init__(self, stream: TextIO) -> None:
        from jobspec.cli.output import find_style

        self._stream = stream
        self._style = find_style(stream)
        self._is_live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._begun = time.monotonic()
        self._told = ""
        self._is_shown = False

    def tell(self, text: str) -> None:
        """Tell what goes on now; the time that has passed is added."""
        if not self._is_live and text == self._told:
            return
        self._told = text
        line = self._style.fit(f"{self._passed()}  {text}")
        if self._is_live:
            room = shutil.get_terminal_size().columns - 1
            self._write(_CLEAR + cut(line, room))
        else:
            self._write(line + "\n")
        self._is_shown = self._is_live

    def note(self, text: str) -> None:
        """Tell something that stays."""
        self.close()
        self._write(self._style.fit(text) + "\n")

    def close(self) -> None:
        """Take the line away that changes, if there is one."""
        if self._is_shown:
            self._write(_CLEAR)
        self._is_shown = False

    def _passed(self) -> str:
        from datetime import timedelta

        from jobspec.render.clock import tell_length

        seconds = int(time.monotonic() - self._begun)
        return f"{seconds}s" if seconds < _MINUTE else tell_length(timedelta(seconds=seconds))

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more
            self._stream.write(text)
            self._stream.flush()
