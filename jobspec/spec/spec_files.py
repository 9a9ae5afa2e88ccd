"""What a source of specs found: its files as bytes, and what could hide files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from jobspec.bugs import HINT, describe_bug
from jobspec.diagnostics import RULES, Diagnostic, Location
from jobspec.spec.positions import escape, quote

if TYPE_CHECKING:
    from jobspec.spec.links import Astray

MAX_BYTES = 1 << 20
"""How large a spec file may be: far more than people write, and little enough to be read by anybody."""

MAX_DEPTH = 64
"""How many directories may lie in each other below a spec root."""

SUFFIXES = (".yaml", ".yml", ".toml")
"""How the names of spec files end, in any case."""

PROJECT_FILE = "jobspec.toml"

NOWHERE = ("the symlink leads nowhere", "remove the symlink, or mend what it points to")
"""What to say of a link behind which nothing is, with what to do about it."""

NOT_REGULAR = ("JS002", "this is no regular file", "rename it, as its name is that of a spec file")
"""What to say of a directory, pipe, socket or device in the place of a file: code, reason and hint."""

NO_DIRECTORY = ("JS002", "it is not a directory", "name the directory that holds the files")
"""What to say of a spec root that is something else: code, reason and hint."""

Signature: TypeAlias = tuple[int, int, int, int]
"""Modification and change time in nanoseconds, size and inode: while it is equal, so is the content."""


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
        problems: What else could hide files: unreadable directories, links to directories that lead outside.
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


@dataclass(slots=True)
class ListingDraft:
    """What a walk over a source has found so far."""

    files: list[SourceFile] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)

    def make_listing(self, root: str) -> Listing:
        """Put the files in the order of their paths, directory by directory."""
        files = sorted(self.files, key=lambda file: file.path.replace("/", "\0"))  # which sorts before all in a name
        return Listing(root=root, files=tuple(files), problems=tuple(self.problems))

    def note(self, code: str, shown: str, message: str, hint: str) -> None:
        """Note a problem: with the file if it concerns what has the name of one, else with the listing."""
        problem = refuse(code, shown, message, hint)
        if is_spec_name(shown.rpartition("/")[2]):
            self.files.append(SourceFile(path=shown, problem=problem))
        else:
            self.problems.append(problem)

    def note_bug(self, error: Exception, shown: str) -> None:
        """Note that something could not be read because of a bug."""
        self.note("JS901", shown, f"a bug in jobspec keeps this from being read ({describe_bug(error)})", HINT)

    def note_astray(self, shown: str, link: Astray) -> None:
        """Note a link that leads out of all that may be read, or in a circle."""
        code, reason, hint = explain_astray(link, "spec root")
        self.note(code, shown, reason, hint)

    def note_outside(self, shown: str) -> None:
        """Note a link that leads out of the root."""
        self.note(
            "JS003", shown, "the symlink leads out of the spec root", "put the files themselves into the spec root"
        )

    def note_deep(self, shown: str) -> None:
        """Note a directory that lies too deep."""
        message = f"more than {MAX_DEPTH} directories lie in each other here, and those below are not read"
        self.note("JS008", shown, message, "move its files further up")

    def note_directory(self, shown: str) -> None:
        """Note a directory that has the name of a file."""
        self.note("JS002", shown, "this is a directory, but its name is that of a spec file", "rename it")

    def note_second(self, shown: str, first: str) -> None:
        """Note a link to a directory that was read already."""
        self.note("JS009", shown, f"the symlink leads to {quote(first)}, which is read already", "remove the symlink")


def is_spec_name(name: str) -> bool:
    """Whether a file of this name holds jobs or defaults."""
    return name.lower().endswith(SUFFIXES) and name != PROJECT_FILE and not name.startswith(".")


def show_path(path: Path, relative_to: Path) -> str:
    """Name a path as the user would: relative to a directory that it lies in, else whole."""
    absolute, start = Path(os.path.abspath(path)), Path(os.path.abspath(relative_to))  # noqa: PTH100 - keeps links
    for base in (start, Path(os.path.realpath(start))):
        if absolute.is_relative_to(base):
            return escape(absolute.relative_to(base).as_posix())
    return escape(absolute.as_posix())


def refuse(code: str, shown: str, message: str, hint: str) -> Diagnostic:
    """Make a diagnostic that concerns a whole file or directory."""
    return Diagnostic(
        code=code, message=message, location=Location(path=shown), severity=RULES[code].severity, hint=hint
    )


def refuse_root(shown: str, code: str, reason: str, hint: str, named_at: Location | None) -> Listing:
    """Make the listing of a root that cannot be read at all.

    Args:
        shown: Its name to show.
        code: Of the diagnostic.
        reason: Why, as a clause.
        hint: What to do about it.
        named_at: Where the root is named; default: the root itself.
    """
    message = f"the spec root {quote(shown)} cannot be read: {reason}"
    problem = replace(refuse(code, shown, message, hint), location=named_at or Location(path=shown))
    return Listing(root=shown, problems=(problem,))


def explain_astray(astray: Astray, into: str, *, in_circle: str = "JS001") -> tuple[str, str, str]:
    """Give code, reason and hint for a path that leads astray.

    Args:
        astray: How.
        into: Where to copy what it leads to.
        in_circle: The code for one that leads in a circle.
    """
    if astray.is_outside:
        return "JS003", astray.reason, f"put the files themselves into the {into}"
    return in_circle, astray.reason, "remove the symlink"


def refuse_size(shown: str, size: int) -> Diagnostic:
    """Say that a file is too large."""
    message = f"the file has {size:,} bytes, more than the {MAX_BYTES:,} that a spec file may have"
    return refuse("JS004", shown, message, "split it into several files")
