"""What tells that something below a directory has changed, without reading a file.

The signature holds what a change cannot leave as it is: names, kinds, inodes, sizes, and times of change, which the
kernel sets and nobody can set back. So it also differs after a swap of links to files of equal times and sizes.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from jobspec.spec.enclosure import find_enclosure
from jobspec.spec.spec_files import is_spec_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MISSING = (0, 0)

_PLACE = len(MISSING)


def identify(path: Path) -> tuple[int, int]:
    """Say which file or directory a path leads to, links followed; `MISSING` for none."""
    try:
        status = path.stat()
    except OSError:
        return MISSING
    return status.st_dev, status.st_ino


def sign_file(path: Path) -> tuple[int, ...]:
    """Make a signature of one file, links followed."""
    try:
        return _sign(path.stat())
    except OSError as error:
        return (error.errno or 0,)


def list_inside(roots: Iterable[Path], directory: Path) -> list[Path]:
    """List the roots that do not lead out of their project's enclosure; the others are neither read nor watched.

    Args:
        roots: The roots.
        directory: The project's directory, whose links may have been swapped since.
    """
    enclosure = find_enclosure(directory)
    return [root for root in roots if isinstance(enclosure.find(root), str)]


def list_directories(roots: Iterable[Path]) -> list[str]:
    """List the directories below some roots that can be read, each once, links followed that stay in their root."""
    found: dict[tuple[int, ...], str] = {}
    for root in roots:
        for path, mark in _walk(root):
            if len(mark) == _PLACE and mark[0]:
                found.setdefault(mark, path)
    return list(found.values())


def sign_trees(roots: Iterable[Path]) -> int:
    """Make one signature of all spec files and directories below some roots, links followed.

    It is a hash of this process; how a directory orders its entries plays no part.
    """
    return hash(frozenset(entry for root in roots for entry in _walk(root)))


def _walk(root: Path) -> Iterable[tuple[str, tuple[int, ...]]]:
    """Walk below a root; directories come with their device and inode, or 0 and why they cannot be read."""
    top = os.path.realpath(root)
    waiting, seen = [str(root)], set[tuple[int, int]]()
    while waiting:
        directory = waiting.pop()
        place, found = _list(directory)
        yield directory, place
        if place in seen:
            continue
        seen.add(place)
        for entry in found:
            status = _look(entry)
            if isinstance(status, int):
                yield entry.path, (status,)
            elif not stat.S_ISDIR(status.st_mode):
                if is_spec_name(entry.name):
                    yield entry.path, _sign(status)
            elif not entry.is_symlink() or _is_below(entry.path, top):
                waiting.append(entry.path)


def _list(directory: str) -> tuple[tuple[int, int], list[os.DirEntry[str]]]:
    try:
        status = os.stat(directory)  # noqa: PTH116  half the time of a Path's
        with os.scandir(directory) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        return (0, error.errno or 0), []
    return (status.st_dev, status.st_ino), found


def _look(entry: os.DirEntry[str]) -> os.stat_result | int:
    try:
        return entry.stat()
    except OSError as error:
        return error.errno or 0


def _is_below(link: str, top: str) -> bool:
    """Whether a link to a directory stays in the tree; others are not read, and could lead through the whole disk."""
    return os.path.realpath(link).startswith(top.rstrip("/") + "/")


def _sign(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
