"""Files that a command was asked to write.

A regular file is replaced in one step, where its symlinks lead, so that a failed write leaves it as it was. Everything
else is written through: devices, FIFOs, and descriptors that the shell opened, such as `/dev/stdout` or `>(cat)`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import select
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jobspec.cli.output import say
from jobspec.errors import JobspecError, UsageError

_MOST_LINKS: Final = 40
"""How many symlinks Linux follows (include/linux/namei.h, MAXSYMLINKS)."""


class OutputError(JobspecError):
    """A file could not be written. If it is a regular file, it is as it was before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a path leads.

    Attributes:
        descriptor: The descriptor of this process that it names, as `/dev/stdout` does.
        file: The regular file to replace or create, with all symlinks resolved. If neither is set, the path is opened
            and written to.
        state: Of that file; None if it does not exist yet.
    """

    descriptor: int | None = None
    file: Path | None = None
    state: os.stat_result | None = None


def find_target(path: Path) -> Target:
    """Find out where a path leads, and whether that can be written to.

    Raises:
        UsageError: It cannot; the message says why.
    """
    if (descriptor := _find_descriptor(path)) is not None:
        _check_descriptor(path, descriptor)
        return Target(descriptor=descriptor)
    try:
        state = path.stat()
    except FileNotFoundError:
        return _find_new(path)
    except OSError as error:
        raise UsageError(_explain(path, _name(error))) from error
    if stat.S_ISDIR(state.st_mode):
        raise UsageError(_explain(path, "it is a directory"))
    if stat.S_ISSOCK(state.st_mode):
        raise UsageError(_explain(path, "it is a socket; name a file, a FIFO or a device"))
    if not os.access(path, os.W_OK):
        raise UsageError(_explain(path, "permission denied"))
    if not stat.S_ISREG(state.st_mode):
        return Target()
    file = Path(os.path.realpath(path))
    _check_directory(path, file)
    return Target(file=file, state=state)


def _find_new(path: Path) -> Target:
    """Find the place of a file that does not exist, which a symlink may name all the same."""
    file = Path(os.path.realpath(path))
    if not file.parent.is_dir():
        raise UsageError(_explain(path, "no such directory"))
    _check_directory(path, file)
    return Target(file=file)


def _check_directory(path: Path, file: Path) -> None:
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise UsageError(_explain(path, f"the directory `{file.parent}` is not writable"))


def _find_descriptor(path: Path) -> int | None:
    """Say which descriptor of this process a path names, itself or by symlinks.

    Opening such a path again would truncate a file that the shell is appending to, and fails for a socket.
    """
    descriptors = ("/dev/fd", f"/proc/{os.getpid()}/fd")
    for _ in range(_MOST_LINKS):
        directory = os.path.realpath(path.parent)
        if directory in descriptors and path.name.isascii() and path.name.isdigit():
            return int(path.name)
        try:
            path = Path(directory, Path(directory, path.name).readlink())
        except OSError:
            return None
    return None


def _check_descriptor(path: Path, descriptor: int) -> None:
    try:
        # Those that were opened here, by Python or by libraries, are not inheritable; what the shell handed over is.
        is_given = os.get_inheritable(descriptor)
        mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    except (OSError, OverflowError) as error:
        raise UsageError(_explain(path, f"descriptor {descriptor} is not open")) from error
    if not is_given:
        raise UsageError(_explain(path, f"descriptor {descriptor} is not open"))
    if mode == os.O_RDONLY:
        raise UsageError(_explain(path, f"descriptor {descriptor} is open for reading only"))


def write_file(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        UsageError: The path leads to something that cannot be written to.
        OutputError: Writing failed.
    """
    target, data = find_target(path), text.encode()
    try:
        if target.descriptor is not None:
            _write_all(target.descriptor, data)
        elif target.file is not None:
            _replace(target.file, target.state, data)
        else:
            _write_through(path, data)
    except OSError as error:
        raise OutputError(_explain(path, _name(error))) from error


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # a pipe that another process made non-blocking, and that is full
            select.select([], [descriptor], [])


def _write_through(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        say(f"Waiting for somebody to read `{path}`.")
        descriptor = os.open(path, flags)
    try:
        os.set_blocking(descriptor, True)
        _write_all(descriptor, data)
    finally:
        os.close(descriptor)


def _replace(file: Path, state: os.stat_result | None, data: bytes) -> None:
    temporary = file.with_name(f".jobspec-{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, 0o666 if state is None else 0o600)
        try:
            if state is not None:
                _take_over(descriptor, state)
                shutil.copystat(file, temporary)  # mode and, where the system has them, access lists
                os.utime(descriptor)
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(file)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _take_over(descriptor: int, state: os.stat_result) -> None:
    """Give a file the owner and the group of another; whoever may not keep both keeps what is allowed."""
    own = os.fstat(descriptor)
    for uid, gid in ((state.st_uid, -1), (-1, state.st_gid)):
        if uid not in (-1, own.st_uid) or gid not in (-1, own.st_gid):
            with suppress(PermissionError):
                os.fchown(descriptor, uid, gid)


def create_files(directory: Path, texts: dict[str, str]) -> None:
    """Create files, all of them or none; what exists is never overwritten, nor is anything that a symlink leads to.

    Args:
        directory: Created if it does not exist.
        texts: Contents by path below the directory.

    Raises:
        UsageError: One of them cannot be created there.
        OutputError: Writing failed.
    """
    created: list[Path] = []
    try:
        for name in texts:
            _create(directory / name, created)
        for name, text in texts.items():
            _fill(directory / name, text)
    except BaseException:
        for path in reversed(created):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        raise


def _create(path: Path, created: list[Path]) -> None:
    try:
        for directory in [each for each in reversed(path.parents) if not os.path.lexists(each)]:
            directory.mkdir()
            created.append(directory)
        path.open("x").close()
        created.append(path)
    except OSError as error:
        raise UsageError(f"{_explain(path, _name(error))}; name a directory that can hold a project") from error


def _fill(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(_explain(path, _name(error))) from error


def _explain(path: Path, reason: str) -> str:
    return f"`{path}` cannot be written: {reason}"


def _name(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
