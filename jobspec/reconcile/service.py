"""The daemon's HTTP endpoint: probes, metrics and status. It has no authentication.

It speaks the part of HTTP/1.1 that its clients need, GET and HEAD with one request a connection, and is mostly about
bounds: no client can keep probes from being answered, or take the descriptors that files and Temporal need.

Every new connection is admitted; when that is one too many, the oldest connection of the address that holds the most is
closed. Slots reserved for probes would not help: until its request has arrived a probe looks like any other connection,
and a flood may come from the same address. A probe sends its request at once and is answered within a few turns of the
event loop, long before enough others have connected to make it the oldest.
"""

from __future__ import annotations

import asyncio
import logging
import re
import resource
import socket
import struct
import time
from collections import Counter, defaultdict
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from jobspec.errors import UsageError
from jobspec.reconcile.logs import log, logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"

MOST_CONNECTIONS: Final = 128
FEWEST_CONNECTIONS: Final = 32
"""How many may be open at once where the process may have few descriptors."""

LIFETIME_SECONDS: Final = 20.0
"""How long a connection may take for its request and its answer together."""

_DESCRIPTOR_SHARE: Final = 8
_ACCEPTED_AT_ONCE: Final = 4
"""In one turn of the event loop; few, so that what has connected is read before many others have."""
_WAITING_CONNECTIONS: Final = 1024
"""How many the kernel may keep waiting; where it has to drop one, that client tries again only after a second."""
_LONGEST_HEAD: Final = 16 * 1024
_CHUNK: Final = 64 * 1024
_LOG_SECONDS: Final = 60.0
_HIGHEST_PORT: Final = 65535

