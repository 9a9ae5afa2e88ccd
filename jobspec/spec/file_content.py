"""The content of one file, read without ever waiting, following a link, or reading more than a spec file may have."""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.spec.links import Astray
from jobspec.spec.spec_files import (
    MAX_BYTES,
    NOT_REGULAR,
    NOWHERE,
    Signature,
    SourceFile,
    explain_astray,
    refuse,
    refuse_size,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.diagnostics import Diagnostic
    from jobspec.spec.enclosure import Enclosure

# A file system may keep times as coarse as this, so a file touched later could change again and look the same: git's
# "racily clean" entries (https://git-scm.com/docs/racy-git).
_COARSE_NS = 2_000_000_000

_ATTEMPTS = 3

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC


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
        with opened_parent(enclosure, real) as descriptor:
            look_at(descriptor, real)
            return read_entry(descriptor, real, name)
    except (FileNotFoundError, NotADirectoryError):
        is_link = os.path.islink(os.path.join(enclosure.real, name))  # noqa: PTH114, PTH118
        return SourceFile(path=name, problem=refuse("JS001", name, *NOWHERE)) if is_link else None
    except OSError as error:
        return SourceFile(path=name, problem=refuse("JS001", name, *explain_failure(error)))


@contextmanager
def opened_parent(enclosure: Enclosure, real: str) -> Iterator[int]:
    """Open the directory that a real path lies in, and close it again.

    Raises:
        OSError: It is not there, or is not what it was when it was found.
    """
    descriptor = enclosure.open_directory(real.rpartition("/")[0] or "/")
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def look(enclosure: Enclosure, real: str) -> os.stat_result:
    """Look at what is at a real path, which may be the top itself."""
    if real == enclosure.top:
        return os.lstat(real)
    with opened_parent(enclosure, real) as descriptor:
        return look_at(descriptor, real)


def look_at(descriptor: int, real: str) -> os.stat_result:
    """Look at an entry of an open directory."""
    return os.stat(real.rpartition("/")[2], dir_fd=descriptor, follow_symlinks=False)


def read_entry(descriptor: int, real: str, shown: str) -> SourceFile:
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
        problem = refuse("JS001", shown, *explain_failure(error))
    return SourceFile(path=shown, real_path=Path(real), problem=problem)


def _read_once(directory: int, real: str) -> tuple[os.stat_result, bytes, os.stat_result]:
    """Read a file between two looks at its status; nothing of what is no spec file by its kind or size.

    A pipe or device is not even opened, as that can have effects of its own; one that takes the place of the file at
    this moment is opened without waiting, and not read.
    """
    before = look_at(directory, real)
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


def explain_failure(error: OSError) -> tuple[str, str]:
    """Say what kept us from reading, and what to do about it."""
    return _REASONS.get(error.errno or 0, (f"it cannot be read: {error.strerror or error}", "mend the file system"))
