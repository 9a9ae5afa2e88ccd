"""A daemon's HTTP endpoint in a process of its own, with 10,000 jobs to show; `serving.py` starts it.

`python endpoint.py ours` serves what the daemon serves, without a project or Temporal behind it; `python endpoint.py
bare` answers with the same bytes as cheaply as asyncio can. Either prints where it listens.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.cli.commands.reconcile import make_routes
from jobspec.reconcile.daemon import Daemon
from jobspec.reconcile.job_states import Picture, Standing, State
from jobspec.reconcile.service import serve
from jobspec.reconcile.settings import DaemonSettings

if TYPE_CHECKING:
    from temporalio.client import Client

JOBS = 10_000


def make_daemon() -> Daemon:
    """Make a daemon that has found all its jobs held, does nothing more, and is taken to be well."""
    daemon = Daemon(Path.cwd(), DaemonSettings(), roots=(), connect=_refuse, version="0")
    daemon.health.answered_at = daemon.health.watch_alive_at = lambda: float("inf")
    reason = "a schedule of this name exists that jobspec did not make; `jobspec adopt NAME` takes it over"
    names = [f"team-{number % 100:02}-orders-sync-{number:05}" for number in range(JOBS)]
    held = {name: Standing(name=name, state=State.HELD, reason=reason) for name in names}
    daemon.status.picture = Picture(unusual=held)
    return daemon


async def _refuse() -> Client:
    raise RuntimeError("nothing is kept here")


async def _serve_bare() -> None:
    answers = {path: (await make()).body for path, make in make_routes(make_daemon()).items()}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = answers[head.split()[1].decode()]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        print(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


async def _serve_ours() -> None:
    async with serve("127.0.0.1:0", make_routes(make_daemon())) as address:
        print(address, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run({"ours": _serve_ours, "bare": _serve_bare}[sys.argv[1]]())
