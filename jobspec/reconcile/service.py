"""The daemon's own HTTP service: `/livez`, `/readyz`, `/metrics` and `/status`.

It answers probes, Prometheus and `jobspec status --live`, so it speaks as much HTTP/1.1 as these need: GET and HEAD,
one request a connection. It shows names of jobs and what is wrong with them, and asks nobody who he is: where that is
no public matter, have it listen on an address that is none.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from jobspec.errors import UsageError
from jobspec.reconcile.logs import logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"

_LONGEST_HEAD = 16 * 1024
_HEAD_SECONDS = 10.0
_MOST_CONNECTIONS = 64
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a path answers."""

    body: bytes
    content_type: str = TEXT
    status: HTTPStatus = HTTPStatus.OK


def answer_probe(problem: str) -> Answer:
    """Answer a probe: well, or what is wrong."""
    status = HTTPStatus.SERVICE_UNAVAILABLE if problem else HTTPStatus.OK
    return Answer(body=f"{problem or 'ok'}\n".encode(), status=status)


@asynccontextmanager
async def serve(address: str, routes: Mapping[str, Callable[[], Awaitable[Answer]]]) -> AsyncIterator[str]:
    """Serve for as long as the context lasts.

    Args:
        address: Host and port, such as `0.0.0.0:8080` or `[::1]:8080`; port 0 is any free one.
        routes: What makes the answer of each path.

    Yields:
        The address that it listens on.

    Raises:
        UsageError: The address cannot be used.
    """
    host, port = parse_address(address)
    turns, connections = asyncio.Semaphore(_MOST_CONNECTIONS), set[asyncio.StreamWriter]()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        try:
            async with turns:
                with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
                    await _converse(reader, writer, routes)
        finally:
            connections.discard(writer)
            writer.close()

    try:
        server = await asyncio.start_server(accept, host, port, limit=_LONGEST_HEAD)
    except (OSError, UnicodeError) as error:  # a name that cannot be one of a host is no text for the resolver
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot serve on `{address}`: {reason}; choose another --http") from error
    chosen = server.sockets[0].getsockname()
    try:
        yield f"[{chosen[0]}]:{chosen[1]}" if ":" in chosen[0] else f"{chosen[0]}:{chosen[1]}"
    finally:
        server.close()  # from Python 3.12 on, waiting for it would wait for everybody who is connected
        for writer in connections:
            writer.transport.abort()


def parse_address(text: str) -> tuple[str, int]:
    """Take an address apart.

    Raises:
        UsageError: It is none.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise UsageError(f"`{text}` is no address to serve on; write HOST:PORT, such as `127.0.0.1:8080`")
    return host.removeprefix("[").removesuffix("]") or "0.0.0.0", int(port)  # noqa: S104  `:8080` asks for it


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, routes: Mapping[str, Callable[[], Awaitable[Answer]]]
) -> None:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
    method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    answer = await _find_answer(method, path, routes)
    lines = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        "Cache-Control: no-store",
        "Connection: close",
        *(("Allow: GET, HEAD",) if answer.status is HTTPStatus.METHOD_NOT_ALLOWED else ()),
    )
    writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    if method != "HEAD":
        writer.write(answer.body)
    await asyncio.wait_for(writer.drain(), _HEAD_SECONDS)


async def _find_answer(method: str, path: str, routes: Mapping[str, Callable[[], Awaitable[Answer]]]) -> Answer:
    if method not in ("GET", "HEAD"):
        return Answer(body=b"only GET and HEAD are served\n", status=HTTPStatus.METHOD_NOT_ALLOWED)
    make = routes.get(path)
    if make is None:
        known = ", ".join(routes)
        return Answer(body=f"there is nothing here; there are {known}\n".encode(), status=HTTPStatus.NOT_FOUND)
    try:
        return await make()
    except Exception:  # noqa: BLE001  a page that fails must not take the daemon with it
        logger.exception("the page %s cannot be made", path)
        return Answer(body=b"this page cannot be made; see the log\n", status=HTTPStatus.INTERNAL_SERVER_ERROR)
