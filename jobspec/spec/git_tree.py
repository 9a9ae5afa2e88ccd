"""Find and read the spec files of a commit, as :mod:`jobspec.spec.directory` does for a directory.

Nothing is checked out: git lists the tree and hands out its blobs. Links are followed inside the tree only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from jobspec.errors import UsageError
from jobspec.spec.git import find_commit, find_top, run_git
from jobspec.spec.listing import MAX_BYTES, Findings, Listing, SourceFile, is_spec_name, refuse, refuse_size, show_path
from jobspec.spec.positions import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINK, _SUBMODULE = "120000", "160000"  # modes of entries, as `git ls-tree` prints them
_OUTSIDE, _NOWHERE, _CIRCLE = (
    "the link leads out of the repository",
    "the link leads nowhere",
    "the link leads in a circle",
)
_MAX_LINKS = 40  # in one path, as Linux has it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blob:
    mode: str
    name: str  # its hash
    size: int


_Directory: TypeAlias = "dict[str, _Blob | _Directory]"


class GitTree:
    """All entries of a commit, and where its links lead.

    Args:
        repository: A directory in the working tree of the repository.
        commit: The commit, in any way that git can name one.

    Raises:
        UsageError: There is no git, no repository, or no such commit, or git cannot read it.
    """

    def __init__(self, repository: Path, commit: str) -> None:
        self._repository = repository
        self._top = find_top(repository)
        self._entries: _Directory = {}
        links: set[str] = set()
        tree = find_commit(repository, commit)
        for line in run_git(Path(self._top), "ls-tree", "-r", "-z", "-l", "--full-tree", tree).split(b"\0")[:-1]:
            head, _, path = line.partition(b"\t")
            mode, _, name, size = os.fsdecode(head).split()
            blob = _Blob(mode=mode, name=name, size=int(size) if size.isdigit() else 0)
            self._add(os.fsdecode(path).split("/"), blob)
            if mode == _LINK:
                links.add(name)
        self._links = {name: os.fsdecode(target) for name, target in _read_blobs(self._top, links).items()}

    def _add(self, path: list[str], blob: _Blob) -> None:
        directory = self._entries
        for part in path[:-1]:
            inner = directory.setdefault(part, {})
            if isinstance(inner, dict):  # always: git has no file and directory of one name
                directory = inner
        directory[path[-1]] = blob

    def read_specs(self, root: Path, *, shown_relative_to: Path) -> Listing:
        """Read all spec files below a directory.

        Args:
            root: The directory as it is named in the working tree; it need not exist there.
            shown_relative_to: The directory that shown paths are relative to, where they lie in it.
        """
        shown = show_path(root, shown_relative_to)
        found = self.resolve(self._find_inside(root))
        if isinstance(found, str) or isinstance(found[1], _Blob):
            return Listing(root=shown, missing=True)
        walk = _Walk(self, found[0])
        walk.run(found[1], shown)
        contents = _read_blobs(self._top, {blob.name for _, blob in walk.blobs})
        walk.findings.files += [SourceFile(path=path, data=contents[blob.name]) for path, blob in walk.blobs]
        return walk.findings.make_listing(shown)

    def read_file(self, path: Path, shown: str, *, inside: Iterable[Path]) -> SourceFile | None:
        """Read one file.

        Args:
            path: The file as it is named in the working tree.
            shown: Its name to show.
            inside: Directories in one of which it must lie, wherever links lead.

        Returns:
            The file; None where there is none.
        """
        found = self.resolve(self._find_inside(path))
        if found == _OUTSIDE:
            return SourceFile(path=shown, problem=refuse("JS003", shown, found, "copy the file into the project"))
        if isinstance(found, str) or not isinstance(found[1], _Blob):
            return None
        real, blob = found[0], found[1]
        if not any(f"{real}/".startswith(f"{top}/" if top else "") for top in map(self._find_real, inside)):
            return SourceFile(path=shown, problem=refuse("JS003", shown, _OUTSIDE, "copy the file into the project"))
        if blob.size > MAX_BYTES:
            return SourceFile(path=shown, problem=refuse_size(shown, blob.size))
        return SourceFile(path=shown, data=_read_blobs(self._top, {blob.name})[blob.name])

    def _find_real(self, directory: Path) -> str:
        found = self.resolve(self._find_inside(directory))
        return self._find_inside(directory) if isinstance(found, str) else found[0]

    def _find_inside(self, path: Path) -> str:
        """Name a path from the top of the repository, without following links below it: the commit has its own."""
        relative = os.path.relpath(path, self._repository)
        here = os.path.join(os.path.realpath(self._repository), relative)  # noqa: PTH118 - keeps links
        return os.path.relpath(here, self._top)

    def resolve(self, path: str) -> tuple[str, _Blob | _Directory] | str:
        """Follow a path from the top of the tree; what is wrong with it where it leads nowhere."""
        done: list[tuple[str, _Directory]] = [("", self._entries)]
        ahead = _split(path)
        links = 0
        while ahead:
            part = ahead.pop()
            real, directory = done[-1]
            entry = directory.get(part)
            if part == "..":
                done.pop()
                if not done:
                    return _OUTSIDE
            elif isinstance(entry, dict):
                done.append((_join(real, part), entry))
            elif entry is not None and entry.mode == _LINK:
                links += 1
                target = self._links[entry.name]
                if links > _MAX_LINKS or target.startswith("/"):
                    return _CIRCLE if links > _MAX_LINKS else _OUTSIDE
                ahead += _split(target)
            else:
                return _NOWHERE if entry is None or ahead else (_join(real, part), entry)
        return done[-1]


def _split(path: str) -> list[str]:
    """Take a path apart, the last part first."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _join(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name


