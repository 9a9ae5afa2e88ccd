"""Reads project and specs, again and again, in a thread of its own: a file system that hangs hangs no health check."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.errors import JobspecError
from jobspec.lint.opening import open_workspace
from jobspec.reconcile.checkout import find_checkout
from jobspec.spec.listing import PROJECT_FILE
from jobspec.spec.loader import Cache
from jobspec.spec.project import load_workspace, resolve_environment

if TYPE_CHECKING:
    from jobspec.spec.loaded import Loaded
    from jobspec.spec.project import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read.

    Attributes:
        workspace: The project and its place.
        loaded: The jobs and all that is wrong with them.
        read_at: When.
        is_confirmed: Whether an earlier read found the same text, and both found nothing wrong: only then may a job
            that is not there be taken for removed.
        commit: What is checked out where the specs lie; None outside of git.
        files: Single files that the jobs depend on, beside those below the spec roots.
    """

    workspace: Workspace
    loaded: Loaded
    read_at: datetime
    is_confirmed: bool
    commit: str | None
    files: tuple[Path, ...]


class Files:
    """The project's files.

    Args:
        directory: The project's directory, or one below it. It is looked up anew each time, so it may be a link that
            somebody swaps.
        environment: As chosen.
        confirm_after: The least number of seconds between two equal reads of which the second confirms the first.
    """

    def __init__(self, directory: Path, environment: str | None, *, confirm_after: float) -> None:
        self.directory = directory
        self._roots: tuple[Path, ...] = (directory,)
        self._environment = environment
        self._confirm_after = confirm_after
        self._cache = Cache()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")
        self._fingerprint: str | None = None
        self._found_at = 0.0

    async def read(self, *, trust: bool = True) -> Reading:
        """Read all, parsing only what has changed.

        Args:
            trust: Whether files whose times, size and inode are as before count as unchanged; else all are read.

        Raises:
            ProjectError: `jobspec.toml` is broken.
            UsageError: The environment is missing there, or no spec knows it.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, trust)

    async def is_locked(self, longest: float) -> bool:
        """Whether git is changing the work tree that the specs lie in.

        Args:
            longest: A lock that is older, in seconds, was left behind by a git that was killed, and counts for nothing.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._is_locked, longest)

    def _is_locked(self, longest: float) -> bool:
        checkout = find_checkout(self._roots[0])
        try:
            age = time.time() - checkout.lock.stat().st_mtime if checkout else longest
        except OSError:
            return False
        return age < longest

    def close(self) -> None:
        """Read no more; a read that hangs is not waited for."""
        self._thread.shutdown(wait=False)

    def _read(self, trust: bool) -> Reading:  # noqa: FBT001  executors take no keywords
        if not trust:
            self._cache.distrust()
        now = datetime.now(UTC)
        workspace, loaded = self._load(now)
        checkout = find_checkout(workspace.roots[0])
        return Reading(
            workspace=workspace,
            loaded=loaded,
            read_at=now,
            is_confirmed=self._confirm(loaded),
            commit=checkout.read_commit() if checkout else None,
            files=self._list_files(workspace),
        )

    def _load(self, now: datetime) -> tuple[Workspace, Loaded]:
        try:
            workspace = load_workspace(self.directory)
            self._roots = workspace.roots
            resolve_environment(workspace.project, self._environment)
            return workspace, open_workspace(workspace, env=self._environment, now=now, cache=self._cache)
        except JobspecError:
            self._fingerprint = None
            raise

    def _confirm(self, loaded: Loaded) -> bool:
        """Whether the same was read before, and that not just now; something broken in between begins it anew."""
        now = time.monotonic()
        if loaded.incomplete or loaded.fingerprint != self._fingerprint:
            self._fingerprint = None if loaded.incomplete else loaded.fingerprint
            self._found_at = now
            return False
        return now - self._found_at >= self._confirm_after

    def _list_files(self, workspace: Workspace) -> tuple[Path, ...]:
        schemas = [workspace.directory / shown for shown in self._cache.schemas]
        return (workspace.file or workspace.directory / PROJECT_FILE, *schemas)


def find_start() -> Path:
    """Say where a process was started, as its shell calls that place: the kernel forgets by which links it was reached.

    So a directory that is a link which is swapped later, as git-sync does, is found again behind the new one.
    """
    here = Path.cwd()
    named = os.environ.get("PWD", "")
    is_here = named.startswith("/") and os.path.realpath(named) == str(here)
    return Path(named) if is_here else here
