"""Find and read the spec files below a directory.

Nothing that the file system can do may hang this, hide a job or read what is
elsewhere: what cannot be read becomes a problem of its file or directory, so
that its jobs are known to be missing instead of taken for deleted.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.spec.enclosure import OPEN_DIRECTORY
from jobspec.spec.file_content import explain_failure, look, look_at, opened_parent, read_entry, sign
from jobspec.spec.links import Astray, strip_top
from jobspec.spec.positions import escape
from jobspec.spec.spec_files import (
    MAX_DEPTH,
    NO_DIRECTORY,
    NOWHERE,
    Listing,
    ListingDraft,
    SourceFile,
    explain_astray,
    is_spec_name,
    refuse_root,
    show_path,
)

if TYPE_CHECKING:
    from jobspec.diagnostics import Location
    from jobspec.spec.enclosure import Enclosure

_NAME = attrgetter("name")


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
        is_directory = stat.S_ISDIR(look(enclosure, real).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return Listing(root=shown, missing=True)
    except OSError as error:
        return refuse_root(shown, "JS008", *explain_failure(error), named_at)
    if not is_directory:
        return refuse_root(shown, *NO_DIRECTORY, named_at)
    walk = _Walk(enclosure, real, shown, {file.path: file for file in previous.files} if previous else {})
    walk.run()
    return Listing(root=shown, missing=True) if walk.vanished else walk.draft.make_listing(shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A directory on the walk, or an entry of one."""

    real: str
    shown: str
    depth: int


class _Walk:
    """One walk over a tree: links to directories come last, so that a directory is shown under its own name."""

    def __init__(self, enclosure: Enclosure, root: str, shown: str, known: dict[str, SourceFile]) -> None:
        self.draft = ListingDraft()
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
                self.draft.note_second(place.shown, self._seen[place.real])
            elif place.depth > MAX_DEPTH:
                self.draft.note_deep(place.shown)
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
            self.draft.note("JS008", place.shown, *explain_failure(error))

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
            self.draft.note("JS001", place.shown, *explain_failure(error))
        except Exception as error:  # noqa: BLE001  it concerns this entry and no other
            self.draft.note_bug(error, place.shown)

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
            self.draft.files.append(known)
        return is_same

    def _follow(self, name: str, link: _Place) -> None:
        """Follow a link, unless it leaves the root."""
        real = self._enclosure.find_real(link.real)
        if isinstance(real, Astray):
            if not real.is_outside or is_spec_name(name) or _may_hide_files(link.real):
                self.draft.note_astray(link.shown, real)
            return
        try:
            is_directory = stat.S_ISDIR(look(self._enclosure, real).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            self.draft.note("JS001", link.shown, *NOWHERE)
            return
        if not is_directory and not is_spec_name(name):
            return
        if strip_top(real, self._root) is None:
            self.draft.note_outside(link.shown)
        elif is_directory:
            self._note_directory(name, replace(link, real=real), self._linked)
        else:
            self._read_linked(real, link.shown)

    def _note_directory(self, name: str, place: _Place, queue: list[_Place]) -> None:
        if is_spec_name(name):
            self.draft.note_directory(place.shown)
        else:
            queue.append(place)

    def _read_linked(self, real: str, shown: str) -> None:
        with opened_parent(self._enclosure, real) as descriptor:
            self._read(descriptor, real, shown)

    def _read(self, descriptor: int, real: str, shown: str) -> None:
        """Read a file, or take it over from the listing before where it has not changed."""
        known = self._known.get(shown)
        if known is None or str(known.real_path) != real or known.signature != sign(look_at(descriptor, real)):
            known = read_entry(descriptor, real, shown)
        self.draft.files.append(known)


def _may_hide_files(link: str) -> bool:
    """Whether a link out of the enclosure may lead to a directory, of which nothing but this is asked."""
    return not os.path.exists(link) or os.path.isdir(link)  # noqa: PTH110, PTH112  a Path may raise
