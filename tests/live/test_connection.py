"""Connecting: where the settings come from, and what is said when it does not work."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import NamespaceNotFoundError, UnreachableError, UsageError
from jobspec.temporal.connection import check_namespace, connect, resolve_settings, resolved_namespace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dev_servers import Server

PROFILES = """
[profile.default]
address = "default.example:7233"
namespace = "from-default"
[profile.staging]
address = "staging.example:7233"
namespace = "from-staging"
[profile.bare]
[profile.secret]
api_key = "not-to-be-shown"
"""


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE", "TEMPORAL_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "temporal.toml"))


@pytest.fixture
def configure(tmp_path: Path) -> Callable[[str], None]:
    def write(text: str) -> None:
        (tmp_path / "temporal.toml").write_text(text)

    return write


def test_without_settings_it_is_the_local_server() -> None:
    settings = resolve_settings(profile=None, address=None, namespace=None)
    assert (settings.address, settings.namespace) == ("localhost:7233", "default")
    assert resolved_namespace(profile=None, namespace=None) == "default"


def test_flags_outweigh_variables_and_those_the_file(
    configure: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(PROFILES)
    assert resolved_namespace(profile=None, namespace=None) == "from-default"
    assert resolved_namespace(profile="staging", namespace=None) == "from-staging"
    assert resolved_namespace(profile="bare", namespace=None) == "default"
    monkeypatch.setenv("TEMPORAL_PROFILE", "staging")
    assert resolve_settings(profile=None, address=None, namespace=None).address == "staging.example:7233"
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "from-variable")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "variable.example:1")
    settings = resolve_settings(profile="default", address=None, namespace=None)
    assert (settings.address, settings.namespace) == ("variable.example:1", "from-variable")
    settings = resolve_settings(profile="default", address="flag.example:2", namespace="from-flag")
    assert (settings.address, settings.namespace) == ("flag.example:2", "from-flag")


def test_an_api_key_means_tls_and_is_not_shown(configure: Callable[[str], None]) -> None:
    configure(PROFILES)
    settings = resolve_settings(profile="secret", address=None, namespace=None)
    assert settings.config["tls"] is True
    assert "not-to-be-shown" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "profile", "words"),
    [
        ("[profile\n", None, "temporal.toml:1:9"),
        (PROFILES, "nope", "`nope`"),
        ("[profile.default.tls]\nclient_cert_path = '/nowhere/cert.pem'\n", None, "`tls` part"),
    ],
)
def test_broken_configuration_names_file_and_profile(
    configure: Callable[[str], None], text: str, profile: str | None, words: str
) -> None:
    configure(text)
    with pytest.raises(UsageError) as caught:
        resolve_settings(profile=profile, address=None, namespace=None)
    assert words in str(caught.value)
    assert "/nowhere" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "temporal.toml" in str(caught.value)
    assert f"`{profile or 'default'}`" in str(caught.value)


@pytest.mark.parametrize("address", ["localhost", "http://localhost:7233", ":7233", "localhost:port", " "])
def test_an_address_is_host_and_port(address: str) -> None:
    with pytest.raises(UsageError, match="HOST:PORT"):
        resolve_settings(profile=None, address=address, namespace=None)


async def test_connecting_and_finding_the_namespace(server: Server, namespace: str) -> None:
    client = await connect(address=server.address, namespace=namespace, data_converter=pydantic_data_converter)
    assert client.namespace == namespace
    assert client.data_converter is pydantic_data_converter
    uuid.UUID(await check_namespace(client))


async def test_a_namespace_that_is_not_there_is_named(server: Server) -> None:
    client = await connect(address=server.address, namespace="nowhere", data_converter=pydantic_data_converter)
    with pytest.raises(NamespaceNotFoundError, match="`nowhere`"):
        await check_namespace(client)


async def test_a_closed_port_is_unreachable() -> None:
    listener = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}") as caught:
        await connect(address=f"127.0.0.1:{port}", data_converter=pydantic_data_converter)
    assert caught.value.__cause__ is not None


async def test_a_host_without_a_name_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match=r"nowhere\.invalid:7233"):
        await connect(address="nowhere.invalid:7233", data_converter=pydantic_data_converter)


SILENT = """
import asyncio, os, socket, sys
from datetime import timedelta
from temporalio.contrib.pydantic import pydantic_data_converter
from jobspec.errors import UnreachableError
from jobspec.temporal.connection import connect

async def main():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        try:
            await connect(address=address, data_converter=pydantic_data_converter, deadline=timedelta(seconds=1))
        except UnreachableError as error:
            print(error, flush=True)

asyncio.run(main())
os._exit(0)
"""


@pytest.mark.parametrize("api_key", ["", "with-tls"])
def test_a_server_that_accepts_and_never_answers_is_given_up(api_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if api_key:
        monkeypatch.setenv("TEMPORAL_API_KEY", api_key)
    begun = time.monotonic()
    # A process of its own: what is given up there is still in flight, and would outlive this test's event loop.
    ended = subprocess.run([sys.executable, "-c", SILENT], capture_output=True, text=True, timeout=30, check=True)
    assert time.monotonic() - begun < 15
    assert "gave no answer within 1s" in ended.stdout
