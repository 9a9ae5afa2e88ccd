"""Notices that files have changed, and only that: what is in them is read by a cycle, which reads all of them.

Three ways, so that none of them has to be perfect:

- the kernel's file events, within a fraction of a second;
- a look at the roots themselves every second: one that was swapped or made anew (git-sync, `rm -r` and `mkdir`) leaves
  the events behind on the old one, and a link that is swapped further up makes no event at all;
- a scan of the whole tree's signature now and then. It stands in where there are no events, because the kernel has no
  more to give or because the file system announces none, and it finds out when they have stopped.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from jobspec.reconcile.signatures import MISSING, identify, list_directories, list_inside, sign_file, sign_trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from watchfiles._rust_notify import RustNotify

_ADDED: Final = 1
_DELETED: Final = 3
"""What watchfiles calls what is new, and a deletion (`watchfiles.Change`)."""

_ATTEMPTS: Final = 3

_IS_INOTIFY: Final = sys.platform == "linux"
"""Whether the kernel watches single directories; watchfiles would follow every link below them, through the disk."""

_DUTY: Final = 0.003
"""The largest part of the time that is spent on scanning, whatever the tree's size."""


class Mode(StrEnum):
    """How changes are noticed."""

    EVENTS = "events"
    SCANNING = "scanning"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPace:
    """How often is looked, in seconds.

    Attributes:
        step: How long events are gathered before they are told.
        look: Between two looks at the roots, and at single files.
        scan: Between two scans of the tree where there are events.
        scan_alone: Between two scans where there are none.
        rearm: Between two attempts to get events again.
    """

    step: float = 0.1
    look: float = 1.0
    scan: float = 30.0
    scan_alone: float = 5.0
    rearm: float = 60.0


class Watch:
    """Watches spec roots, and files beside them.

    Args:
        roots: The spec directories; they need not exist.
        directory: The project's directory; roots that lead out of its enclosure are not watched.
        files: Single files, such as `jobspec.toml`.
        changed: Called, in the event loop, when something may have changed.
        say: Called with a sentence when the way in which changes are noticed has changed.
        pace: How often is looked.
    """

    def __init__(
        self,
        roots: Iterable[Path],
        files: Iterable[Path],
        *,
        directory: Path,
        changed: Callable[[], None],
        say: Callable[[str], None] = lambda _: None,
        pace: WatchPace = WatchPace(),
    ) -> None:
        self.alive_at = time.monotonic()
        self.problem = ""
        self.missed = 0
        self._roots = tuple(roots)
        self._files = tuple(files)
        self._directory = directory
        self._changed = changed
        self._say = say
        self._pace = pace
        self._notify: RustNotify | None = None
        self._is_outdated = False
        self._is_explained = False
        self._places: dict[Path, tuple[int, int]] = {}
        self._signatures: dict[Path, tuple[int, ...]] = {}
        self._tree = 0
        self._scan_at = 0.0
        self._rearm_at = 0.0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watch")
        self._stopped = threading.Event()

    @property
    def mode(self) -> Mode:
        """How changes are noticed at present."""
        return Mode.SCANNING if self.problem else Mode.EVENTS

    def follow(self, roots: Iterable[Path], files: Iterable[Path]) -> None:
        """Watch other roots and files from now on; what has changed in new ones meanwhile is told."""
        if self._roots != tuple(roots):
            self._roots = tuple(roots)
            self._is_outdated = True
        self._files = tuple(files)

    async def run(self) -> None:
        """Watch until cancelled; what is written after this has begun is noticed."""
        try:
            await self._arm()
            _, self._signatures = await self._run(_see, self._roots, self._files)
            while True:
                await self._wait()
                self.alive_at = time.monotonic()
                await self._look()
                if time.monotonic() >= self._scan_at:
                    await self._scan()
        finally:
            self._stopped.set()
            self._close()
            self._thread.shutdown(wait=False)

    async def _wait(self) -> None:
        """Wait for events, no longer than until the next look."""
        if self._notify is None:
            await asyncio.sleep(self._pace.look)
            return
        step, timeout = int(self._pace.step * 1000), int(self._pace.look * 1000)
        try:
            events = await self._run(self._notify.watch, step, step, timeout, self._stopped)
        except (RuntimeError, OSError) as error:
            self._fall_back(error)
            return
        if isinstance(events, set):
            self._take(events)
            roots = {str(root) for root in self._roots}
            added = [path for kind, path in events if kind == _ADDED and concerns(path, roots)]
            self._is_outdated |= await self._run(_has_directory, added)

    def _take(self, events: set[tuple[int, str]]) -> None:
        roots = {str(root) for root in self._roots}
        if any(kind == _DELETED and path in roots for kind, path in events):
            self._is_outdated = True
        if any(concerns(path, roots) for _, path in events):
            self._is_explained = True
            self._set_problem("")
            self._changed()

    async def _look(self) -> None:
        places, signatures = await self._run(_see, self._roots, self._files)
        if places != self._places or self._is_outdated or self._is_time_to_rearm():
            await self._arm()
            self._changed()
        if signatures != self._signatures:
            self._signatures = signatures
            self._changed()

    def _is_time_to_rearm(self) -> bool:
        return self._notify is None and time.monotonic() >= self._rearm_at

    async def _scan(self) -> None:
        begun = time.monotonic()
        tree = await self._run(_sign, self._roots, self._directory)
        now = time.monotonic()
        period = self._pace.scan_alone if self.problem else self._pace.scan
        self._scan_at = now + max(period, (now - begun) / _DUTY)
        if tree != self._tree:
            if not self._is_explained:
                await self._wait()  # the event may be on its way
            if not (self._is_explained or self.problem):
                await self._miss()
            self._changed()
        self._tree, self._is_explained = tree, False

    async def _miss(self) -> None:
        """Take note that a change made no event."""
        self.missed += 1
        await self._arm()
        self._set_problem("the file system announced no change although there was one")

    async def _arm(self) -> None:
        """Ask the kernel for events of all directories that are read; what changes from here on is noticed."""
        self._close()
        self._is_outdated = False
        self._rearm_at = time.monotonic() + self._pace.rearm
        self._places, _ = await self._run(_see, self._roots, ())
        try:
            self._notify = await self._run(_open_notify, self._roots, self._directory)
        except (RuntimeError, OSError) as error:
            self._fall_back(error)
        else:
            self._set_problem("")
        self._tree, self._is_explained = await self._run(_sign, self._roots, self._directory), False
        self._scan_at = time.monotonic() + (self._pace.scan_alone if self.problem else self._pace.scan)

    def _fall_back(self, error: Exception) -> None:
        self._close()
        self._rearm_at = time.monotonic() + self._pace.rearm
        self._scan_at = min(self._scan_at, time.monotonic() + self._pace.scan_alone)
        self._set_problem(f"the kernel gives no file events: {str(error).splitlines()[0]}")

    def _set_problem(self, problem: str) -> None:
        if problem and not self.problem:
            seconds = f"{self._pace.scan_alone:g} s"
            self._say(f"{problem}; the spec directories are scanned every {seconds} instead")
        elif self.problem and not problem:
            self._say("file events are back")
        self.problem = problem

    def _close(self) -> None:
        if self._notify is not None:
            with suppress(RuntimeError):
                self._notify.close()
        self._notify = None

    async def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run what may take long in the thread, so that a file system that hangs does not hang the daemon."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)


