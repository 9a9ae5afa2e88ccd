"""A connected client, from Temporal's own configuration and the command line.

Profiles in `temporal.toml`, `TEMPORAL_*` variables, TLS and API keys are the SDK's
(`temporalio.envconfig`); nothing of that is invented anew. Flags outweigh
variables, and those outweigh the file.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import Runtime, TelemetryConfig

from jobspec.errors import UnreachableError, UsageError
from jobspec.temporal.requests import Requests

if TYPE_CHECKING:
    from temporalio.converter import DataConverter

DEFAULT_ADDRESS: Final = "localhost:7233"
DEFAULT_NAMESPACE: Final = "default"

CONNECT_DEADLINE: Final = timedelta(seconds=10)
"""For connecting, TLS and the first answer; the SDK alone waits 30 s for an answer and for ever for a TLS greeting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to connect.

    Attributes:
        address: Host and port.
        namespace: The namespace.
        config: Everything, as `Client.connect` takes it; not shown, for it may hold an API key.
    """

    address: str
    namespace: str
    config: ClientConnectConfig = field(repr=False)


@cache
def quiet_runtime() -> Runtime:
    """Make the process's one SDK runtime; its core would log to stdout, which belongs to data."""
    return Runtime(telemetry=TelemetryConfig(logging=None))


def resolve_settings(*, profile: str | None, address: str | None, namespace: str | None) -> Settings:
    """Work out how to connect, without connecting.

    Args:
        profile: Of Temporal's configuration file; default: `TEMPORAL_PROFILE`, or `default`.
        address: Host and port; default: as configured, or `localhost:7233`.
        namespace: Default: as configured, or `default`.

    Raises:
        UsageError: The configuration cannot be read, lacks the profile, or names no usable address.
    """
    config = _load(profile)
    config["target_host"] = address or config.get("target_host") or DEFAULT_ADDRESS
    config["namespace"] = namespace or config.get("namespace") or DEFAULT_NAMESPACE
    _check_address(config["target_host"])
    return Settings(address=config["target_host"], namespace=config["namespace"], config=config)


def resolved_namespace(*, profile: str | None, namespace: str | None) -> str:
    """Say which namespace a connection would use, without connecting.

    Raises:
        UsageError: The configuration cannot be read or lacks the profile.
    """
    return namespace or _load(profile).get("namespace") or DEFAULT_NAMESPACE


def _load(profile: str | None) -> ClientConnectConfig:
    try:
        return ClientConfig.load_client_connect_config(profile)
    except (RuntimeError, OSError, ValueError) as error:
        # The SDK's ConfigError is a RuntimeError that only its private module names; files of keys raise OSError. Both
        # quote what stands in the file, which may be a key, so neither is the cause of what is raised here.
        where = os.environ.get("TEMPORAL_CONFIG_FILE") or "temporal.toml in Temporal's configuration directory"
        named = profile or os.environ.get("TEMPORAL_PROFILE") or "default"
        problem = _say_unreadable(error) if isinstance(error, OSError) else _say_mistake(str(error), where)
    raise UsageError(f"cannot use the Temporal profile `{named}` of {where}: {problem}")


def _say_unreadable(error: OSError) -> str:
    """Say which file of a key or certificate cannot be read, by the setting that names it."""
    variables = [name for name, value in os.environ.items() if name.startswith("TEMPORAL_") and value == error.filename]
    setting = f"`{variables[0]}`" if variables else "the `tls` part of the profile"
    return f"{setting} names a file that cannot be read: {(error.strerror or 'it is no file').lower()}"


def _say_mistake(words: str, where: str) -> str:
    """Say what the SDK has against a configuration, with its place, and none of the text that stands there."""
    place = _PLACE.search(words)
    if place is None:
        return next(
            (said for sign, said in _MISTAKES if sign in words),
            "the file cannot be read, or a value in it is not allowed",
        )
    kind = next((said for sign, said in _TOML_MISTAKES if sign in words[place.end() :]), "it is not valid TOML")
    return f"{kind} ({where}:{place[1]}:{place[2]})"


_PLACE: Final = re.compile(r"TOML parse error at line (\d+), column (\d+)")
_TOML_MISTAKES: Final = (
    ("\ninvalid type", "a value has the wrong type"),
    ("\nduplicate key", "a key is there twice"),
    ("string, expected", "a quoted text is not closed"),
    ("\nkey with no value", "a line is no `key = value`"),
)
"""How the SDK's TOML parser says what is wrong, below the line that it quotes."""
_MISTAKES: Final = (
    ("not found", "there is no such profile"),
    ("Cannot specify both", "a certificate or key is given both as a path and as data"),
)


def _check_address(address: str) -> None:
    host, colon, port = address.rpartition(":")
    if "://" in address or not (host and colon and port.isdecimal()):
        raise UsageError(f"the address `{address}` must be HOST:PORT, such as `{DEFAULT_ADDRESS}`")


async def connect(
    *,
    profile: str | None = None,
    address: str | None = None,
    namespace: str | None = None,
    data_converter: DataConverter,
    deadline: timedelta = CONNECT_DEADLINE,
) -> Client:
    """Connect to Temporal.

    That the namespace exists is not checked: `check_namespace` does.

    Args:
        profile: See `resolve_settings`.
        address: See `resolve_settings`.
        namespace: See `resolve_settings`.
        data_converter: The project's.
        deadline: For all of it.

    Raises:
        UsageError: The configuration is wrong.
        UnreachableError: The server cannot be reached or does not answer in time.
    """
    settings = resolve_settings(profile=profile, address=address, namespace=namespace)
    connecting = Client.connect(
        **settings.config, data_converter=data_converter, runtime=quiet_runtime(), connect_timeout=deadline
    )
    advice = "check that it runs, the address, and TLS and API key of the profile"
    try:
        # The SDK has no deadline for this; the command ends the process without waiting for what is cancelled here.
        return await asyncio.wait_for(connecting, deadline.total_seconds())
    except TimeoutError as error:
        seconds = f"{deadline.total_seconds():g}s"
        raise UnreachableError(f"Temporal at {settings.address} gave no answer within {seconds}; {advice}") from error
    except (RuntimeError, ValueError) as error:
        raise UnreachableError(f"cannot reach Temporal at {settings.address}; {advice}: {error}") from error


async def check_namespace(client: Client, requests: Requests | None = None) -> str:
    """Check that the client's namespace exists, which connecting does not.

    Returns:
        Its id, which decides how the server spreads jittered run times.

    Raises:
        NamespaceNotFoundError: The server has no such namespace.
    """
    request = DescribeNamespaceRequest(namespace=client.namespace)
    what = f"use the namespace `{client.namespace}`"
    answer = await (requests or Requests()).send(client.workflow_service.describe_namespace, request, what=what)
    return answer.namespace_info.id
