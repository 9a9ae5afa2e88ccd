"""The daemon's HTTP service."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from jobspec.errors import UsageError
from jobspec.reconcile.service import Answer, answer_probe, parse_address, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def pages() -> AsyncIterator[str]:
    async def well() -> Answer:
        return answer_probe("")

    async def ill() -> Answer:
        return answer_probe("it hurts")

    async def broken() -> Answer:
        raise RuntimeError("a bug")

    async def large() -> Answer:
        return Answer(body=LARGE)

    every = {"/livez": well, "/readyz": ill, "/large": large, "/broken": broken}
    async with serve("127.0.0.1:0", every) as address:
        yield address


LARGE = bytes(range(64, 128)) * 65_536


async def talk(address: str, text: bytes) -> tuple[str, dict[str, str], str]:
    """Send a request as it is; returns the first line, the headers and the body."""
    host, port = parse_address(address)
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(text)
    answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines), body


async def test_probes_answer_well_or_with_what_is_wrong() -> None:
    async with pages() as address:
        well = await talk(address, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        ill = await talk(address, b"GET /readyz?verbose HTTP/1.0\r\n\r\n")
    assert (well[0], well[2], well[1]["Content-Length"]) == ("HTTP/1.1 200 OK", "ok\n", "3")
    assert (ill[0], ill[2]) == ("HTTP/1.1 503 Service Unavailable", "it hurts\n")


async def test_only_the_head_is_given_where_that_is_asked_for() -> None:
    async with pages() as address:
        small = await talk(address, b"HEAD /livez HTTP/1.1\r\n\r\n")
        large = await talk(address, b"HEAD /large HTTP/1.1\r\n\r\n")
    assert (small[0], small[1]["Content-Length"], small[2]) == ("HTTP/1.1 200 OK", "3", "")
    assert (large[0], large[1]["Content-Length"], large[2]) == ("HTTP/1.1 200 OK", "4194304", "")


async def test_a_large_answer_arrives_whole(caplog: pytest.LogCaptureFixture) -> None:
    async with pages() as address:
        _, headers, body = await talk(address, b"GET /large HTTP/1.1\r\n\r\n")
        await talk(address, b"GET /livez HTTP/1.1\r\n\r\n")
    assert (headers["Content-Length"], body.encode()) == ("4194304", LARGE)
    assert not caplog.records


@pytest.mark.parametrize("path", ["/livez", "/large", "/broken", "/nothing"])
async def test_every_answer_is_the_last_of_its_connection_and_kept_by_no_cache(path: str) -> None:
    async with pages() as address:
        _, headers, _ = await talk(address, f"GET {path} HTTP/1.1\r\n\r\n".encode())
    assert (headers["Connection"], headers["Cache-Control"]) == ("close", "no-store")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /nothing HTTP/1.1", "404 Not Found"),
        (b"POST /livez HTTP/1.1", "405 Method Not Allowed"),
        (b"\x16\x03\x01 what", "400 Bad Request"),
        (b"GET /livez", "400 Bad Request"),
        (b"GET /livez HTTP/2.0", "400 Bad Request"),
        (b"GET /broken HTTP/1.1", "500 Internal Server Error"),
    ],
)
async def test_what_cannot_be_answered_is_refused(request_line: bytes, status: str) -> None:
    async with pages() as address:
        first, _, _ = await talk(address, request_line + b"\r\n\r\n")
        assert first == f"HTTP/1.1 {status}"
        assert (await talk(address, b"GET /livez HTTP/1.1\r\n\r\n"))[2] == "ok\n"


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), (":80", ("0.0.0.0", 80)), ("[::1]:0", ("::1", 0))],  # noqa: S104
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["8080", "localhost", "localhost:http", "localhost:99999", "localhost:"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write HOST:PORT"):
        parse_address(text)


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "nowhere.invalid"])
async def test_a_host_that_cannot_be_one_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="choose another --http"):
        async with serve(f"{host}:0", {}):
            pass


async def test_an_address_that_is_taken_is_refused() -> None:
    async with pages() as address:
        with pytest.raises(UsageError, match="choose another --http"):
            async with serve(address, {}):
                pass