def _see(
    roots: Iterable[Path], files: Iterable[Path]
) -> tuple[dict[Path, tuple[int, int]], dict[Path, tuple[int, ...]]]:
    return {root: identify(root) for root in roots}, {file: sign_file(file) for file in files}


def _sign(roots: Iterable[Path], directory: Path) -> int:
    return sign_trees(list_inside(roots, directory))


def _has_directory(paths: Iterable[str]) -> bool:
    """Whether one of some new paths is a directory, or a link to one: what is in it makes no events yet."""
    return any(os.path.isdir(path) for path in paths)  # noqa: PTH112  a Path may raise


def _open_notify(roots: Iterable[Path], directory: Path) -> RustNotify | None:
    """Watch the directories that are read; None where there are none.

    Raises:
        OSError: One of them cannot be watched, or vanishes again and again while that is set up.
        RuntimeError: The kernel gives no events.
    """
    from watchfiles._rust_notify import RustNotify

    for attempt in range(1, _ATTEMPTS + 1):
        inside = list_inside(roots, directory)
        present = [str(root) for root in inside if identify(root) != MISSING]
        below = list_directories(inside) if _IS_INOTIFY else []
        paths = [*dict.fromkeys((*present, *below))]
        try:
            # Not ignoring "permission denied", because that also ignores that the kernel has no more watches to give.
            return RustNotify(paths, False, False, 0, not _IS_INOTIFY, False) if paths else None
        except FileNotFoundError:
            if attempt == _ATTEMPTS:
                raise
    return None


def concerns(path: str, roots: Iterable[str]) -> bool:
    """Whether an event at a path can mean that specs have changed.

    Names that begin with a dot are no specs; those with two are what Kubernetes swaps (`..data`).
    """
    for root in roots:
        if path == root:
            return True
        below = path.removeprefix(root.rstrip("/") + "/")
        if below != path:
            return not any(part.startswith(".") and not part.startswith("..") for part in below.split("/"))
    return True
