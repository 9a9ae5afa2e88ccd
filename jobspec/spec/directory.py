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
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.spec.enclosure import OPEN_DIRECTORY
from jobspec.spec.links import Astray, strip_top
from jobspec.spec.positions import escape
from jobspec.spec.spec_files import (
    MAX_BYTES,
    MAX_DEPTH,
    NO_DIRECTORY,
    NOT_REGULAR,
    NOWHERE,
    Findings,
    Listing,
    Signature,
    SourceFile,
    explain_astray,
    is_spec_name,
    refuse,
    refuse_root,
    refuse_size,
    show_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.diagnostics import Diagnostic, Location
    from jobspec.spec.enclosure import Enclosure

# A file system may keep times as coarse as this, so a file touched later could change again and look the same: git's
# "racily clean" entries (https://git-scm.com/docs/racy-git).
_COARSE_NS = 2_000_000_000

_ATTEMPTS = 3

_NAME = attrgetter("name")

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC


def read_directory(
    root: Path, enclosure: Enclosure, *, named_at: Location | None = None, previous: Listing | None = None
) -> Listing:
    """Read all spec files below a directory.

    Names that begin with a dot are passed over, `jobspec.toml` too. Links are followed as long as they stay below the
    root, which itself may be a link to elsewhere in the enclosure.

    Args:
        root: The directory, as the project names it.
        enclosure: What must not be left; shown paths are relative to its directory.
        named_at: Where the root is named, for what is wrong with it as a whole; default: the root itself.
        previous: What an earlier call returned for this root: its files are taken over where they have not changed.
    """
    shown = show_path(root, Path(enclosure.directory))

    real = enclosure.find(root)
    if isinstance(real, Astray):
        return refuse_root(shown, *explain_astray(real, enclosure.kind, in_circle="JS008"), named_at)
    try:
        is_directory = stat.S_ISDIR(_look(enclosure, real).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return Listing(root=shown, missing=True)
    except OSError as error:
        return refuse_root(shown, "JS008", *_explain(error), named_at)
    if not is_directory:
        return refuse_root(shown, *NO_DIRECTORY, named_at)
    walk = _Walk(enclosure, real, shown, {file.path: file for file in previous.files} if previous else {})
    walk.run()
    return Listing(root=shown, missing=True) if walk.vanished else walk.findings.make_listing(shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A directory on the walk, or an entry of one."""

    real: str
    shown: str
    depth: int


class _Walk:
    """One walk over a tree: links to directories come last, so that a directory is shown under its own name."""

    def __init__(self, enclosure: Enclosure, root: str, shown: str, known: dict[str, SourceFile]) -> None:
        self.findings = Findings()
        self.vanished = False
        self._enclosure = enclosure
        self._root = root
        self._known = known
        self._seen: dict[str, str] = {}  # the shown path of each directory by its real one
        self._waiting = [_Place(real=root, shown=shown, depth=0)]
        self._linked: list[_Place] = []

    def run(self) -> None:
        while self._waiting or self._linked:
            place = self._waiting.pop() if self._waiting else self._linked.pop(0)
            if place.real in self._seen:
                self.findings.note_second(place.shown, self._seen[place.real])
            elif place.depth > MAX_DEPTH:
                self.findings.note_deep(place.shown)
            else:
                self._seen[place.real] = place.shown
                self._enter(place)

    def _enter(self, place: _Place) -> None:
        """Visit all entries of a directory, in the order of names so that every run says the same."""
        try:
            descriptor = self._enclosure.open_directory(place.real, OPEN_DIRECTORY)
        except OSError as error:
            self._note_unlisted(place, error)
            return
        above, shown = place.real.rstrip("/") + "/", "" if place.shown == "." else f"{place.shown}/"
        try:
            for entry in self._list(descriptor, place):
                if not self._take_over(entry, above + entry.name, shown + entry.name):
                    inner = _Place(real=above + entry.name, shown=shown + escape(entry.name), depth=place.depth + 1)
                    self._visit(entry, descriptor, inner)
        finally:
            os.close(descriptor)

    def _list(self, descriptor: int, place: _Place) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(descriptor) as entries:
                return sorted([e for e in entries if not e.name.startswith(".")], key=_NAME)
        except OSError as error:
            self._note_unlisted(place, error)
            return []

    def _note_unlisted(self, place: _Place, error: OSError) -> None:
        if place.depth == 0 and isinstance(error, FileNotFoundError):
            self.vanished = True
        else:
            self.findings.note("JS008", place.shown, *_explain(error))

    def _visit(self, entry: os.DirEntry[str], descriptor: int, place: _Place) -> None:
        """Sort one entry in: a directory to walk, a file to read, or nothing of ours."""
        try:
            if entry.is_symlink():
                self._follow(entry.name, place)
            elif entry.is_dir(follow_symlinks=False):
                self._note_directory(entry.name, place, self._waiting)
            elif is_spec_name(entry.name):
                self._read(descriptor, place.real, place.shown)
        except OSError as error:
            self.findings.note("JS001", place.shown, *_explain(error))
        except Exception as error:  # noqa: BLE001  it concerns this entry and no other
            self.findings.note_bug(error, place.shown)

    def _take_over(self, entry: os.DirEntry[str], real: str, shown: str) -> bool:
        """Take a file over from the listing before, if it has not changed: one look for each of nearly all files."""
        known = self._known.get(shown)
        if known is None or known.signature is None or str(known.real_path) != real:
            return False
        try:
            is_same = known.signature == sign(entry.stat(follow_symlinks=False))
        except OSError:
            return False
        if is_same:
            self.findings.files.append(known)
        return is_same

    def _follow(self, name: str, link: _Place) -> None:
        """Follow a link, unless it leaves the root."""
        real = self._enclosure.find_real(link.real)
        if isinstance(real, Astray):
            if not real.is_outside or is_spec_name(name) or _may_hide_files(link.real):
                self.findings.note_astray(link.shown, real)
            return
        try:
            is_directory = stat.S_ISDIR(_look(self._enclosure, real).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            self.findings.note("JS001", link.shown, *NOWHERE)
            return
        if not is_directory and not is_spec_name(name):
            return
        if strip_top(real, self._root) is None:
            self.findings.note_outside(link.shown)
        elif is_directory:
            self._note_directory(name, replace(link, real=real), self._linked)
        else:
            self._read_linked(real, link.shown)

    def _note_directory(self, name: str, place: _Place, queue: list[_Place]) -> None:
        if is_spec_name(name):
            self.findings.note_directory(place.shown)
        else:
            queue.append(place)

    def _read_linked(self, real: str, shown: str) -> None:
        with _opened_parent(self._enclosure, real) as descriptor:
            self._read(descriptor, real, shown)

    def _read(self, descriptor: int, real: str, shown: str) -> None:
        """Read a file, or take it over from the listing before where it has not changed."""
        known = self._known.get(shown)
        if known is None or str(known.real_path) != real or known.signature != sign(_look_at(descriptor, real)):
            known = _read_entry(descriptor, real, shown)
        self.findings.files.append(known)


def _may_hide_files(link: str) -> bool:
    """Whether a link out of the enclosure may lead to a directory, of which nothing but this is asked."""
    return not os.path.exists(link) or os.path.isdir(link)  # noqa: PTH110, PTH112  a Path may raise


def sign(status: os.stat_result) -> Signature:
    """Make the signature of a file from its status."""
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def read_file(name: str, enclosure: Enclosure) -> SourceFile | None:
    """Read one file that something names.

    Args:
        name: From the project's directory on; it is also the name to show.
        enclosure: What must not be left.

    Returns:
        The file; None where nothing has this name, not even a link.
    """
    real = enclosure.find(name)
    if isinstance(real, Astray):
        code, reason, hint = explain_astray(real, enclosure.kind)
        return SourceFile(path=name, problem=refuse(code, name, reason, hint))
    try:
        with _opened_parent(enclosure, real) as descriptor:
            _look_at(descriptor, real)
            return _read_entry(descriptor, real, name)
    except (FileNotFoundError, NotADirectoryError):
        is_link = os.path.islink(os.path.join(enclosure.real, name))  # noqa: PTH114, PTH118
        return SourceFile(path=name, problem=refuse("JS001", name, *NOWHERE)) if is_link else None
    except OSError as error:
        return SourceFile(path=name, problem=refuse("JS001", name, *_explain(error)))


@contextmanager
def _opened_parent(enclosure: Enclosure, real: str) -> Iterator[int]:
    descriptor = enclosure.open_directory(real.rpartition("/")[0] or "/")
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _look(enclosure: Enclosure, real: str) -> os.stat_result:
    """Look at what is at a real path, which may be the top itself."""
    if real == enclosure.top:
        return os.lstat(real)
    with _opened_parent(enclosure, real) as descriptor:
        return _look_at(descriptor, real)


def _look_at(descriptor: int, real: str) -> os.stat_result:
    """Look at an entry of an open directory."""
    return os.stat(real.rpartition("/")[2], dir_fd=descriptor, follow_symlinks=False)


def _read_entry(descriptor: int, real: str, shown: str) -> SourceFile:
    """Read an entry of an open directory, without ever waiting for a pipe or following a link that came in between.

    Args:
        descriptor: The directory.
        real: The file, with all links resolved.
        shown: Its name to show.
    """
    try:
        for _ in range(_ATTEMPTS):
            before, data, after = _read_once(descriptor, real)
            if refusal := _judge(after, shown):
                return SourceFile(path=shown, real_path=Path(real), problem=refusal)
            if sign(before) == sign(after) and len(data) == after.st_size:
                return SourceFile(path=shown, real_path=Path(real), data=data, signature=_trust(after))
        problem = refuse("JS001", shown, "the file is being written to", "try again when that is done")
    except OSError as error:
        problem = refuse("JS001", shown, *_explain(error))
    return SourceFile(path=shown, real_path=Path(real), problem=problem)


def _read_once(directory: int, real: str) -> tuple[os.stat_result, bytes, os.stat_result]:
    """Read a file between two looks at its status; nothing of what is no spec file by its kind or size.

    A pipe or device is not even opened, as that can have effects of its own; one that takes the place of the file at
    this moment is opened without waiting, and not read.
    """
    before = _look_at(directory, real)
    if not _is_readable(before):
        return before, b"", before
    descriptor = os.open(real.rpartition("/")[2], _READ, dir_fd=directory)
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
        code, reason, hint = NOT_REGULAR
        return refuse(code, shown, reason, hint)
    return refuse_size(shown, status.st_size) if status.st_size > MAX_BYTES else None


_REASONS = {
    errno.EACCES: ("reading it is not permitted", "give read access to the account that runs this"),
    errno.EPERM: ("reading it is not permitted", "give read access to the account that runs this"),
    errno.ENOENT: ("it has vanished while it was read", "try again"),
    errno.ENOTDIR: ("it has vanished while it was read", "try again"),
    errno.ELOOP: ("a link has taken its place while it was read", "try again"),
}


def _explain(error: OSError) -> tuple[str, str]:
    """Say what kept us from reading, and what to do about it."""
    return _REASONS.get(error.errno or 0, (f"it cannot be read: {error.strerror or error}", "mend the file system"))
