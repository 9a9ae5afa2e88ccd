"""Find and read the spec files of a commit, as :mod:`jobspec.spec.directory` does for a directory.

Nothing is checked out: git lists the tree and hands out its blobs. Links are followed inside the tree only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from jobspec.spec.git import BlobReader, find_commit, find_top, run_git
from jobspec.spec.links import Astray, follow_links
from jobspec.spec.positions import escape
from jobspec.spec.spec_files import (
    MAX_BYTES,
    MAX_DEPTH,
    NO_DIRECTORY,
    NOT_REGULAR,
    NOWHERE,
    Listing,
    ListingDraft,
    SourceFile,
    explain_astray,
    is_spec_name,
    refuse,
    refuse_root,
    refuse_size,
    show_path,
)

if TYPE_CHECKING:
    from jobspec.diagnostics import Location

_LINK, _SUBMODULE = "120000", "160000"  # modes of entries, as `git ls-tree` prints them
_MAX_TARGET = 4096  # bytes that a link may say, as on Linux (PATH_MAX)
_NOTHING = b"\0"  # where longer ones lead: nothing has this name
_AROUND = "repository"
_IS_SUBMODULE = ("this is a submodule, and its files are not in this repository", "move them into it")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blob:
    mode: str
    name: str  # its hash
    size: int


_Directory: TypeAlias = "dict[str, _Blob | _Directory]"


class GitTree:
    """All entries of a commit, and where its links lead; at the end of its context the git process that it uses ends.

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
        links: dict[str, str] = {}
        tree = find_commit(repository, commit)
        for line in run_git(Path(self._top), "ls-tree", "-r", "-z", "-l", "--full-tree", tree).split(b"\0")[:-1]:
            head, _, name = line.partition(b"\t")
            mode, _, digest, size = os.fsdecode(head).split()
            path = os.fsdecode(name)
            blob = _Blob(mode=mode, name=digest, size=int(size) if size.isdigit() else 0)
            self._add(path.split("/"), blob)
            if mode == _LINK:
                links[path] = digest if blob.size <= _MAX_TARGET else ""
        self._blobs = BlobReader(Path(self._top))
        self._links = {
            path: os.fsdecode(self._blobs.read(digest) if digest else _NOTHING) for path, digest in links.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the git process that reads files."""
        self._blobs.close()

    def _add(self, path: list[str], blob: _Blob) -> None:
        directory = self._entries
        for part in path[:-1]:
            inner = directory.setdefault(part, {})
            if isinstance(inner, dict):  # always: git has no file and directory of one name
                directory = inner
        directory[path[-1]] = blob

    def read_specs(self, root: Path, *, named_at: Location | None = None) -> Listing:
        """Read all spec files below a directory.

        Args:
            root: The directory as it is named in the working tree; it need not exist there.
            named_at: Where the root is named, for what is wrong with it as a whole; default: the root itself.
        """
        shown = show_path(root, self._repository)
        real = self._find_real(root)
        if isinstance(real, Astray):
            return refuse_root(shown, *explain_astray(real, _AROUND, in_circle="JS008"), named_at)
        entry = self._get(real)
        if entry is None:
            return Listing(root=shown, missing=True)
        if isinstance(entry, _Blob):
            why = ("JS008", *_IS_SUBMODULE) if entry.mode == _SUBMODULE else NO_DIRECTORY
            return refuse_root(shown, *why, named_at)
        walk = _Walk(self, real)
        walk.run(entry, shown)
        walk.draft.files += [SourceFile(path=path, data=self._blobs.read(blob.name)) for path, blob in walk.blobs]
        return walk.draft.make_listing(shown)

    def read_file(self, path: Path, shown: str) -> SourceFile | None:
        """Read one file.

        Args:
            path: The file as it is named in the working tree.
            shown: Its name to show.

        Returns:
            The file; None where nothing has this name, not even a link.
        """
        real = self._find_real(path)
        if isinstance(real, Astray):
            code, reason, hint = explain_astray(real, _AROUND)
            return SourceFile(path=shown, problem=refuse(code, shown, reason, hint))
        blob = self._get(real)
        if not isinstance(blob, _Blob) or blob.mode == _SUBMODULE:
            if blob is None and self._find_inside(path) not in self._links:
                return None
            code, reason, hint = ("JS001", *NOWHERE) if blob is None else NOT_REGULAR
            return SourceFile(path=shown, problem=refuse(code, shown, reason, hint))
        if blob.size > MAX_BYTES:
            return SourceFile(path=shown, problem=refuse_size(shown, blob.size))
        return SourceFile(path=shown, data=self._blobs.read(blob.name))

    def _find_inside(self, path: Path) -> str:
        """Name a path from the top of the repository, without following links below it: the commit has its own."""
        relative = os.path.relpath(path, self._repository)
        here = os.path.join(os.path.realpath(self._repository), relative)  # noqa: PTH118 - keeps links
        return os.path.relpath(here, self._top)

    def _find_real(self, path: Path) -> str | Astray:
        return self.follow(self._find_inside(path))

    def follow(self, path: str) -> str | Astray:
        """Follow a path from the top of the tree to where it really leads, whether or not something is there."""
        return follow_links(path, self._links.get, around=_AROUND)

    def resolve(self, path: str) -> tuple[str, _Blob | _Directory | None] | Astray:
        """Follow a path from the top of the tree; with what is there, or None."""
        real = self.follow(path)
        return real if isinstance(real, Astray) else (real, self._get(real))

    def _get(self, real: str) -> _Blob | _Directory | None:
        """Give what is at a real path."""
        found: _Blob | _Directory | None = self._entries
        for part in real.split("/") if real else ():
            found = found.get(part) if isinstance(found, dict) else None
        return found


def _join(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A directory on the walk."""

    real: str
    entries: _Directory
    shown: str
    depth: int


class _Walk:
    """One walk below a root: links to directories come last, so that a directory is shown under its own name."""

    def __init__(self, tree: GitTree, root: str) -> None:
        self.draft = ListingDraft()
        self.blobs: list[tuple[str, _Blob]] = []  # what is to be read, with the path to show
        self._tree = tree
        self._root = root
        self._seen: dict[str, str] = {}
        self._waiting: list[_Place] = []
        self._linked: list[_Place] = []

    def run(self, root: _Directory, shown: str) -> None:
        self._waiting.append(_Place(real=self._root, entries=root, shown=shown, depth=0))
        while self._waiting or self._linked:
            place = self._waiting.pop() if self._waiting else self._linked.pop(0)
            if place.real in self._seen:
                self.draft.note_second(place.shown, self._seen[place.real])
            elif place.depth > MAX_DEPTH:
                self.draft.note_deep(place.shown)
            else:
                self._seen[place.real] = place.shown
                self._enter(place)

    def _enter(self, place: _Place) -> None:
        for name in sorted(place.entries):
            if not name.startswith("."):
                shown = escape(name) if place.shown == "." else f"{place.shown}/{escape(name)}"
                try:
                    self._visit(name, place.entries[name], _join(place.real, name), shown, place.depth + 1)
                except Exception as error:  # noqa: BLE001  it concerns this entry and no other
                    self.draft.note_bug(error, shown)

    def _visit(self, name: str, entry: _Blob | _Directory, real: str, shown: str, depth: int) -> None:
        if not isinstance(entry, _Blob):
            self._note_directory(name, _Place(real=real, entries=entry, shown=shown, depth=depth), self._waiting)
        elif entry.mode == _LINK:
            self._follow(name, real, shown, depth)
        elif entry.mode == _SUBMODULE:
            self.draft.note("JS008", shown, *_IS_SUBMODULE)
        elif is_spec_name(name):
            self._take(shown, entry)

    def _follow(self, name: str, link: str, shown: str, depth: int) -> None:
        """Follow a link, unless it leaves the root."""
        found = self._tree.resolve(link)
        if isinstance(found, Astray):
            self.draft.note_astray(shown, found)
            return
        real, entry = found
        if entry is None:
            self.draft.note("JS001", shown, *NOWHERE)
        elif isinstance(entry, _Blob) and not is_spec_name(name):
            return
        elif not f"{real}/".startswith(f"{self._root}/" if self._root else ""):
            self.draft.note_outside(shown)
        elif isinstance(entry, _Blob):
            self._take(shown, entry)
        else:
            self._note_directory(name, _Place(real=real, entries=entry, shown=shown, depth=depth), self._linked)

    def _note_directory(self, name: str, place: _Place, queue: list[_Place]) -> None:
        if is_spec_name(name):
            self.draft.note_directory(place.shown)
        else:
            queue.append(place)

    def _take(self, shown: str, blob: _Blob) -> None:
        if blob.size > MAX_BYTES:
            self.draft.files.append(SourceFile(path=shown, problem=refuse_size(shown, blob.size)))
        else:
            self.blobs.append((shown, blob))
