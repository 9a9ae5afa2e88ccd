"""Where links lead, by one rule for what is on disk and for what a commit holds: never out of a directory.

A repository may hold a link to any file of the machine that checks it out. So a link is never left to the kernel: each
one is read, and judged before anything behind it is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobspec.spec.positions import quote

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LINKS = 40
"""How many links may follow one another in a path, as on Linux (path_resolution(7))."""

_CIRCLE = f"the symlink leads in a circle, or through more than {MAX_LINKS} others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Astray:
    """A path that leads to nothing that may be read.

    Attributes:
        reason: What is wrong with it, for a person; says where it leads and nothing of what is there.
        is_outside: Whether it leads out; else in a circle.
    """

    reason: str
    is_outside: bool


def follow_links(path: str, read_link: Callable[[str], str | None], *, around: str, top: str = "") -> str | Astray:
    """Follow a path to where it really leads, whether or not something is there.

    Args:
        path: The path, from the directory that it may not leave.
        read_link: Gives what a link says, by its real path from there; None for what is not a link.
        around: What to call that directory.
        top: Where it is, for links that name a place from the root of the file system; without it those lead out.

    Returns:
        The real path from there; the empty text for the directory itself.
    """
    done: list[str] = []
    ahead = _split(path)
    link, links = "", 0
    while ahead:
        part = ahead.pop()
        if part == "..":
            if not done:
                return _refuse(link, f"outside the {around}")
            done.pop()
            continue
        if part.lower() == ".git":
            return _refuse(link, "among git's own files, which are never read")
        done.append(part)
        target = read_link("/".join(done))
        if target is None:
            continue
        link, links = target, links + 1
        if links > MAX_LINKS:
            return Astray(
                reason=f"the symlink leads in a circle, or through more than {MAX_LINKS} others", is_outside=False
            )
        done.pop()
        if target.startswith("/"):
            inner = strip_top(target, top) if top else None
            if inner is None:
                return _refuse(link, f"outside the {around}")
            done, target = [], inner
        ahead += _split(target)
    return "/".join(done)


def strip_top(path: str, top: str) -> str | None:
    """Name a path from a directory that it lies in by its name; None where it does not."""
    whole, base = f"{path}/", top.rstrip("/") + "/"
    return whole[len(base) : -1] if whole.startswith(base) else None


def _refuse(link: str, where: str) -> Astray:
    """Say where a path leads, by the last link on the way."""
    says = f"the symlink leads to {quote(link)}, {where}" if link else f"it lies {where}"
    return Astray(reason=says, is_outside=True)


def _split(path: str) -> list[str]:
    """Take a path apart, the last part first."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]