_REQUEST_LINE: Final = re.compile(rb"([A-Z]+) ([^ ?]+)(?:\?[^ ]*)? HTTP/1\.[0-9]\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a path answers."""

    body: bytes
    content_type: str = TEXT
    status: HTTPStatus = HTTPStatus.OK


def answer_probe(problem: str) -> Answer:
    """Answer a probe: 200, or 503 with what is wrong."""
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
    connections = _Connections(most=find_bound(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
    pages = _Pages(routes=routes)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.admit(writer.transport)
        try:
            with suppress(
                OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
            ):  # or TimeoutError, an OSError
                async with asyncio.timeout(LIFETIME_SECONDS):
                    await _converse(reader, writer, pages)
        finally:
            connections.release(writer.transport)
            _cut(writer.transport)

    try:
        server = await asyncio.start_server(accept, host, port, limit=_LONGEST_HEAD, backlog=_ACCEPTED_AT_ONCE)
    except (OSError, UnicodeError) as error:  # a name that cannot be one of a host is no text for the resolver
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot serve on `{address}`: {reason}; choose another --http") from error
    for listener in server.sockets:
        _set_up(listener.fileno())
    chosen = server.sockets[0].getsockname()
    try:
        yield f"[{chosen[0]}]:{chosen[1]}" if ":" in chosen[0] else f"{chosen[0]}:{chosen[1]}"
    finally:
        server.close()  # from Python 3.12 on, waiting for it would wait for everybody who is connected
        connections.cut()


def parse_address(text: str) -> tuple[str, int]:
    """Split an address into host and port.

    Raises:
        UsageError: It is not an address.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise UsageError(f"cannot serve on `{text}`: write HOST:PORT, such as `127.0.0.1:8080`")
    return host.removeprefix("[").removesuffix("]") or "0.0.0.0", int(port)  # noqa: S104  `:8080` asks for it


def _set_up(listener: int) -> None:
    """Let more connections wait than asyncio accepts in one turn (`backlog` is both), and the kernel buffer less."""
    with socket.socket(fileno=socket.dup(listener)) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _CHUNK)  # which what it accepts inherits
        same.listen(_WAITING_CONNECTIONS)


def _cut(transport: asyncio.WriteTransport) -> None:
    """Reset a connection unless it is closed, so that the kernel keeps nothing that its client has not read."""
    connection = transport.get_extra_info("socket")
    if connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


def find_bound(descriptors: int) -> int:
    """Say how many connections may be open at once.

    Args:
        descriptors: How many the process may have; files and Temporal need theirs.
    """
    if descriptors == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(FEWEST_CONNECTIONS, min(MOST_CONNECTIONS, descriptors // _DESCRIPTOR_SHARE))


def find_surplus(addresses: Sequence[str], most: int) -> int | None:
    """Say which connection has to go after the last one has come.

    Args:
        addresses: Where each connection comes from, the oldest first.
        most: How many there may be; one address may have half of them.

    Returns:
        Its place in `addresses`; None where all may stay.
    """
    counts, newcomer = Counter(addresses), addresses[-1]
    if counts[newcomer] > most // 2:
        return addresses.index(newcomer)
    if len(addresses) > most:
        return addresses.index(max(counts, key=counts.__getitem__))  # of equals the one that came first
    return None


@dataclass(slots=True)
class _Tally:
    """Counts what may happen a thousand times a second and is logged once a minute."""

    _count: int = 0
    _log_at: float = float("-inf")

    def count(self) -> int:
        """Count one; returns how many have not been logged, when it is time to log, and else 0."""
        self._count += 1
        now = time.monotonic()
        if now < self._log_at:
            return 0
        count, self._count, self._log_at = self._count, 0, now + _LOG_SECONDS
        return count


@dataclass(slots=True, kw_only=True)
class _Connections:
    """All that are open, the oldest first."""

    most: int
    _addresses: dict[asyncio.WriteTransport, str] = field(default_factory=dict)
    _closings: _Tally = field(default_factory=_Tally)

    def admit(self, transport: asyncio.WriteTransport) -> None:
        """Take one in, and close another where that makes too many."""
        self._addresses[transport] = (transport.get_extra_info("peername") or ("",))[0]  # it may have left already
        surplus = find_surplus((*self._addresses.values(),), self.most)
        if surplus is not None:
            oldest = [*self._addresses][surplus]
            self.release(oldest)
            _cut(oldest)
            if count := self._closings.count():
                kept = f"{self.most}, {self.most // 2} from one address"
                log(logging.WARNING, f"too many HTTP connections; keeping {kept}, closing the oldest", closed=count)

    def release(self, transport: asyncio.WriteTransport) -> None:
        """Forget one that has ended."""
        self._addresses.pop(transport, None)

    def cut(self) -> None:
        """Close all of them at once."""
        for transport in self._addresses:
            _cut(transport)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pages:
    """What there is to see."""

    routes: Mapping[str, Callable[[], Awaitable[Answer]]]
    _failures: defaultdict[str, _Tally] = field(default_factory=lambda: defaultdict(_Tally))

    async def find_answer(self, method: str, path: str) -> Answer:
        if method not in ("GET", "HEAD"):
            return Answer(body=b"only GET and HEAD are served\n", status=HTTPStatus.METHOD_NOT_ALLOWED)
        make = self.routes.get(path)
        if make is None:
            known = ", ".join(self.routes)
            return Answer(body=f"not found; there are {known}\n".encode(), status=HTTPStatus.NOT_FOUND)
        try:
            return await make()
        except Exception:  # noqa: BLE001  a page that fails must not end the daemon
            if count := self._failures[path].count():
                logger.exception("cannot make the page %s; failures since last logged: %d", path, count)
            return Answer(body=b"cannot make this page; see the log\n", status=HTTPStatus.INTERNAL_SERVER_ERROR)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pages: _Pages) -> None:
    request = _REQUEST_LINE.match(await reader.readuntil(b"\r\n\r\n"))
    method, path = (part.decode("latin-1") for part in request.groups()) if request else ("", "")
    if request:
        answer = await pages.find_answer(method, path)
    else:
        answer = Answer(body=b"this is not an HTTP/1.1 request\n", status=HTTPStatus.BAD_REQUEST)
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
        for start in range(0, len(answer.body), _CHUNK):  # so a slow reader has little of it for himself
            writer.write(answer.body[start : start + _CHUNK])
            await writer.drain()
    writer.close()
    await writer.wait_closed()
