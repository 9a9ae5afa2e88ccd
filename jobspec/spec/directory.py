"""Find and read the spec files below a directory.

Nothing that the file system can do may hang this, hide a job or read what is
elsewhere: what cannot be read becomes a problem of its file or directory, so
that its jobs are known to be missing instead of taken for deleted.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.spec.listing import (
    MAX_BYTES,
    Findings,
    Listing,
    Signature,
    SourceFile,
    is_spec_name,
    refuse,
    refuse_size,
    show_path,
)
from jobspec.spec.positions import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.diagnostics import Diagnostic

# A file system may keep times as coarse as this, so a file touched later could change again and look the same: git's
# "racily clean" entries (https://git-scm.com/docs/racy-git).
_COARSE_NS = 2_000_000_000

_ATTEMPTS = 3

_NAME = attrgetter("name")


def read_directory(root: Path, *, shown_relative_to: Path, previous: Listing | None = None) -> Listing:
    """Read all spec files below a directory.

    Names that begin with a dot are passed over, `jobspec.toml` too. Links are followed as long as they stay below the
    root, which itself may be a link.

    Args:
        root: The directory.
        shown_relative_to: The directory that shown paths are relative to, where they lie in it.
        previous: What an earlier call returned for this root: its files are taken over where they have not changed.
    """
    shown = show_path(root, shown_relative_to)
    try:
        real = os.path.realpath(root, strict=True)
    except (FileNotFoundError, NotADirectoryError):
        return Listing(root=shown, missing=True)
    except OSError as error:
        return Listing(root=shown, problems=(refuse("JS008", shown, *_explain(error)),))
    if not Path(real).is_dir():
        problem = refuse("JS002", shown, "the spec root is no directory", "name the directory that holds the files")
        return Listing(root=shown, problems=(problem,))
    walk = _Walk(real, shown, {file.path: file for file in previous.files} if previous else {})
    walk.run()
    return Listing(root=shown, missing=True) if walk.vanished else walk.findings.make_listing(shown)


class _Walk:
    """One walk over a tree: links to directories come last, so that a directory is shown under its own name."""

    def __init__(self, root: str, shown: str, known: dict[str, SourceFile]) -> None:
        self.findings = Findings()
        self.vanished = False
        self._root = root
        self._known = known
        self._seen: dict[str, str] = {}  # the shown path of each directory by its real one
        self._waiting: list[tuple[str, str]] = [(root, shown)]
        self._linked: list[tuple[str, str]] = []

    def run(self) -> None:
        while self._waiting or self._linked:
            real, shown = self._waiting.pop() if self._waiting else self._linked.pop(0)
            if real in self._seen:
                self.findings.note_second(shown, self._seen[real])
                continue
            self._seen[real] = shown
            prefix = "" if shown == "." else f"{shown}/"
            for entry in self._list(real, shown):
                if not self._take_over(entry, prefix + entry.name):
                    self._visit(entry, prefix + escape(entry.name))

    def _list(self, real: str, shown: str) -> list[os.DirEntry[str]]:
        """List a directory, in the order of names so that every run says the same."""
        try:
            with os.scandir(real) as entries:
                return sorted([e for e in entries if not e.name.startswith(".")], key=_NAME)
        except OSError as error:
            if real == self._root and isinstance(error, FileNotFoundError):
                self.vanished = True
            else:
                self.findings.note("JS008", shown, *_explain(error))
        return []

    def _take_over(self, entry: os.DirEntry[str], shown: str) -> bool:
        """Take a file over from the listing before, if it has not changed: one look for each of nearly all files."""
        known = self._known.get(shown)
        if known is None or known.signature is None or str(known.real_path) != entry.path:
            return False
        try:
            is_same = known.signature == sign(entry.stat(follow_symlinks=False))
        except OSError:
            return False
        if is_same:
            self.findings.files.append(known)
        return is_same

    def _visit(self, entry: os.DirEntry[str], shown: str) -> None:
        """Sort one entry in: a directory to walk, a file to read, or nothing of ours."""
        try:
            if entry.is_symlink():
                self._follow(entry, shown)
            elif entry.is_dir(follow_symlinks=False):
                self._enter(entry.path, shown, entry.name, self._waiting)
            elif is_spec_name(entry.name):
                self._read(entry.path, shown)
        except OSError as error:
            self.findings.note("JS001", shown, *_explain(error))

    def _follow(self, entry: os.DirEntry[str], shown: str) -> None:
        """Follow a link, unless it leaves the root."""
        try:
            real = os.path.realpath(entry.path, strict=True)
            status = Path(real).stat()
        except OSError as error:
            message, hint = _explain(error)
            if isinstance(error, FileNotFoundError):
                message, hint = "the link leads nowhere", "remove the link, or mend what it points to"
            self.findings.note("JS001", shown, message, hint)
            return
        is_directory = stat.S_ISDIR(status.st_mode)
        if not is_directory and not is_spec_name(entry.name):
            return
        if not Path(real).is_relative_to(self._root):
            self.findings.note_outside(shown)
        elif is_directory:
            self._enter(real, shown, entry.name, self._linked)
        else:
            self._read(real, shown)

    def _enter(self, real: str, shown: str, name: str, queue: list[tuple[str, str]]) -> None:
        if is_spec_name(name):
            self.findings.note_directory(shown)
        else:
            queue.append((real, shown))

    def _read(self, real: str, shown: str) -> None:
        """Read a file, or take it over from the listing before where it has not changed."""
        known = self._known.get(shown)
        if known is None or str(known.real_path) != real or known.signature != sign(os.lstat(real)):
            known = read_file(Path(real), shown)
        self.findings.files.append(known)


def sign(status: os.stat_result) -> Signature:
    """Make the signature of a file from its status."""
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def read_file(real: Path, shown: str) -> SourceFile:
    """Read one file, without ever waiting for a pipe or following a link that came in between.

    Args:
        real: The file, with all links resolved.
        shown: Its name to show.
    """
    try:
        for _ in range(_ATTEMPTS):
            before, data, after = _read_once(real)
            if refusal := _judge(after, shown):
                return SourceFile(path=shown, real_path=real, problem=refusal)
            if sign(before) == sign(after) and len(data) == after.st_size:
                return SourceFile(path=shown, real_path=real, data=data, signature=_trust(after))
        problem = refuse("JS001", shown, "the file is being written to", "try again when that is done")
    except OSError as error:
        problem = refuse("JS001", shown, *_explain(error))
    return SourceFile(path=shown, real_path=real, problem=problem)


def _read_once(real: Path) -> tuple[os.stat_result, bytes, os.stat_result]:
    """Read a file between two looks at its status; nothing of what is no spec file by its kind or size.

    A pipe or device is not even opened, as that can have effects of its own; one that takes the place of the file at
    this moment is opened without waiting, and not read.
    """
    before = os.lstat(real)
    if not _is_readable(before):
        return before, b"", before
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        opened = os.fstat(descriptor)
        data = b"".join(_read_chunks(descriptor, opened.st_size)) if _is_readable(opened) else b""
        return before, data, os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _is_readable(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BYTES


def _trust(status: os.stat_result) -> Signature | None:
    """Make the signature of a file, unless it is so young that another change could leave the signature as it is."""
    youngest = max(status.st_mtime_ns, status.st_ctime_ns)
    return sign(status) if youngest < time.time_ns() - _COARSE_NS else None


def _read_chunks(descriptor: int, size: int) -> Iterator[bytes]:
    """Read all that is expected, and a byte more if it is there; asking for much more would cost more than the file."""
    left = size + 1
    while left > 1 and (chunk := os.read(descriptor, left)):
        left -= len(chunk)
        yield chunk


def _judge(status: os.stat_result, shown: str) -> Diagnostic | None:
    if not stat.S_ISREG(status.st_mode):
        return refuse("JS002", shown, "this is no regular file", "rename it, as its name is that of a spec file")
    return refuse_size(shown, status.st_size) if status.st_size > MAX_BYTES else None


_REASONS = {
    errno.EACCES: ("reading it is not permitted", "give read access to the account that runs this"),
    errno.EPERM: ("reading it is not permitted", "give read access to the account that runs this"),
    errno.ENOENT: ("it has vanished while it was read", "try again"),
    errno.ENOTDIR: ("it has vanished while it was read", "try again"),
    errno.ELOOP: ("the link leads in a circle", "remove the link"),
}


def _explain(error: OSError) -> tuple[str, str]:
    """Say what kept us from reading, and what to do about it."""
    return _REASONS.get(error.errno or 0, (f"it cannot be read: {error.strerror or error}", "mend the file system"))
