"""Find and read the spec files of a commit, as :mod:`jobspec.spec.directory` does for a directory.

Nothing is checked out: git lists the tree and hands out its blobs. Links are followed inside the tree only.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from jobspec.errors import UsageError
from jobspec.spec.listing import MAX_BYTES, Findings, Listing, SourceFile, is_spec_name, refuse_size, show_path
from jobspec.spec.positions import escape, quote

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


def read_git_tree(repository: Path, ref: str, root: Path, *, shown_relative_to: Path) -> Listing:
    """Read all spec files below a directory as they are in a commit.

    Args:
        repository: A directory in the working tree of the repository.
        ref: The commit, in any way that git can name one.
        root: The directory as it is named in the working tree; it need not exist there.
        shown_relative_to: The directory that shown paths are relative to, where they lie in it.

    Raises:
        UsageError: There is no git, no repository, or no such commit, or git cannot read it.
    """
    if ref.startswith("-"):
        raise UsageError(f"{quote(ref)} is no name of a commit")
    top = os.fsdecode(_run_git(repository, "rev-parse", "--show-toplevel")).rstrip("\n")
    commit = os.fsdecode(_run_git(repository, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")).strip()
    shown = show_path(root, shown_relative_to)
    tree = _Tree(top, commit)
    found = tree.resolve(_find_inside(repository, root, top))
    if isinstance(found, str) or isinstance(found[1], _Blob):
        return Listing(root=shown, missing=True)
    walk = _Walk(tree, found[0])
    walk.run(found[1], shown)
    contents = _read_blobs(top, {blob.name for _, blob in walk.blobs})
    walk.findings.files += [SourceFile(path=path, data=contents[blob.name]) for path, blob in walk.blobs]
    return walk.findings.make_listing(shown)


class _Tree:
    """All entries of a commit, and where its links lead."""

    def __init__(self, top: str, commit: str) -> None:
        self._entries: _Directory = {}
        links: set[str] = set()
        for line in _run_git(Path(top), "ls-tree", "-r", "-z", "-l", "--full-tree", commit).split(b"\0")[:-1]:
            head, _, path = line.partition(b"\t")
            mode, _, name, size = os.fsdecode(head).split()
            blob = _Blob(mode=mode, name=name, size=int(size) if size.isdigit() else 0)
            self._add(os.fsdecode(path).split("/"), blob)
            if mode == _LINK:
                links.add(name)
        self._links = {name: os.fsdecode(target) for name, target in _read_blobs(top, links).items()}

    def _add(self, path: list[str], blob: _Blob) -> None:
        directory = self._entries
        for part in path[:-1]:
            inner = directory.setdefault(part, {})
            if isinstance(inner, dict):  # always: git has no file and directory of one name
                directory = inner
        directory[path[-1]] = blob

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

    def __init__(self, tree: _Tree, root: str) -> None:
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


def _find_inside(repository: Path, root: Path, top: str) -> str:
    """Name the root from the top of the repository, without following links below it: the commit has its own."""
    relative = os.path.relpath(root, repository)
    return os.path.relpath(os.path.join(os.path.realpath(repository), relative), top)  # noqa: PTH118 - keeps links


def _read_blobs(top: str, names: set[str]) -> dict[str, bytes]:
    """Read blobs by their hashes."""
    if not names:
        return {}
    output = _run_git(Path(top), "cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
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


def _run_git(directory: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run git and return what it prints.

    Raises:
        UsageError: It is not installed, or failed.
    """
    command = ["git", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)  # noqa: S603 - arguments, no shell
    except FileNotFoundError as error:
        raise UsageError("git is needed to read a commit, and is not installed") from error
    if done.returncode == 0:
        return done.stdout
    said = escape(done.stderr.decode("utf-8", "replace").strip().split("\n")[-1])
    raise UsageError(f"git cannot read {quote(arguments[-1])}: {said or 'there is no such commit'}")
