"""The faults, each as a function that brings it about and returns when everything is well again."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dev_servers import eventually, run_server
from faults.processes import DaemonProcess, daemon_of, lasting_server
from faults.world import World, check
from projects import take_snapshot
from proxies import Proxy
from temporalio.api.workflowservice.v1 import DescribeScheduleRequest
from temporalio.service import RPCError, RPCStatusCode

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Awaitable, Callable

    from dev_servers import Server
    from temporalio.client import Client

LIMITS = {"frontend.namespaceRPS": "60", "frontend.namespaceBurstRatio": "1.0"}
"""What a server answers `RESOURCE_EXHAUSTED` to: more than sixty requests a second."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where a fault happens.

    Attributes:
        server: A server that stays; faults of the server start their own.
        directory: An empty one.
        size: How many jobs there are.
        rounds: How often a fault that leaves its world as it was is repeated in it.
        rng: Chooses the moments.
    """

    server: Server
    directory: Path
    size: int
    rounds: int
    rng: random.Random

    async def make_world(self, client: Client | None = None, name: str = "shop", beside: World | None = None) -> World:
        """Make a project, in a fresh namespace where there is none yet."""
        directory = Path(tempfile.mkdtemp(dir=self.directory))
        client = client or self.server.client(await self.server.make_namespace())
        return await World.make(directory, client, size=self.size, name=name, beside=beside)


@asynccontextmanager
async def _proxy_to(world: World) -> AsyncIterator[Proxy]:
    proxy = Proxy(world.project.client.service_client.config.target_host)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()


async def server_absent_at_start(stage: Stage) -> None:
    """Start the daemon while nobody listens, and let the server come later."""
    world = await stage.make_world()
    world.turn()
    async with _proxy_to(world) as proxy:
        await proxy.close()
        async with daemon_of(world, f"127.0.0.1:{proxy.port}") as daemon:
            await daemon.until_serving()

            async def is_waiting() -> None:
                assert "cannot reach Temporal" in (await daemon.ask())["problem"]

            await eventually(is_waiting, within=60)
            await proxy.open()
            await daemon.until_converged()


async def server_slow(stage: Stage) -> None:
    """Delay all that is sent in either direction."""
    world = await stage.make_world()
    world.turn()
    async with _proxy_to(world) as proxy:
        proxy.delay = 0.1
        async with daemon_of(world, f"127.0.0.1:{proxy.port}") as daemon:
            await daemon.until_converged()


async def connections_cut(stage: Stage) -> None:
    """Cut and reset connections while the daemon writes, some right before an answer arrives."""
    world = await stage.make_world()
    world.turn()
    async with _proxy_to(world) as proxy, daemon_of(world, f"127.0.0.1:{proxy.port}") as daemon:
        for number in range(9):
            await daemon.until_changes(number * stage.size // 12)
            match number % 3:
                case 0:
                    proxy.reset()
                case 1:
                    proxy.cut()
                case 2:
                    proxy.cuts_next_answer = True
        await daemon.until_converged()


async def server_killed(stage: Stage) -> None:
    """Kill the server with -9 while the daemon writes, and start it again with what it has on disk."""
    async with lasting_server(stage.server.backend, stage.directory) as server:
        world = await stage.make_world(await server.connect())
        world.turn()
        async with daemon_of(world) as daemon:
            await daemon.until_changes(stage.rng.randrange(1, stage.size * 3 // 4))
            await server.kill()
            await asyncio.sleep(stage.rng.uniform(0, 1))
            await server.start()
            await daemon.until_converged()


async def server_exhausted(stage: Stage) -> None:
    """Let the server refuse most of what would be asked of it at once."""
    server = await run_server(stage.server.backend, LIMITS)
    try:
        client = server.client(await server.make_namespace())
        world = await stage.make_world(client)
        world.turn()
        assert await _is_limited(client)
        async with daemon_of(world) as daemon:
            await daemon.until_converged()
    finally:
        await server.environment.shutdown()


async def _is_limited(client: Client) -> bool:
    """Whether a burst as big as the daemon's is refused in part."""
    request = DescribeScheduleRequest(namespace=client.namespace, schedule_id="nothing")
    answers = await asyncio.gather(
        *(client.workflow_service.describe_schedule(request) for _ in range(100)), return_exceptions=True
    )
    return any(isinstance(a, RPCError) and a.status is RPCStatusCode.RESOURCE_EXHAUSTED for a in answers)


async def daemon_killed(stage: Stage) -> None:
    """Kill the daemon with -9 at random moments of changing all jobs, as many times as there are rounds."""
    world = await stage.make_world()
    world.turn()
    daemon = await DaemonProcess.start(world)
    try:
        for number in range(stage.rounds):
            if number:
                await world.lose(stage.size // 3, stage.rng)
                world.turn()
            moment = stage.rng.randrange(stage.size)
            await daemon.until_changes(daemon.count_changes() + moment)
            await daemon.kill()
            await world.pause(await _choose_live(world, stage.rng))
            daemon = await DaemonProcess.start(world)
            await daemon.until_converged()
    finally:
        await daemon.kill()


async def _choose_live(world: World, rng: random.Random) -> list[str]:
    """Choose some running schedules that an operator pauses while no daemon runs."""
    names = sorted(world.desired.keys() - world.pauses.keys())
    return [
        name for name in rng.sample(names, 3) if len(world.pauses) < len(names) and await world.project.exists(name)
    ]


async def two_daemons(stage: Stage) -> None:
    """Run two daemons of one project at once, and change its files under both."""
    world = await stage.make_world()
    world.turn()
    async with daemon_of(world) as first, daemon_of(world) as second:
        for daemon in (first, second):
            await daemon.until_converged()
        world.turn()
        for daemon in (first, second):
            await daemon.until_converged()


async def two_projects(stage: Stage) -> None:
    """Run two projects in one namespace, and change one while the other stands still."""
    shop = await stage.make_world()
    store = await stage.make_world(shop.project.client, "store", shop)
    for world in (shop, store):
        world.turn()
    async with daemon_of(shop) as first, daemon_of(store) as second:
        await first.until_converged(shop, store)
        await second.until_converged(shop, store)
        before = {name: await take_snapshot(store.project.client, name) for name in (*store.desired, *store.retired)}
        shop.turn()
        await first.until_converged(shop, store)
        assert before == {name: await take_snapshot(store.project.client, name) for name in before}
    await check(shop, store)


FAULTS: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "server absent at the start": server_absent_at_start,
    "server slow": server_slow,
    "connections cut and reset": connections_cut,
    "server killed while written to": server_killed,
    "server answers RESOURCE_EXHAUSTED": server_exhausted,
    "two daemons of one project": two_daemons,
    "two projects in one namespace": two_projects,
    "daemon killed while it writes": daemon_killed,
}
