"""The directory that nothing which is read may leave: a project's repository, or its own where there is no git.

Names are judged first, and a file is opened from there step by step, each step refusing to follow a link. So a link
that is put in place between the look and the opening leads nowhere either.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from jobspec.spec.git import find_work_tree
from jobspec.spec.links import Astray, follow_links, strip_top

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_STEP = OPEN_DIRECTORY | getattr(os, "O_PATH", 0)  # which Linux has: it asks for no right to list the directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A project's directory and what is around it, resolved once, so that all of one reading is of one place.

    Attributes:
        directory: The project's directory as it was named, absolute; links in it may be swapped.
        real: What it resolved to.
        top: What nothing may leave; the directory or one above.
        is_repository: Whether that is the top of a work tree of git.
    """

    directory: str
    real: str
    top: str
    is_repository: bool

    @property
    def kind(self) -> str:
        """What to call the top."""
        return "repository" if self.is_repository else "project"

    def find(self, path: str | Path) -> str | Astray:
        """Find where a path really leads, whether or not something is there.

        Args:
            path: Named from the project's directory on, or absolute and below it.
        """
        text = os.fspath(path)
        inner = strip_top(text, self.directory) if text.startswith("/") else text
        if inner is None:
            return self.find_real(text)
        return self.find_real(f"{self.real}/{inner}")

    def find_real(self, path: str) -> str | Astray:
        """Find where a path really leads that begins with the real path of the top."""
        inner = strip_top(path, self.top)
        if inner is None:
            return Astray(reason=f"it lies outside the {self.kind}", is_outside=True)
        found = follow_links(inner, self._read_link, around=self.kind, top=self.top)
        return found if isinstance(found, Astray) else os.path.join(self.top, found).rstrip("/") or "/"  # noqa: PTH118

    def _read_link(self, inner: str) -> str | None:
        try:
            return os.readlink(os.path.join(self.top, inner))  # noqa: PTH115, PTH118  twice as fast
        except OSError:  # it is no link, or is not there, which opening it will tell
            return None

    def open_directory(self, real: str, flags: int = _STEP) -> int:
        """Open a directory by its real path, following no link on the way from the top.

        Args:
            real: As `find` gave it.
            flags: How; by default so that other things can be opened from it, and not to list it.

        Raises:
            OSError: It is not there, or is not what it was when it was found.
        """
        descriptor = os.open(self.top, _STEP)
        try:
            parts = (strip_top(real, self.top) or ".").split("/")
            for index, part in enumerate(parts, 1):
                inner = os.open(part, flags if index == len(parts) else _STEP, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
        except OSError:
            os.close(descriptor)
            raise
        return descriptor


def find_enclosure(directory: Path | str) -> Enclosure:
    """Resolve a project's directory, and find what nothing may leave.

    The directory itself is taken as it is named: links in its own name are those of whoever runs this.
    """
    named = os.path.abspath(directory)  # noqa: PTH100  keeps links
    real = os.path.realpath(named)
    work_tree = find_work_tree(Path(real))
    top = real if work_tree is None else str(work_tree)
    return Enclosure(directory=named, real=real, top=top, is_repository=work_tree is not None)