class _Walk:
    """One walk below a root: links to directories come last, so that a directory is shown under its own name."""

    def __init__(self, tree: GitTree, root: str) -> None:
        self.findings = Findings()
        self.blobs: list[tuple[str, _Blob]] = []  # what is to be read, with the path to show
        self._tree = tree
        self._root = root
        self._seen: dict[str, str] = {}
        self._waiting: list[tuple[str, _Directory, str]] = []
        self._linked: list[tuple[str, _Directory, str]] = []

    def run(self, root: _Directory, shown: str) -> None:
        self._waiting.append((self._root, root, shown))
        while self._waiting or self._linked:
            real, directory, shown = self._waiting.pop() if self._waiting else self._linked.pop(0)
            if real in self._seen:
                self.findings.note_second(shown, self._seen[real])
                continue
            self._seen[real] = shown
            for name in sorted(directory):
                if not name.startswith("."):
                    inner = escape(name) if shown == "." else f"{shown}/{escape(name)}"
                    self._visit(_join(real, name), name, directory[name], inner)

    def _visit(self, real: str, name: str, entry: _Blob | _Directory, shown: str) -> None:
        if not isinstance(entry, _Blob):
            self._enter((real, entry, shown), name, self._waiting)
        elif entry.mode == _LINK:
            self._follow(real, name, shown)
        elif entry.mode == _SUBMODULE:
            self.findings.note(
                "JS008", shown, "this is a submodule, and its files are not in this repository", "move them into it"
            )
        elif is_spec_name(name):
            self._take(shown, entry)

    def _follow(self, real: str, name: str, shown: str) -> None:
        """Follow a link, unless it leaves the root."""
        found = self._tree.resolve(real)
        if isinstance(found, str):
            code = "JS003" if found == _OUTSIDE else "JS001"
            self.findings.note(code, shown, found, "remove the link, or mend what it points to")
            return
        target, entry = found
        if isinstance(entry, _Blob) and not is_spec_name(name):
            return
        if not f"{target}/".startswith(f"{self._root}/" if self._root else ""):
            self.findings.note_outside(shown)
        elif isinstance(entry, _Blob):
            self._take(shown, entry)
        else:
            self._enter((target, entry, shown), name, self._linked)

    def _enter(self, found: tuple[str, _Directory, str], name: str, queue: list[tuple[str, _Directory, str]]) -> None:
        if is_spec_name(name):
            self.findings.note_directory(found[2])
        else:
            queue.append(found)

    def _take(self, shown: str, blob: _Blob) -> None:
        if blob.size > MAX_BYTES:
            self.findings.files.append(SourceFile(path=shown, problem=refuse_size(shown, blob.size)))
        else:
            self.blobs.append((shown, blob))


def _read_blobs(top: str, names: set[str]) -> dict[str, bytes]:
    """Read blobs by their hashes."""
    if not names:
        return {}
    output = run_git(Path(top), "cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    blobs: dict[str, bytes] = {}
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        name, _, size = output[at:end].decode().partition(" blob ")
        if not size:
            raise UsageError(f"git has no object {name.split()[0]}; fetch the whole history of the commit")
        blobs[name] = output[end + 1 : end + 1 + int(size)]
        at = end + int(size) + 2
    return blobs
