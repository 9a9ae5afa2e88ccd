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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from jobspec.diagnostics import Diagnostic, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1 << 20
"""How large a spec file may be."""

SUFFIXES = (".yaml", ".yml", ".toml")
"""How the names of spec files end, in any case."""

PROJECT_FILE = "jobspec.toml"

Signature: TypeAlias = tuple[int, int, int, int]
"""Modification and change time in nanoseconds, size and inode: while it is equal, so is the content."""

# A file system may keep times as coarse as this, so a file touched later could change again and look the same: git's
# "racily clean" entries (https://git-scm.com/docs/racy-git).
_COARSE_NS = 2_000_000_000

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A spec file as it was read, or why it could not be.

    Attributes:
        path: The name to show, relative to the project where it lies inside, with slashes.
        real_path: Where the bytes are; None where there is no such place on this disk.
        data: The content; None with a problem.
        problem: Why there is no content.
        signature: Tells whether the file has changed since; None where nothing is sure.
    """

    path: str
    real_path: Path | None = None
    data: bytes | None = None
    problem: Diagnostic | None = None
    signature: Signature | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All spec files of one root.

    Attributes:
        root: The name of the root to show.
        missing: Whether there is no such root.
        files: The files in the order of their paths, unreadable ones included.
        problems: What else could hide files: unreadable directories, links that lead nowhere or outside.
    """

    root: str
    missing: bool = False
    files: tuple[SourceFile, ...] = ()
    problems: tuple[Diagnostic, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether all there is was read: only then may a job that is not here be taken for removed."""
        unread = any(file.problem for file in self.files)
        return not (self.missing or unread or any(problem.is_error for problem in self.problems))


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
        return Listing(root=shown, problems=(_refuse("JS008", shown, _say(error), _ASK_FOR_ACCESS),))
    if not Path(real).is_dir():
        problem = _refuse("JS002", shown, "The spec root is no directory", "Name the directory that holds the files.")
        return Listing(root=shown, problems=(problem,))
    walk = _Walk(real, shown, {file.path: file for file in previous.files} if previous else {})
    walk.run()
    return Listing(
        root=shown,
        missing=walk.vanished,
        files=tuple(sorted(walk.files, key=lambda file: file.path.split("/"))),
        problems=tuple(walk.problems),
    )


def is_spec_name(name: str) -> bool:
    """Whether a file of this name holds jobs or defaults."""
    return name.lower().endswith(SUFFIXES) and name != PROJECT_FILE and not name.startswith(".")


def show_path(path: Path, relative_to: Path) -> str:
    """Name a path as the user would: relative to a directory that it lies in, else whole."""
    absolute, start = Path(os.path.abspath(path)), Path(os.path.abspath(relative_to))  # noqa: PTH100 - keeps links
    for base in (start, Path(os.path.realpath(start))):
        if absolute.is_relative_to(base):
            return printable(absolute.relative_to(base).as_posix())
    return printable(absolute.as_posix())


def printable(path: str) -> str:
    """Escape what would break a line of output: control characters and bytes that are no UTF-8."""
    if path.isprintable():
        return path
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in path)


class _Walk:
    """One walk over a tree: links to directories come last, so that a directory is shown under its own name."""

    def __init__(self, root: str, shown: str, known: dict[str, SourceFile]) -> None:
        self.files: list[SourceFile] = []
        self.problems: list[Diagnostic] = []
        self.vanished = False
        self._root = root
        self._known = known
        self._seen: dict[str, str] = {}  # the shown path of each directory by its real one
        self._waiting: list[tuple[str, str]] = [(root, shown)]
        self._linked: list[tuple[str, str]] = []

    def run(self) -> None:
        while self._waiting or self._linked:
            real, shown = self._waiting.pop() if self._waiting else self._linked.pop(0)
            first = self._seen.setdefault(real, shown)
            if first is not shown:
                self._note("JS009", shown, f"The link leads to `{first}`, which is read already", "Remove the link.")
                continue
            for entry in self._list(real, shown):
                self._visit(entry, real, entry.name if shown == "." else f"{shown}/{printable(entry.name)}")

    def _list(self, real: str, shown: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(real) as entries:
                return sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
        except OSError as error:
            if real == self._root and isinstance(error, FileNotFoundError):
                self.vanished = True
            else:
                self._note("JS008", shown, _say(error), _ASK_FOR_ACCESS)
        return []

    def _visit(self, entry: os.DirEntry[str], directory: str, shown: str) -> None:
        """Sort one entry in: a directory to walk, a file to read, or nothing of ours."""
        try:
            if entry.is_symlink():
                self._follow(entry, shown)
            elif entry.is_dir(follow_symlinks=False):
                self._enter(entry.path, shown, entry.name, self._waiting)
            elif is_spec_name(entry.name):
                self.files.append(self._read(f"{directory}/{entry.name}", shown, entry.stat(follow_symlinks=False)))
        except OSError as error:
            self._note("JS001", shown, _say(error), "Try again.")

    def _follow(self, entry: os.DirEntry[str], shown: str) -> None:
        """Follow a link, unless it leaves the root."""
        try:
            real = os.path.realpath(entry.path, strict=True)
            status = Path(real).stat()
        except OSError as error:
            what = "The link leads nowhere" if isinstance(error, FileNotFoundError) else _say(error)
            self._note("JS001", shown, what, "Remove the link, or mend what it points to.")
            return
        is_directory = stat.S_ISDIR(status.st_mode)
        if not is_directory and not is_spec_name(entry.name):
            return
        if not (real + "/").startswith(self._root.rstrip("/") + "/"):
            self._note("JS003", shown, "The link leads out of the spec root", "Copy what it points to into the root.")
        elif is_directory:
            self._enter(real, shown, entry.name, self._linked)
        else:
            self.files.append(self._read(real, shown, status))

    def _enter(self, real: str, shown: str, name: str, queue: list[tuple[str, str]]) -> None:
        if is_spec_name(name):
            self._note("JS002", shown, "This is a directory, but its name is that of a spec file", "Rename it.")
        else:
            queue.append((real, shown))

    def _read(self, real: str, shown: str, status: os.stat_result) -> SourceFile:
        known = self._known.get(shown)
        if known and known.signature == sign(status) and str(known.real_path) == real:
            return known
        return read_file(Path(real), shown)

    def _note(self, code: str, shown: str, message: str, hint: str) -> None:
        self.problems.append(_refuse(code, shown, message, hint))


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
        status = os.lstat(real)
        if problem := _judge(status, shown):
            return SourceFile(path=shown, real_path=real, problem=problem)
        for _ in range(_ATTEMPTS):
            data, before, after = _read_once(real)
            if sign(before) == sign(after) and len(data) == after.st_size:
                fresh = max(after.st_mtime_ns, after.st_ctime_ns) > time.time_ns() - _COARSE_NS
                signature = None if fresh else sign(after)
                return SourceFile(path=shown, real_path=real, data=data, signature=signature)
    except OSError as error:
        return SourceFile(path=shown, real_path=real, problem=_refuse("JS001", shown, _say(error), _ASK_FOR_ACCESS))
    problem = _judge(after, shown) or _refuse("JS001", shown, "The file is being written to", "Try again.")
    return SourceFile(path=shown, real_path=real, problem=problem)


def _read_once(real: Path) -> tuple[bytes, os.stat_result, os.stat_result]:
    """Read a file with its status before and after; nothing if it is no regular file or too large by now."""
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        before = os.fstat(descriptor)
        data = b"".join(_read_chunks(descriptor)) if stat.S_ISREG(before.st_mode) else b""
        return data, before, os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _read_chunks(descriptor: int) -> Iterator[bytes]:
    left = MAX_BYTES + 1
    while left > 0 and (chunk := os.read(descriptor, left)):
        left -= len(chunk)
        yield chunk


def _judge(status: os.stat_result, shown: str) -> Diagnostic | None:
    if not stat.S_ISREG(status.st_mode):
        return _refuse("JS002", shown, "This is no regular file, but its name is that of a spec file", "Rename it.")
    if status.st_size > MAX_BYTES:
        message = f"The file has {status.st_size:,} bytes, more than the {MAX_BYTES:,} that a spec file may have"
        return _refuse("JS004", shown, message, "Split it into several files.")
    return None


_ASK_FOR_ACCESS = "Give read access to the account that runs this."
_REASONS = {
    errno.EACCES: "Reading it is not permitted",
    errno.EPERM: "Reading it is not permitted",
    errno.ENOENT: "It has vanished while it was read",
    errno.ELOOP: "The link leads in a circle",
}


def _say(error: OSError) -> str:
    return _REASONS.get(error.errno or 0, f"It cannot be read: {error.strerror or error}")


def _refuse(code: str, shown: str, message: str, hint: str) -> Diagnostic:
    severity = Severity.WARNING if code == "JS009" else Severity.ERROR
    return Diagnostic(code=code, message=message, location=Location(path=shown), hint=hint, severity=severity)
