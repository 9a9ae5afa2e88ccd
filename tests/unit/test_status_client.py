"""Asking a daemon how its jobs stand."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from jobspec.errors import RequestError, UnreachableError, UsageError
from jobspec.reconcile.service import JSON, Answer, serve
from jobspec.reconcile.status_client import fetch_daemon
from jobspec.render.daemon_documents import DaemonDocument
from jobspec.render.status_text import render_daemon
from jobspec.render.tables import Style


def make_document(**parts: Any) -> DaemonDocument:
    fields = {
        "jobspec": "0.1.0",
        "started_at": "2026-03-01T12:00:00Z",
        "project": "shop",
        "namespace": "default",
        "environment": None,
        "commit": "0123456789abcdef",
        "ready": False,
        "problem": "it hurts",
        "settings": {"interval_seconds": 1, "sweep_seconds": 1, "prunes": True, "dry_run": False},
        "watch": {"mode": "scanning", "problem": "no events"},
        "counts": dict.fromkeys(STATES, 0) | {"synced": 1, "held": 1},
        "jobs": (
            {"name": "a", "state": "synced", "reason": "", "source": {"file": "specs/a.yaml", "line": 3}},
            {"name": "b\x1b[31m", "state": "held", "reason": "it is another's", "source": None},
        ),
        "refusals": (),
        "diagnostics": (),
        "cycles": (),
    }
    return DaemonDocument.model_validate(fields | parts)


STATES = ("synced", "drifted", "held", "invalid", "failed", "retired", "contended", "completed")


async def test_a_daemon_is_asked_and_shown() -> None:
    document = make_document()
    later = json.loads(document.to_json()) | {"brand_new": 1}

    async def status() -> Answer:
        return Answer(body=json.dumps(later).encode(), content_type=JSON)

    async with serve("127.0.0.1:0", {"/status": status}) as address:
        for written in (address, f"http://{address}", f"http://{address}/", f"http://{address}/status"):
            assert await asyncio.to_thread(fetch_daemon, written) == document

    assert render_daemon(document, Style()).splitlines() == [
        "JOB          STATE   WHERE           WHY",
        "b\\u001b[31m  held    -               it is another's",
        "a            synced  specs/a.yaml:3  -",
        "1 held, 1 synced; project shop at 0123456789ab in default",
        "files: no events",
        "not ready: it hurts",
    ]


async def test_what_is_no_daemon_is_told_apart() -> None:
    async def other() -> Answer:
        return Answer(body=b"{}", content_type=JSON)

    async with serve("127.0.0.1:0", {"/other/status": other}) as address:
        with pytest.raises(RequestError, match="answers 404"):
            await asyncio.to_thread(fetch_daemon, address)
        with pytest.raises(RequestError, match="is no daemon of jobspec"):
            await asyncio.to_thread(fetch_daemon, f"{address}/other")
    with pytest.raises(UnreachableError, match="no daemon answers"):
        await asyncio.to_thread(fetch_daemon, address)


@pytest.mark.parametrize(
    "wrong", ["", "ftp://x", "http://", "http://:80", "localhost:abc", "localhost:80 80", "[::1", "a..b:1"]
)
def test_what_is_no_address_of_a_daemon_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="write it as"):
        fetch_daemon(wrong)


async def test_what_speaks_no_http_is_told_apart() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 ready\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        with pytest.raises(RequestError, match="speaks no HTTP"):
            await asyncio.to_thread(fetch_daemon, f"127.0.0.1:{server.sockets[0].getsockname()[1]}")


async def test_a_daemon_of_another_version_is_told_apart() -> None:
    later = json.loads(make_document().to_json()) | {"version": 2, "jobspec": "9.0"}

    async def status() -> Answer:
        return Answer(body=json.dumps(later).encode(), content_type=JSON)

    async with serve("127.0.0.1:0", {"/status": status}) as address:
        with pytest.raises(RequestError, match=r"is of jobspec 9\.0, which .* does not understand"):
            await asyncio.to_thread(fetch_daemon, address)
