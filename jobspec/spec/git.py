"""git, asked what a commit holds. Nothing is checked out, so neither hooks nor filters of a repository run.

What is checked out may be a stranger's. git's settings can name programs, and it also takes a directory with `HEAD`,
`config`, `objects` and `refs` in it for a repository, which anybody can commit. So git is only asked where a `.git`
stands, which nobody can.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from jobspec.errors import UsageError
from jobspec.spec.positions import escape, quote

_ELSEWHERE = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"})
"""Variables that lead git away from where it is asked. In a hook git sets them itself, without the working tree."""

_OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
"""Keep git from fetching what a partial clone lacks; before version 2.44 it knows only the second."""

_NO_GIT = "git is needed to read a commit, and is not installed"

_FETCH_ALL = "fetch the whole history, with `git fetch --unshallow` or `fetch-depth: 0` of actions/checkout"


def find_top(directory: Path) -> str:
    """Find the top of the working tree that a directory lies in.

    Raises:
        UsageError: There is no git, or no repository that it may read.
    """
    return os.fsdecode(run_git(directory, "rev-parse", "--show-toplevel")).rstrip("\n")


def find_commit(directory: Path, ref: str) -> str:
    """Find the hash of a commit.

    Args:
        directory: A directory in the working tree of the repository.
        ref: The commit, in any way that git can name one.

    Raises:
        UsageError: There is no git, no repository, or no such commit.
    """
    if ref.startswith("-"):
        raise UsageError(f"{quote(ref)} is no name of a commit")
    found = _look_up(directory, ref)
    if found is not None:
        return found
    remote = f"origin/{ref}"
    if _look_up(directory, remote) is not None:
        raise UsageError(f"there is no commit {quote(ref)} here; did you mean {quote(remote)}?")
    hint = _FETCH_ALL if _is_shallow(directory) else "fetch it, or name another"
    raise UsageError(f"there is no commit {quote(ref)} here; {hint}")


def find_merge_base(directory: Path, ref: str) -> str:
    """Find the commit at which the checked out history left another one, as a code review compares them.

    Args:
        directory: A directory in the working tree of the repository.
        ref: A commit of the other history.

    Raises:
        UsageError: There is none, or see `find_commit`.
    """
    other, head = find_commit(directory, ref), find_commit(directory, "HEAD")
    done = _start_git(directory, "merge-base", other, head)
    if done.returncode == 0:
        return os.fsdecode(done.stdout).split()[0]
    hint = _FETCH_ALL if _is_shallow(directory) else "compare with a commit that it began from"
    raise UsageError(f"what is checked out and {quote(ref)} have no commit in common; {hint}")


def run_git(directory: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run git and return what it prints.

    Raises:
        UsageError: It is not installed, or failed.
    """
    done = _start_git(directory, *arguments, stdin=stdin)
    if done.returncode == 0:
        return done.stdout
    raise _explain(done.stderr, arguments[-1])


def _look_up(directory: Path, ref: str) -> str | None:
    """Find the hash of a commit; None where there is no such commit."""
    arguments = ("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    done = _start_git(directory, *arguments)
    if done.returncode > 1:  # 1 is the answer that there is none
        raise _explain(done.stderr, ref)
    found = os.fsdecode(done.stdout).split()
    return found[0] if len(found) == 1 and not found[0].startswith("^") else None  # more, or that, is a range


def _is_shallow(directory: Path) -> bool:
    return run_git(directory, "rev-parse", "--is-shallow-repository").strip() == b"true"


def _start_git(directory: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = _make_command(directory, *arguments)
    try:
        return subprocess.run(command, input=stdin, capture_output=True, check=False, env=_make_variables())  # noqa: S603 - arguments, no shell
    except FileNotFoundError as error:
        raise UsageError(_NO_GIT) from error


def _make_command(directory: Path, *arguments: str) -> list[str]:
    return ["git", "-C", _find_repository(directory), "-c", "safe.bareRepository=explicit", *arguments]


def _make_variables() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    return {**inherited, **_OFFLINE, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}  # its messages are read


class BlobReader:
    """One git process that hands out blobs one after the other, started when the first is asked for.

    Args:
        directory: A directory in the working tree of the repository.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._git: subprocess.Popen[bytes] | None = None

    def read(self, name: str) -> bytes:
        """Read the blob with a hash.

        Raises:
            UsageError: git is not installed, or has no such blob here.
        """
        git = self._git = self._git or self._start()
        stdin, stdout = cast("IO[bytes]", git.stdin), cast("IO[bytes]", git.stdout)
        with suppress(BrokenPipeError):  # it has ended, and says why
            stdin.write(f"{name}\n".encode())
            stdin.flush()
        header = stdout.readline().decode()
        _, _, size = header.partition(" blob ")
        if size:
            return stdout.read(int(size) + 1)[:-1]  # a newline follows the content
        stderr = self.close()
        if header:
            raise UsageError(f"git has no object {name}; fetch the whole history of the commit")
        raise _explain(stderr, name)

    def close(self) -> bytes:
        """End the process, if there is one; what it wrote to stderr."""
        git, self._git = self._git, None
        return git.communicate()[1] if git else b""

    def _start(self) -> subprocess.Popen[bytes]:
        command = _make_command(self._directory, "cat-file", "--batch")
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=_make_variables())  # noqa: S603 - arguments, no shell
        except FileNotFoundError as error:
            raise UsageError(_NO_GIT) from error


def find_work_tree(directory: Path) -> Path | None:
    """Find the nearest directory above in which a `.git` stands, links followed; None where there is none."""
    here = Path(os.path.realpath(directory))
    # Unlike the methods of Path, this raises nothing where it is not permitted to look.
    return next((each for each in (here, *here.parents) if os.path.lexists(each / ".git")), None)


def _find_repository(directory: Path) -> str:
    found = find_work_tree(directory)
    if found is None:
        raise UsageError(f"{quote(str(directory))} is not in a git repository, so there is no commit to read")
    return str(found)


def _explain(stderr: bytes, what: str) -> UsageError:
    said = stderr.decode("utf-8", "replace").strip().split("\n")
    if "dubious ownership" in said[0]:
        command = escape(said[-1].strip())
        return UsageError(f"git does not read a repository of somebody else; if you trust it, run `{command}`")
    if any("promisor" in line or "lazy fetching" in line for line in said):
        return UsageError(
            "this partial clone lacks files of the commit, and jobspec fetches none; clone without --filter"
        )
    return UsageError(f"git cannot read {quote(what)}: {escape(said[-1]) or 'it does not say why'}")
