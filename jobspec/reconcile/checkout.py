"""What a git work tree says of itself: which commit it is at, and whether git is writing to it.

Git's own files are read and no command is run, since git would refuse a work tree that belongs to another account,
as the mounts of containers often do. The layout is that of gitrepository-layout(5).
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobspec.reconcile.signatures import sign_file
from jobspec.spec.git import find_work_tree

if TYPE_CHECKING:
    from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutState:
    """How a work tree is at one moment.

    Attributes:
        commit: What is checked out; None where there is none yet, or where it cannot be read.
        index: Tells whether git has changed the work tree since; git writes its index anew each time.
        is_locked: Whether git is changing it now.
    """

    commit: str | None
    index: tuple[int, ...]
    is_locked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A git work tree.

    Attributes:
        own: The directory with the files of this work tree: its HEAD and its index.
        common: The directory with what all work trees of the repository share; the same, except for a linked one.
    """

    own: Path
    common: Path

    @property
    def lock(self) -> Path:
        """The file that is there while git changes the work tree, a whole checkout long."""
        return self.own / "index.lock"

    def list_files(self) -> tuple[Path, ...]:
        """Name the files of which one changes when another commit is checked out, or made, without the work tree's."""
        head = self.own / "HEAD"
        _, is_branch, name = _read(head).partition("ref: ")
        return (head, self.common / name) if is_branch else (head,)

    def read_state(self, longest: float) -> CheckoutState:
        """Say how it is now.

        Args:
            longest: A lock that is older, in seconds, was left behind by a git that was killed, and counts for nothing.
        """
        return CheckoutState(
            commit=self.read_commit(), index=sign_file(self.own / "index"), is_locked=self._is_locked(longest)
        )

    def _is_locked(self, longest: float) -> bool:
        try:
            return time.time() - self.lock.stat().st_mtime < longest
        except OSError:
            return False

    def read_commit(self) -> str | None:
        """Read the commit that is checked out; None where there is none yet, or where it cannot be read."""
        head = _read(self.own / "HEAD")
        for _ in range(5):  # symbolic names may point to each other
            if not head.startswith("ref: "):
                break
            head = self._read_ref(head.removeprefix("ref: ").strip())
        return head if _COMMIT.fullmatch(head) else None

    def _read_ref(self, name: str) -> str:
        return _read(self.own / name) or _read(self.common / name) or self._read_packed(name)

    def _read_packed(self, name: str) -> str:
        for line in _read(self.common / "packed-refs").splitlines():
            commit, _, found = line.partition(" ")
            if found == name:
                return commit
        return ""


def find_checkout(directory: Path) -> Checkout | None:
    """Find the work tree that a directory lies in, links followed; None where it lies in none."""
    work_tree = find_work_tree(directory)
    if work_tree is None:
        return None
    entry = work_tree / ".git"
    # Unlike methods of Path, which raise where it is not permitted to look.
    return Checkout(own=entry, common=entry) if os.path.isdir(entry) else _follow(entry)  # noqa: PTH112


def _follow(pointer: Path) -> Checkout | None:
    """Follow the file that stands in place of the directory in a linked work tree or a submodule."""
    _, is_pointer, target = _read(pointer).partition("gitdir:")
    if not is_pointer:
        return None
    own = pointer.parent / target.strip()
    shared = _read(own / "commondir")
    return Checkout(own=own, common=own / shared if shared else own)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
