"""Waiting for a run, with what goes on in it on stderr, through restarts of the server."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from jobspec.cli.options import read_duration
from jobspec.cli.output import find_style
from jobspec.errors import JobspecError, RequestError, RunFailedError, UnreachableError
from jobspec.render.terminal import cut
from jobspec.timing.duration import format_duration

if TYPE_CHECKING:
    from temporalio.client import Client

    from jobspec.cli.opened_job import OpenedJob
    from jobspec.library.job_runs import RunHandle

SILENCE: Final = 3.0
"""After so many seconds without an answer it is said that the server is away."""

patience_option = click.option(
    "--patience",
    metavar="DURATION",
    default="2m",
    show_default=True,
    callback=read_duration,
    help="With --wait: how long Temporal may be away.",
)
"""How long waiting puts up with a server that is away."""

_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0

_CLEAR: Final = "\r\x1b[2K"
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWait:
    """One run that is waited for.

    Attributes:
        job: Whose run it is.
        client: Connected.
        handle: The run.
        patience: How long the server may be away.
    """

    job: OpenedJob
    client: Client
    handle: RunHandle
    patience: timedelta

    async def result(self) -> Any:
        """Wait until the run, or the last one that it continues as, is over; tell meanwhile what goes on in it.

        Returns:
            What it returned, as plain values; a `Raw` where that cannot be decoded.

        Raises:
            RunFailedError: It did not complete.
            UnreachableError: The server stayed away; how to go on waiting was said.
        """
        progress = Progress(sys.stderr)
        watching = asyncio.create_task(self._watch(progress))
        try:
            return await self._wait()
        except UnreachableError:
            progress.note(f"Nothing is known of the run any more; wait for it with {self._say_how()}")
            raise
        except asyncio.CancelledError:
            progress.note(f"The run goes on; wait for it with {self._say_how()}")
            raise
        finally:
            watching.cancel()
            progress.close()

    def _say_how(self) -> str:
        command = self.job.command("describe", "-w", self.handle.workflow_id, "--wait")
        return f"`{command}`"

    async def _wait(self) -> Any:
        from jobspec.temporal.runs.gateway import Runs

        handle = self.handle
        try:
            # What `run()` is annotated with is of no use here: JSON is shown as it came.
            return await Runs(self.client, patience=self.patience).result(handle.workflow_id, handle.run_id)
        except (UnreachableError, RunFailedError):
            raise
        except RequestError:
            history = await self.job.definition.history(self.client, handle.workflow_id, max_events=1)
            if history.result is None:
                raise
            return history.result

    async def _watch(self, progress: Progress) -> None:
        """Tell what goes on, until the run is over or this is cancelled."""
        from jobspec.render.run_text import tell_progress

        pause, is_away = _SHORTEST_PAUSE, False
        while True:
            asking = asyncio.ensure_future(self.job.definition.describe(self.client, self.handle.workflow_id))
            answered, _ = await asyncio.wait({asking}, timeout=SILENCE)
            if not (answered or is_away):
                patience = format_duration(self.patience)
                progress.note(f"Temporal cannot be reached; trying again for {patience}. The run itself goes on.")
                is_away = True
            try:
                detail = await asking
            except UnreachableError:
                continue
            except JobspecError:
                return  # waiting for the result meets the same, and says it
            if is_away:
                progress.note("Temporal is back.")
                is_away = False
            if detail.summary.status.is_terminal:
                return
            progress.tell(tell_progress(detail))
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


class Progress:
    """Tells on a stream how far something is.

    Args:
        stream: Where to; stderr, since it is no data.
    """

    def __init__(self, stream: TextIO) -> None:
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
        from jobspec.render.clock import tell_length

        seconds = int(time.monotonic() - self._begun)
        return f"{seconds}s" if seconds < _MINUTE else tell_length(timedelta(seconds=seconds))

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more
            self._stream.write(text)
            self._stream.flush()
