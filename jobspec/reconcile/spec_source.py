"""Reads project and specs, again and again, in a thread of its own: a file system that hangs hangs no health check."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jobspec.errors import JobspecError, ProjectError
from jobspec.reconcile.checkout import find_checkout
from jobspec.reconcile.logs import log
from jobspec.reconcile.signatures import list_inside
from jobspec.spec.cache import Cache
from jobspec.spec.document import find_positions
from jobspec.spec.project import resolve_environment
from jobspec.spec.spec_files import PROJECT_FILE
from jobspec.spec.workspace import load_workspace, open_workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobspec.reconcile.checkout import Checkout, CheckoutState
    from jobspec.spec.loaded_jobs import Loaded
    from jobspec.spec.project import Environment, Project
    from jobspec.spec.workspace import Workspace

Result = TypeVar("Result")

_GIT_POLL_SECONDS = 0.1
_LARGE = 64 * 1024
"""Characters; to find where a job begins in a smaller file takes milliseconds."""
_MOST_LARGE = 32
"""Half of what is remembered (`spec.document`), so that the large files do not displace one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read.

    Attributes:
        workspace: The project and its place.
        environment: Where the chosen environment is.
        loaded: The jobs and all that is wrong with them.
        read_at: When.
        is_confirmed: Whether an earlier read found the same text, and both found nothing wrong: only then may a job
            that is not there be taken for removed.
        commit: What is checked out where the specs lie; None outside of git.
        files: Single files to watch beside those below the spec roots: what the jobs depend on, and what tells of
            another commit.
    """

    workspace: Workspace
    environment: Environment
    loaded: Loaded
    read_at: datetime
    is_confirmed: bool
    commit: str | None
    files: tuple[Path, ...]


class SpecSource:
    """The project's files.

    Args:
        directory: The project's directory, or one below it. It is looked up anew each time, so it may be a link that
            somebody swaps.
        environment: As chosen.
        confirm_after: The least number of seconds between two equal reads of which the second confirms the first.
        git_patience: How many seconds git may take to change the work tree.
        project_file: Where `jobspec.toml` is, as far as known; default: where the first read finds it. Any other is
            refused from then on: where it vanishes, that of a directory further up is another project's.
    """

    def __init__(
        self,
        directory: Path,
        environment: str | None,
        *,
        confirm_after: float,
        git_patience: float = 30.0,
        project_file: Path | None = None,
    ) -> None:
        self.directory = directory
        self._project_file = project_file
        self._place = directory
        self._roots: tuple[Path, ...] = (directory,)
        self._environment = environment
        self._confirm_after = confirm_after
        self._git_patience = git_patience
        self._cache = Cache()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")
        self._found: tuple[Project, str] | None = None
        self._found_at = 0.0

    async def read(self, *, trust: bool = True) -> Reading:
        """Read all, parsing only what has changed, and not while git is changing the work tree, as far as is bearable.

        Args:
            trust: Whether files whose times, size and inode are as before count as unchanged; else all are read.

        Raises:
            ProjectError: `jobspec.toml` is broken, or is not where it was.
            UsageError: The environment is missing there, or no spec knows it.
        """
        deadline = time.monotonic() + self._git_patience
        while True:
            await self._wait_for_git(deadline)
            is_last = time.monotonic() >= deadline
            reading = await self._run(self._read, trust, is_last)
            if reading is not None:
                return reading

    async def _wait_for_git(self, deadline: float) -> None:
        while any(state.is_locked for state in await self._run(self._look_at_git)):
            if time.monotonic() >= deadline:
                log(logging.WARNING, "git has not finished with the work tree; its files are read as they are")
                return
            await asyncio.sleep(_GIT_POLL_SECONDS)

    async def _run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def close(self) -> None:
        """Read no more; a read that hangs is not waited for."""
        self._thread.shutdown(wait=False)

    def _read(self, trust: bool, is_last: bool) -> Reading | None:  # noqa: FBT001  executors take no keywords
        """Read once; None where git was at work meanwhile and there is another chance."""
        if not trust:
            self._cache.distrust()
        before, now = self._look_at_git(), datetime.now(UTC)
        try:
            workspace, environment, loaded = self._load(now)
        except JobspecError:
            if not is_last and _is_torn(before, self._look_at_git()):
                return None
            self._found = None
            raise
        after = self._look_at_git()
        if not is_last and _is_torn(before, after):
            return None
        return Reading(
            workspace=workspace,
            environment=environment,
            loaded=loaded,
            read_at=now,
            is_confirmed=self._confirm(workspace.project, loaded),
            commit=after[0].commit if after else None,
            files=self._list_files(workspace),
        )

    def _look_at_git(self) -> tuple[CheckoutState, ...]:
        """Say how the work trees are that the specs lie in."""
        return tuple(checkout.read_state(self._git_patience) for checkout in self._find_checkouts())

    def _find_checkouts(self) -> list[Checkout]:
        found = (find_checkout(root) for root in list_inside(self._roots, self._place))
        return [checkout for checkout in dict.fromkeys(found) if checkout]

    def _load(self, now: datetime) -> tuple[Workspace, Environment, Loaded]:
        workspace = load_workspace(self.directory)
        self._check_place(workspace)
        self._place, self._roots = workspace.directory, workspace.roots
        environment = resolve_environment(workspace.project, self._environment)
        loaded = open_workspace(workspace, env=self._environment, now=now, cache=self._cache)
        _locate_values(loaded)
        return workspace, environment, loaded

    def _check_place(self, workspace: Workspace) -> None:
        """Refuse the file of another project, which is found where that of ours has vanished."""
        known, found = self._project_file, workspace.file
        if known not in (None, found):
            instead = f", and `{found}` is another project's" if found else ""
            raise ProjectError(f"`{known}` is not there any more{instead}; put it back, or start the daemon anew")
        self._project_file = found

    def _confirm(self, project: Project, loaded: Loaded) -> bool:
        """Whether the same was read before, and that not just now; something broken in between begins it anew.

        Half a `jobspec.toml` may be a whole one with a shorter grace time, so that it counts as well.
        """
        now, found = time.monotonic(), (project, loaded.fingerprint)
        if loaded.incomplete or found != self._found:
            self._found = None if loaded.incomplete else found
            self._found_at = now
            return False
        return now - self._found_at >= self._confirm_after

    def _list_files(self, workspace: Workspace) -> tuple[Path, ...]:
        schemas = [workspace.directory / shown for shown in self._cache.schemas]
        commits = [path for checkout in self._find_checkouts() for path in checkout.list_files()]
        return (workspace.file or workspace.directory / PROJECT_FILE, *schemas, *commits)


def _locate_values(loaded: Loaded) -> None:
    """Find where each value of large files stands, here where it delays no probe; planning asks for lines of jobs."""
    large = sorted((each for each in loaded.documents if len(each.text) > _LARGE), key=lambda each: len(each.text))
    for document in large[-_MOST_LARGE:]:
        find_positions(document)


def _is_torn(before: tuple[CheckoutState, ...], after: tuple[CheckoutState, ...]) -> bool:
    """Whether git was at work meanwhile, so that what was read may be neither the one commit nor the other."""
    return before != after or any(state.is_locked for state in before)


def find_start() -> Path:
    """Say where a process was started, as its shell calls that place: the kernel forgets by which links it was reached.

    So a directory that is a link which is swapped later, as git-sync does, is found again behind the new one.
    """
    here = Path.cwd()
    named = os.environ.get("PWD", "")
    is_here = named.startswith("/") and os.path.realpath(named) == str(here)
    return Path(named) if is_here else here
