"""The program that becomes the dev server, and leaves a guard beside it that ends the server once jobspec is gone.

It is run as a file, by an interpreter without site packages: nothing but the standard library, nothing of jobspec.

The guard reads a pipe whose other end jobspec alone holds, so it notices every end of jobspec: `kill -9`, a crash, a
machine out of memory. A death signal (`PR_SET_PDEATHSIG`) would not do: Linux sends it when the *thread* ends that
started the server, which is one of the SDK's, and other systems have none.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path

PATIENCE = 10.0
"""Seconds that the server may take to close its database before it is killed; measured: 1.2."""

ENDING = "ending"
"""What the lock file says behind the server's process id while the guard ends the server."""


def main(lock: str, descriptors: tuple[int, int], command: list[str]) -> None:
    """Become the server, with a guard beside it.

    Args:
        lock: The file that names the process.
        descriptors: Of the lock, which the server holds on to, and of the pipe that the guard reads.
        command: The server's program and its arguments.
    """
    locked, lifeline = descriptors
    # Ctrl-C goes to the whole group of a terminal. The server must outlive it, until the workers have reported what
    # their activities did.
    os.setpgid(0, 0)
    server = os.getpid()
    Path(lock).write_text(str(server), encoding="ascii")
    alive, servers = os.pipe()
    if os.fork() == 0:
        os.close(locked)
        os.close(servers)
        _guard(server, Path(lock), lifeline, alive)
        os._exit(0)
    os.close(lifeline)
    os.close(alive)
    os.set_inheritable(servers, True)
    os.execv(command[0], command)  # noqa: S606  the SDK's own arguments


def _guard(server: int, lock: Path, lifeline: int, alive: int) -> None:
    """Wait until jobspec or the server is gone, and end the server if it is left.

    The server holds the other end of `alive`, so as long as that is open the process id is still the server's.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if alive in select.select([lifeline, alive], [], [])[0]:
        return
    with suppress(OSError):
        lock.write_text(f"{server} {ENDING}", encoding="ascii")
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(server, number)
        if select.select([alive], [], [], PATIENCE)[0]:
            return


if __name__ == "__main__":
    main(sys.argv[1], (int(sys.argv[2]), int(sys.argv[3])), sys.argv[4:])
